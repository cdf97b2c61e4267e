"""How far steps are and how long they will take, by what such steps took before. Time is an argument."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconciler.executor.run import WORKERS
from reconciler.model.address import Address
from reconciler.model.plan import Step

Typical = Mapping[tuple[str, str], float]
"""Seconds that an action on a resource type took, by (type, action)."""

_ALMOST = 0.9  # how far a step can be that has not ended, whatever it took before


def usual_seconds(step: Step, typical: Typical) -> float:
    """0 where nothing is known of such steps."""
    return typical.get((step.address.type, step.action.value), 0.0)


def seconds_left(
    steps: Sequence[Step], typical: Typical, ended: Collection[Address], running: Mapping[Address, float]
) -> float:
    """Seconds until all have ended: of the longest chain that wait for one another, or of all side by side.

    `running`: seconds since each that is under way began. What nothing is known of counts as nothing.
    """
    ends: dict[Address, float] = {}
    total = 0.0
    for step in steps:
        usual = 0.0 if step.address in ended else usual_seconds(step, typical)
        own = max(0.0, usual - running.get(step.address, 0.0))
        ends[step.address] = own + max((ends.get(need, 0.0) for need in step.requires), default=0.0)
        total += own
    return max(total / WORKERS, *ends.values(), 0.0)


def steps_done(
    steps: Sequence[Step], typical: Typical, ended: Collection[Address], running: Mapping[Address, float]
) -> float:
    """How many steps are done, those under way by the part of their usual time that has passed."""
    usual = {step.address: usual_seconds(step, typical) for step in steps if step.address in running}
    parts = (min(_ALMOST, running[a] / seconds) for a, seconds in usual.items() if seconds)
    return len(ended) + sum(parts)

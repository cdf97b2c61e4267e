"""Whether a machine may be interrupted for a change: decided here, once, by what the calls really do.

A driver lowers and says of each call what it does to a running machine. The catalog's `needs_stop` is no
more than an upper bound: where a machine takes a change while it runs, nobody has to allow anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from reconciler.errors import PlanError
from reconciler.model.catalog import Family
from reconciler.model.diff import AttributeChange, Diff, PartAction
from reconciler.model.plan import Action, BlockReason, Call, Impact
from reconciler.model.resource import Desired, Recorded
from reconciler.planner.block import Decision
from reconciler.planner.inputs import PlanInput

POWER = "power_state"

Lowering = Callable[[Diff], tuple[Call, ...]]
"""diff → calls, of one resource; raises PlanError for what cannot be done."""

_SEVERITY = list(Impact)

_HINT = "set lifecycle.allow_downtime: true, or stop the machine yourself"


def worst(calls: tuple[Call, ...]) -> Impact:
    """The worst that calls do to a running machine."""
    return max((call.impact for call in calls), key=_SEVERITY.index, default=Impact.ONLINE)


def uninterrupted(
    decision: Decision, desired: Desired, recorded: Recorded, found: Diff, given: PlanInput, lower: Lowering
) -> tuple[Diff, tuple[Call, ...]]:
    """The difference without what would interrupt a machine that nobody allowed to be, and its calls.

    Each thing left out is in the decision. Raises PlanError where the driver cannot make the change.
    """
    calls = lower(found)
    if not _asks_for_consent(desired, recorded, found, given) or not _interrupt(calls):
        return found, calls
    kept, left = Diff(found.address), list[Diff]()
    for one in _one_by_one(found):
        if _needs_stop(one, lower):
            left.append(one)
        else:
            kept = _with(kept, one)
    if kept:
        calls = lower(kept)
    if not left or (kept and _interrupt(calls)):
        # Together they do what none does alone.
        kept, left = Diff(found.address), [found]
    for one in left:
        _block(decision, desired, one)
    return (kept, calls) if kept else (kept, ())


def _asks_for_consent(desired: Desired, recorded: Recorded, found: Diff, given: PlanInput) -> bool:
    """Not where downtime is allowed, the machine is off, or its power is what is to change."""
    family = given.catalog.resource_types[recorded.type].family
    runs = family is Family.MACHINE and recorded.state not in ("stopped", "missing", "pending")
    return runs and not desired.lifecycle.allow_downtime and found.change(POWER) is None


def _interrupt(calls: tuple[Call, ...]) -> bool:
    return any(call.impact in (Impact.REBOOT, Impact.STOP) for call in calls)


def _needs_stop(one: Diff, lower: Lowering) -> bool:
    try:
        return _interrupt(lower(one))
    except PlanError:
        return False  # it cannot be made alone; then what it is made with decides


def _one_by_one(found: Diff) -> Iterator[Diff]:
    """Each attribute, part and tag by itself; a part that goes and comes again is one."""
    empty = Diff(found.address)
    for change in found.changes:
        yield replace(empty, changes=(change,))
    for address in dict.fromkeys(part.address for part in found.parts):
        yield replace(empty, parts=tuple(part for part in found.parts if part.address == address))
    if found.tags:
        yield replace(empty, tags=found.tags)


def _with(kept: Diff, one: Diff) -> Diff:
    return Diff(
        kept.address, (*kept.changes, *one.changes), (*kept.parts, *one.parts), (*kept.tags, *one.tags)
    )


def _block(decision: Decision, desired: Desired, left: Diff) -> None:
    changes: list[tuple[str, AttributeChange]] = [(change.name, change) for change in left.changes]
    words = [name for name, _ in changes]
    for part in left.parts:
        if part.action is PartAction.UPDATE:
            words += [f"{change.name} of {part.address}" for change in part.changes]
        else:
            words.append(str(part.address))
    message = f"a change of {' and '.join(dict.fromkeys(words)) or 'its tags'} needs a restart"
    decision.block(desired, Action.UPDATE, BlockReason.DOWNTIME_NOT_ALLOWED, message, _HINT)

"""Which of the steps can be taken together: what needs, frees or lets go of what.

Each rule takes steps out, and a step that is out may have been what another one counted on: what gives up a
name, what lets go of a network. So all of them are asked again until nothing more goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.plan import Blocked, Step
from reconciler.planner.in_use import without_users
from reconciler.planner.inputs import PlanInput
from reconciler.planner.needed import still_needed
from reconciler.planner.order import without_adoption, without_dependency
from reconciler.planner.stuck import without_stuck
from reconciler.planner.unique import without_collisions
from reconciler.planner.used_parts import UsedParts, without_used_parts


@dataclass(frozen=True, slots=True)
class Possible:
    """`parts` has the steps that are left, `blocked` why others are not, and `frees` who gives up what a step
    takes."""

    parts: UsedParts
    blocked: tuple[Blocked, ...]
    frees: Mapping[Address, Collection[Address]]


def what_is_possible(
    steps: Mapping[Address, Step],
    blocked: Iterable[Blocked],
    along: Mapping[Address, Address],
    given: PlanInput,
) -> Possible:
    """`blocked` is what has no step to begin with, `along` what came along and for whom."""
    left, later = without_adoption(steps, given)
    decided, out = list(blocked), list[Blocked]()
    waiting = [item.address for item in later]
    while True:
        count = len(left)
        left, taken, frees = without_collisions(left, given)
        left, missing = without_dependency(left, given)
        out += [*missing, *taken, *later]
        left, stuck = without_stuck(left, [*decided, *out], given)
        out += stuck
        if along:
            left = still_needed(left, along, given, waiting)
        left, used = without_users(left, [*decided, *out], given)
        out += used
        parts = without_used_parts(left, given)
        if len(left) == count and not parts.refused:
            return Possible(parts, tuple(out), frees)
        out += parts.refused
        refused = {item.address for item in parts.refused}
        left = {address: step for address, step in left.items() if address not in refused}
        later = []

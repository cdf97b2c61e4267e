"""What is held back because something that it needs cannot be changed now, though it should be.

In an apply, a step that fails takes those that need it along. So does one that is not tried at all: a
machine is not moved into a subnet that its network has not got yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.planner.inputs import PlanInput
from reconciler.planner.references import attribute_references, references, roots_in

_WAITS = frozenset({BlockReason.BACK_OFF, BlockReason.BUSY})
"""It is tried again by itself: whatever needs it waits as long."""

_ASKED_FOR = frozenset({BlockReason.HELD, BlockReason.REPORT_ONLY})


def without_stuck(
    steps: Mapping[Address, Step], blocked: Iterable[Blocked], given: PlanInput
) -> tuple[dict[Address, Step], list[Blocked]]:
    """Drop steps that need something which waits, or which is in the way of the very thing they change."""
    left = dict(steps)
    found: list[Blocked] = []
    stuck = {item.address: item for item in blocked if item.address not in left}
    needs = {
        address: references(given.desired[address], given.catalog)
        for address, step in left.items()
        if step.action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT)
    }
    dependants: dict[Address, list[Address]] = {}
    for address, needed in needs.items():
        for need in needed:
            dependants.setdefault(need, []).append(address)
    waiting, held = sorted(stuck), set[Address]()
    while waiting:
        need = waiting.pop(0)
        for address in sorted(dependants.get(need, ())):
            waits = need in held or _waits(stuck[need], given)
            if address in left and (waits or _is_in_the_way(stuck[need], left[address], given)):
                message = f"needs {need}, which cannot be changed now: {stuck[need].message}"
                hint = f"it follows by itself once {need} is as it should be"
                item = Blocked(address, left.pop(address).action, BlockReason.DEPENDENCY, message, hint)
                found.append(item)
                held.add(address)
                stuck[address] = item
                waiting.append(address)
    return left, found


def _waits(item: Blocked, given: PlanInput) -> bool:
    return item.reason in _WAITS and not _is_parked(item, given)


def _is_in_the_way(item: Blocked, step: Step, given: PlanInput) -> bool:
    # What exists can be built on as it is, and most changes have nothing to do with it.
    return item.reason not in _ASKED_FOR and step.action is Action.UPDATE and _touches(step, item, given)


def _is_parked(item: Blocked, given: PlanInput) -> bool:
    """For good: waiting for it would be for ever."""
    return any(each.parked for each in given.failures.get(item.address, ()) if each.action is item.action)


def _touches(step: Step, item: Blocked, given: PlanInput) -> bool:
    """Whether what the step changes hangs on it."""
    if any(item.address in roots_in(change.after) for change in step.changes):
        return True
    changed = {part.address for part in step.parts if part.action is not PartAction.DELETE}
    return any(
        address.root == item.address
        for part in given.desired[step.address].parts
        if part.address in changed
        for _, address in attribute_references(part, given.catalog)
    )

"""What of a difference may be made good: no shrinking, and nothing destroyed without consent."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange
from reconciler.model.plan import Action, BlockReason
from reconciler.model.resource import Desired, Recorded, ReplacePolicy
from reconciler.planner.block import Decision
from reconciler.planner.inputs import PlanInput


def allowed(decision: Decision, desired: Desired, found: Diff, given: PlanInput) -> Diff:
    """The diff without what may not be done; each thing left out is in the decision with its reason."""
    life = desired.lifecycle

    def keep(item: Desired | Recorded, change: AttributeChange) -> bool:
        rules = given.catalog.attributes(item.type, item.provider_type)
        if rules[change.name].grow_only and _shrinks(change):
            what = change.name if item.address == desired.address else f"{change.name} of {item.address}"
            message = f"{what} can only grow (is {change.before}, wanted {change.after})"
            decision.block(
                desired, Action.UPDATE, BlockReason.SHRINK, message, "set it to at least what it is"
            )
            return False
        if change.mutability is Mutability.REPLACE and life.prevent_destroy:
            message = f"a change of {change.name} would replace it, and it is guarded against destruction"
            hint = "set lifecycle.prevent_destroy: false first"
            decision.block(desired, Action.REPLACE, BlockReason.PREVENT_DESTROY, message, hint)
            return False
        if change.mutability is Mutability.REPLACE and life.replace is ReplacePolicy.NEVER:
            message = f"{change.name} cannot change in place (is {change.before}, wanted {change.after})"
            hint = "set lifecycle.replace: allowed to destroy it and make it anew"
            decision.block(desired, Action.REPLACE, BlockReason.REPLACE_NOT_ALLOWED, message, hint)
            return False
        return True

    guarded = _guarded_parts(decision, desired, found)
    parts: list[PartChange] = []
    for part in found.parts:
        if part.action is not PartAction.UPDATE:
            if part.address not in guarded:
                parts.append(part)
            continue
        owner = next(each for each in desired.parts if each.address == part.address)
        changes = tuple(change for change in part.changes if keep(owner, change))
        if changes:
            parts.append(replace(part, changes=changes))
    return Diff(
        address=found.address,
        changes=tuple(change for change in found.changes if keep(desired, change)),
        parts=tuple(parts),
        tags=found.tags,
    )


def _guarded_parts(decision: Decision, desired: Desired, found: Diff) -> frozenset[Address]:
    """Parts that hold data go only where their parent is not guarded; nor do others come in their place."""
    if not desired.lifecycle.prevent_destroy:
        return frozenset()
    lost = [part.address for part in found.parts if part.action is PartAction.DELETE and part.holds_data]
    for address in lost:
        message = f"{address} holds data and would be destroyed, and {desired.address} is guarded against it"
        hint = "set lifecycle.prevent_destroy: false first"
        decision.block(desired, Action.UPDATE, BlockReason.PREVENT_DESTROY, message, hint)
    return frozenset(lost)


def _shrinks(change: AttributeChange) -> bool:
    return isinstance(change.before, int) and isinstance(change.after, int) and change.after < change.before

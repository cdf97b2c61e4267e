"""What may be destroyed, interrupted or taken over: only what a manifest or an approval allows."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.catalog import Family, Mutability
from reconciler.model.diff import AttributeChange, PartAction
from reconciler.model.plan import Action, Impact, Plan, Step
from reconciler.model.resource import Management, OnRemove, ReplacePolicy
from reconciler.planner.downtime import POWER
from reconciler.planner.inputs import PlanInput
from reconciler.planner.promises.promise import (
    CHANGES,
    DESTROYS,
    REMOVES,
    Found,
    lifecycle_of,
    promise,
    sides,
)

_STOPPED = ("stopped", "missing", "pending")


def _lost_parts(step: Step) -> list[str]:
    """The parts that hold data and go, while the object stays."""
    lost = (part for part in step.parts if part.action is PartAction.DELETE and part.holds_data)
    return [str(part.address) for part in lost] if step.action in CHANGES else []


def _losses(step: Step) -> list[str]:
    """What goes with its calls besides, while the object stays."""
    return [words for call in step.calls for words in call.destroys] if step.action in CHANGES else []


@promise("what is guarded is not destroyed, nor what holds data in it or goes with it")
def guards_hold(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 13, and 27 for what goes with a call.

    Broken: an apply destroys what a person guarded against it.
    """
    for step, desired, there in sides(plan, given):
        if not lifecycle_of(desired, there).prevent_destroy:
            continue
        if step.action in DESTROYS:
            yield step.address, f"{step.action}, and it is guarded against destruction"
        for words in (*_lost_parts(step), *_losses(step)):
            yield step.address, f"{step.action} destroys ({words}), and it is guarded against destruction"


@promise("what may not just be removed is not, and what shall be left where it is is only forgotten")
def removals_are_allowed(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 13: `on_remove` is a guard as well, and outlives its manifest.

    Broken: an apply deletes what was to stay, or leaves an object behind that nobody chose to keep.
    """
    for step, _, there in sides(plan, given):
        if step.action not in REMOVES or there is None:
            continue
        on_remove = there.lifecycle.on_remove
        if step.action is Action.DELETE and on_remove in (OnRemove.BLOCK, OnRemove.RETAIN):
            yield step.address, f"delete, and its on_remove is {on_remove}"
        if step.action is Action.FORGET and there.exists and on_remove is not OnRemove.RETAIN:
            yield step.address, "forget, and the object would be left behind"


@promise("only what no manifest wants any more is removed, and only what one wants is made or changed")
def is_wanted_or_not(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks what *desired* means in docs/glossary.md: what the current revisions want.

    Broken: an apply removes what is wanted, or makes and changes what nobody asked for.
    """
    gone = {row.address for row in given.removed}
    for step in (*plan.steps, *plan.follows):
        if step.action in REMOVES and (step.address in given.desired or step.address not in gone):
            yield step.address, f"{step.action}, and a manifest may want it"
        if step.action not in REMOVES and step.address not in given.desired:
            yield step.address, f"{step.action}, and no manifest wants it"


@promise("no object is destroyed that a manifest is to take over")
def heirs_get_theirs(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 13: who names an object's id to take it over has said that it stays.

    Broken: an object that was only to get another address is destroyed.
    """
    if not given.heirs:
        return
    for step, _, there in sides(plan, given):
        if step.action is Action.DELETE and there is not None:
            for heir in given.heirs.get((there.type, there.endpoint, there.external_id or ""), ()):
                yield step.address, f"delete, and {heir.address} is to take over object {there.external_id}"


@promise("nothing is replaced unless its manifest allows it, nor for what can change in place")
def replacements_are_allowed(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 13, of what is made anew; docs/debugging.md has it as `replace_not_allowed`.

    Broken: an object is given up for a change that was not worth it to anybody.
    """
    for step, desired, there in sides(plan, given):
        if step.action is not Action.REPLACE:
            continue
        if lifecycle_of(desired, there).replace is not ReplacePolicy.ALLOWED:
            yield step.address, "replace, and lifecycle.replace does not allow it"
        if not any(change.mutability is Mutability.REPLACE for change in step.changes):
            yield step.address, "replace, and nothing that differs needs it"


@promise("what is changed or taken over stays the object that it is")
def objects_stay(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 27: a plan that destroys an object says so by the step's action.

    Broken: what is shown as an update or an adoption costs the object.
    """
    for step in (*plan.steps, *plan.follows):
        if step.action not in CHANGES:
            continue
        for change in step.changes:
            if change.mutability is Mutability.REPLACE:
                yield step.address, f"{step.action} changes {change.name}, which cannot change in place"
        for call in step.calls:
            if call.deletes or call.creates:
                yield step.address, f"{step.action} makes or deletes the object by {call.operation}"


@promise("no machine that runs is interrupted unless its manifest allows it or asks for it")
def downtime_is_allowed(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks `lifecycle.allow_downtime`, which docs/debugging.md has as `downtime_not_allowed`.

    Broken: a machine goes down, and whoever runs it agreed to no such thing.
    """
    for step, desired, there in sides(plan, given):
        if step.action not in CHANGES or there is None:
            continue
        if not any(call.impact in (Impact.REBOOT, Impact.STOP) for call in step.calls):
            continue
        machine = given.catalog.resource_types[there.type].family is Family.MACHINE
        asked = any(change.name == POWER for change in step.changes)
        allowed = asked or lifecycle_of(desired, there).allow_downtime
        if machine and there.state not in _STOPPED and not allowed:
            yield step.address, f"{step.action} interrupts it, and lifecycle.allow_downtime is not set"


@promise("an object that is not ours is taken over only by the id that its manifest names")
def adoption_is_named(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 12: a name alone is never enough.

    Broken: an object that is somebody else's becomes ours, and may be changed and destroyed from then on.
    """
    for step, desired, there in sides(plan, given):
        if step.action is not Action.ADOPT:
            if step.adopt is not None:
                yield step.address, f"{step.action} names object {step.adopt} to take over"
            continue
        named = desired.adopt if desired is not None else None
        found = there.external_id if there is not None else None
        if named is None or not named == step.adopt == found:
            yield (
                step.address,
                f"takes over object {step.adopt}; its manifest names {named}, found is {found}",
            )
        if there is not None and there.management is Management.MANAGED:
            yield step.address, f"takes over object {step.adopt}, which is ours already"


@promise("what holds data, or is lost besides, is destroyed only by its manifest's word or an approval")
def data_needs_consent(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 13 and 27: data goes only by a word of its own.

    Broken: what people stored is destroyed, and nobody was asked.
    """
    for step, desired, there in sides(plan, given):
        if step.action is Action.DELETE:
            holds_data = given.catalog.resource_types[step.address.type].holds_data
            said = lifecycle_of(None, there).on_remove is OnRemove.DELETE or given.destroy
            if holds_data and not said and not step.approvals:
                yield step.address, "delete, and it holds data: no approval is asked for"
        for words in (*_lost_parts(step), *_losses(step)):
            if not any(words in approval for approval in step.approvals):
                yield step.address, f"{step.action} destroys ({words}): no approval is asked for"
        if step.action is Action.REPLACE and desired is not None and there is not None:
            taken = desired.adopt is not None and desired.adopt == there.external_id
            if taken and not step.approvals:
                yield step.address, "replace, and it was taken over as it was: no approval is asked for"


@promise("more destruction than the limit waits for an approval of the whole plan, and no less does")
def masses_wait(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 11, in both directions.

    Broken: one mistake takes down a fleet, or ordinary work waits for an approval.
    """
    destroyed = sum(step.action in DESTROYS for step in plan.steps)
    limits = given.limits
    share = given.managed >= limits.share_from and destroyed > limits.share * given.managed
    if (destroyed > limits.destroy or share) != bool(plan.approvals):
        waits = "waits" if plan.approvals else "does not wait"
        yield None, f"{destroyed} of {given.managed} are destroyed, and the plan {waits}"


@promise("what goes besides its own object, and what could not be known, is said")
def losses_are_said(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 27 and 33: what a call costs, and what was not looked up, is in the plan.

    Broken: a person agrees to more than the plan has told.
    """
    said = frozenset(plan.warnings)
    for step in (*plan.steps, *plan.follows):
        for call in step.calls:
            for words in (*call.destroys, *call.unchecked):
                if f"{step.address}: {words}" not in said:
                    yield step.address, f"no warning says of {call.operation}: {words}"
        holds_data = given.catalog.resource_types[step.address.type].holds_data
        lost = f"{step.address}: what is stored on it is lost when it is replaced"
        if step.action is Action.REPLACE and holds_data and lost not in said:
            yield step.address, "no warning says that what is stored on it is lost"


@promise("what can only grow is not made smaller")
def nothing_shrinks(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 33, of what is `grow_only`; docs/debugging.md has it as `shrink`.

    Broken: a call is sent that is refused, or that cuts data off.
    """
    for step in (*plan.steps, *plan.follows):
        if step.action not in CHANGES:
            continue
        owners = [(step.address.type, step.changes)]
        owners += [(p.address.type, p.changes) for p in step.parts if p.action is PartAction.UPDATE]
        for kind, changes in owners:
            rules = given.catalog.attributes(kind, step.provider_type)
            for change in changes:
                if change.name in rules and rules[change.name].grow_only and _shrinks(change):
                    yield step.address, f"{change.name} from {change.before} to {change.after}"


def _shrinks(change: AttributeChange) -> bool:
    return isinstance(change.before, int) and isinstance(change.after, int) and change.after < change.before

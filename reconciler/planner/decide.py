"""One resource at a time: which action it needs, or what stands in the way."""

from __future__ import annotations

from dataclasses import replace

from reconciler.diff import creation, diff, removal
from reconciler.errors import PlanError
from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, Diff, Reason
from reconciler.model.plan import Action, BlockReason, Call
from reconciler.model.resource import (
    Desired,
    Management,
    OnRemove,
    Presence,
    Recorded,
)
from reconciler.planner.allow import allowed
from reconciler.planner.block import Decision, is_blocked
from reconciler.planner.downtime import POWER, uninterrupted
from reconciler.planner.failed import after_failure
from reconciler.planner.inputs import PlanInput
from reconciler.planner.reported import as_it_is, without_drift
from reconciler.planner.steps import CHANGES, calls_of, names_in, step_of


def decide(desired: Desired, recorded: Recorded | None, given: PlanInput) -> Decision:
    """The decision for a resource that a manifest wants."""
    return after_failure(_wanted(desired, recorded, given), desired, given)


def _wanted(desired: Desired, recorded: Recorded | None, given: PlanInput) -> Decision:
    decision = Decision()
    if recorded is not None and recorded.management is not Management.MANAGED and _adopts(desired, recorded):
        if not is_blocked(decision, desired, recorded, Action.ADOPT, given):
            _adopt(decision, desired, recorded, given)
        return decision
    exists = recorded is not None and recorded.exists
    action = Action.UPDATE if exists else Action.CREATE
    if is_blocked(decision, desired, recorded, action, given):
        return decision
    if recorded is None or not recorded.exists:
        _decide_create(decision, desired, recorded, given)
    else:
        _decide_change(decision, desired, recorded, given)
    return decision


def decide_removed(recorded: Recorded, given: PlanInput) -> Decision:
    """The decision for a managed resource that no manifest wants any more."""
    return after_failure(_unwanted(recorded, given), recorded, given)


def _unwanted(recorded: Recorded, given: PlanInput) -> Decision:
    decision = Decision()
    life = recorded.lifecycle
    reason = _forgettable(recorded)
    if reason is not None:
        if not is_blocked(decision, recorded, recorded, Action.FORGET, given):
            step = step_of(Action.FORGET, None, recorded, Diff(recorded.address), (), reason)
            decision.step = replace(step, gone=not recorded.exists)
        return decision
    if life.prevent_destroy:
        hint = "set lifecycle.prevent_destroy: false, apply, then remove it"
        decision.block(
            recorded, Action.DELETE, BlockReason.PREVENT_DESTROY, "is guarded against deletion", hint
        )
        return decision
    if life.on_remove is OnRemove.BLOCK:
        hint = "put it back, or set lifecycle.on_remove to delete or retain before removing it"
        decision.block(recorded, Action.DELETE, BlockReason.ON_REMOVE_BLOCK, "may not just be removed", hint)
        return decision
    heirs = given.heirs.get((recorded.type, recorded.endpoint, recorded.external_id or ""))
    if heirs:
        message = f"{heirs[0].address} is to take over this very object (id {recorded.external_id})"
        decision.block(recorded, Action.DELETE, BlockReason.UNSUPPORTED, message, _let_go(recorded))
        return decision
    if not is_blocked(decision, recorded, recorded, Action.DELETE, given):
        _lower(decision, Action.DELETE, None, recorded, removal(recorded, given.catalog), given)
        kind = given.catalog.resource_types[recorded.type]
        if decision.step and kind.holds_data and life.on_remove is None and not given.destroy:
            approval = f"{recorded.address} holds data and its manifest is gone"
            decision.step = replace(decision.step, approvals=(*decision.step.approvals, approval))
    return decision


def _forgettable(recorded: Recorded) -> str | None:
    """Why a resource that nobody wants any more needs no deletion; None if it does."""
    if not recorded.exists and recorded.presence is not Presence.UNKNOWN:
        return "there is none"
    if recorded.lifecycle.on_remove is OnRemove.RETAIN:
        return "leave the object, forget the resource"
    return None


def _adopts(desired: Desired, there: Recorded) -> bool:
    """Whether the manifest names this very object to be taken over; a name alone is never enough."""
    return desired.adopt is not None and desired.adopt == there.external_id


def _let_go(held: Recorded) -> str:
    return f"apply, then `reconciler forget {held.address}`, which leaves the object; then apply again"


def _adopt(decision: Decision, desired: Desired, there: Recorded, given: PlanInput) -> None:
    """Take an object over and make it what its manifest says, in one step.

    But it is not destroyed for that: a replacement is a step of its own, in a plan of its own.
    """
    heirs = given.heirs.get((there.type, there.endpoint, there.external_id or ""), ())
    others = [str(item.address) for item in heirs if item.address != desired.address]
    if others:
        message = f"{', '.join(others)} asks for the same object (id {there.external_id})"
        hint = "leave that id in the lifecycle.adopt of one manifest only"
        decision.block(desired, Action.ADOPT, BlockReason.UNSUPPORTED, message, hint)
        return
    # Of what was never applied nothing has drifted.
    there = replace(there, applied_desired_hash=None)
    found = allowed(decision, desired, diff(desired, there, given.catalog), given)
    fixed = [change for change in found.changes if change.mutability is Mutability.REPLACE]
    if fixed:
        names = ", ".join(f"{change.name} {change.before} → {change.after}" for change in fixed)
        message = f"is taken over first; after that it would be destroyed and made anew ({names})"
        hint = "the next plan has that as a step of its own, which waits for an approval"
        decision.block(desired, Action.REPLACE, BlockReason.DEPENDENCY, message, hint)
        found = replace(found, changes=tuple(change for change in found.changes if change not in fixed))
    _lower(decision, Action.ADOPT, desired, there, found, given)


def _at_key(desired: Desired, given: PlanInput) -> Recorded | None:
    """What is recorded at the natural key that the resource's object shall have, whosever it is."""
    return given.at_key.get((desired.type, desired.endpoint, given.keys.get(desired.address, "")))


def _is_taken(decision: Decision, desired: Desired, action: Action, given: PlanInput) -> bool:
    """Whether something else of ours is, or shall be, the object of the resource's natural key."""
    key, there = given.keys.get(desired.address, ""), _at_key(desired, given)
    claims = given.claims.get((desired.type, desired.endpoint, key), ())
    if len(claims) > 1:
        others = ", ".join(str(each) for each in claims if each != desired.address)
        message, hint = f"{others} is the same object: its key is {key}", "write it in one manifest only"
        decision.block(desired, action, BlockReason.UNSUPPORTED, message, hint)
    elif there is not None and there.management is Management.MANAGED:
        message = f"the object with the key {key} is managed as {there.address}"
        decision.block(desired, action, BlockReason.NOT_OURS, message, _let_go(there))
    else:
        return False
    return True


def _not_ours(
    decision: Decision, desired: Desired, action: Action, stranger: Recorded, given: PlanInput
) -> None:
    # Made by a request of ours whose answer was lost, one at a key would look the same.
    keyed = _at_key(desired, given) is not None
    what, other = ("key", "remove it there") if keyed else ("name", "choose another name")
    hint = f'to take it over, set lifecycle.adopt: "{stranger.external_id}"; else {other}'
    where = f"{desired.endpoint} (id {stranger.external_id})"
    message = f"an object of that {what} exists at {where} and is not ours"
    decision.block(desired, action, BlockReason.NOT_OURS, message, hint)


def _decide_create(decision: Decision, desired: Desired, recorded: Recorded | None, given: PlanInput) -> None:
    if _is_taken(decision, desired, Action.CREATE, given):
        return
    stranger = given.strangers.get(desired.address)
    # A row that has no object, such as that of a create whose answer was lost, makes room.
    stays = recorded is not None and (recorded.external_id is not None or recorded.busy)
    if stranger is not None and _adopts(desired, stranger) and stays:
        message = f"object {stranger.external_id} cannot take the place of one that is still recorded here"
        hint = "remove the manifest and apply, so that the lost object is forgotten; then put it back"
        decision.block(desired, Action.ADOPT, BlockReason.UNSUPPORTED, message, hint)
    elif stranger is not None and _adopts(desired, stranger):
        if not is_blocked(decision, desired, stranger, Action.ADOPT, given):
            _adopt(decision, desired, stranger, given)
    elif stranger is not None:
        _not_ours(decision, desired, Action.CREATE, stranger, given)
    elif (holder := given.held.get((desired.type, desired.endpoint, desired.adopt or ""))) is not None:
        message = f"the object with id {desired.adopt} is still managed as {holder.address}"
        decision.block(desired, Action.ADOPT, BlockReason.UNSUPPORTED, message, _let_go(holder))
    elif desired.adopt is not None:
        message = f"there is no unmanaged {desired.type} with id {desired.adopt} at {desired.endpoint}"
        hint = "correct lifecycle.adopt; or, to have a new one made, remove it"
        decision.block(desired, Action.ADOPT, BlockReason.UNKNOWN, message, hint)
    elif recorded is not None and recorded.external_id and given.endpoints[desired.endpoint].report_only:
        decision.block(
            desired, Action.CREATE, BlockReason.REPORT_ONLY, "is gone; drift is only reported here"
        )
    else:
        _lower(decision, Action.CREATE, desired, recorded, creation(desired, given.catalog), given)


def _decide_change(decision: Decision, desired: Desired, recorded: Recorded, given: PlanInput) -> None:
    if desired.endpoint != recorded.endpoint:
        message = f"is at {recorded.endpoint}; moving it to {desired.endpoint} would replace it"
        hint = "remove it there first, or keep its endpoint"
        decision.block(desired, Action.REPLACE, BlockReason.UNSUPPORTED, message, hint)
        return
    address = desired.address
    found = diff(desired, recorded, given.catalog, given.applied.get(address), given.carried.get(address))
    goal = desired
    if given.endpoints[desired.endpoint].report_only:
        found, drifted = without_drift(found)
        goal = as_it_is(desired, recorded, drifted, given.catalog)
        if drifted:
            message = f"drifted ({', '.join(names_in(drifted))}); only reported here"
            decision.block(desired, Action.UPDATE, BlockReason.REPORT_ONLY, message)
    found = _with_owed_start(desired, recorded, found)
    if not found:
        decision.settled = not decision.blocked
        return
    permitted = allowed(decision, desired, found, given)
    if not permitted:
        return
    if Mutability.REPLACE in {change.mutability for change in permitted.changes}:
        if _is_taken(decision, desired, Action.REPLACE, given):
            return
        if (there := _at_key(desired, given)) is not None:
            _not_ours(decision, desired, Action.REPLACE, there, given)
            return
        # Made anew it is as small as it is wanted, and nothing of the difference is left.
        decision.blocked = [item for item in decision.blocked if item.reason is not BlockReason.SHRINK]
        _lower(decision, Action.REPLACE, desired, recorded, found, given)
        _approve_of_taken_over(decision, desired, recorded)
    else:
        _lower(decision, Action.UPDATE, desired, recorded, permitted, given, goal)


def _approve_of_taken_over(decision: Decision, desired: Desired, recorded: Recorded) -> None:
    """What somebody else made is not destroyed on the word of the manifest alone that took it over."""
    if decision.step is not None and desired.adopt is not None and desired.adopt == recorded.external_id:
        approval = f"{desired.address} was taken over as it was (id {desired.adopt}) and would be destroyed"
        decision.step = replace(decision.step, approvals=(*decision.step.approvals, approval))


def _with_owed_start(desired: Desired, recorded: Recorded, found: Diff) -> Diff:
    """A machine that we stopped is started again, whether or not its manifest speaks of power."""
    if not (recorded.owes_start and recorded.state == "stopped") or POWER in desired.attributes:
        return found
    start = AttributeChange(POWER, recorded.state, "running", Reason.DRIFT, Mutability.IN_PLACE)
    return replace(found, changes=(*found.changes, start))


def _lower(
    decision: Decision,
    action: Action,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    given: PlanInput,
    goal: Desired | None = None,
) -> None:
    """`goal`: what is sent of `desired`, where not all of it shall be."""
    item = desired or recorded
    assert item is not None  # noqa: S101 - one side is always there

    def lower(of: Diff) -> tuple[Call, ...]:
        return calls_of(action, item.endpoint, goal or desired, recorded, of, given)

    try:
        if action in CHANGES and desired and recorded:
            found, calls = uninterrupted(decision, desired, recorded, found, given, lower)
            if not found and action is Action.UPDATE:
                return
            calls = calls or lower(found)
        else:
            calls = lower(found)
    except PlanError as error:
        decision.block(item, action, BlockReason.UNSUPPORTED, error.message, error.hint or "")
        return
    losses = tuple(words for call in calls for words in call.destroys) if action in CHANGES else ()
    if losses and desired and desired.lifecycle.prevent_destroy:
        message = f"{'; '.join(losses)}, and it is guarded against destruction"
        hint = "take that change back, or set lifecycle.prevent_destroy: false first"
        decision.block(item, action, BlockReason.PREVENT_DESTROY, message, hint)
        return
    step = step_of(action, desired, recorded, found, calls, "")
    decision.step = replace(step, partial=_leaves_something(decision))


def _leaves_something(decision: Decision) -> bool:
    """Whether something that the manifest asks for is not done; drift that is only reported is not."""
    return any(item.reason is not BlockReason.REPORT_ONLY for item in decision.blocked)

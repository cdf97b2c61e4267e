"""One resource at a time: which action it needs, or what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.diff import creation, diff, removal
from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Family, Mutability
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange, Reason
from reconciler.model.plan import Action, Blocked, Call, Hindrance, Impact, Step
from reconciler.model.resource import (
    Desired,
    Management,
    OnRemove,
    Presence,
    Recorded,
    ReplacePolicy,
)
from reconciler.planner.inputs import PlanInput

POWER = "power_state"
_SEVERITY = list(Impact)


@dataclass(slots=True)
class Decision:
    """What came out for one resource: at most one step, any number of hindrances."""

    step: Step | None = None
    blocked: list[Blocked] = field(default_factory=list)
    settled: bool = False

    def block(
        self, item: Desired | Recorded, action: Action, why: Hindrance, message: str, hint: str = ""
    ) -> None:
        self.blocked.append(Blocked(item.address, action, why, message, hint))


def decide(desired: Desired, recorded: Recorded | None, given: PlanInput) -> Decision:
    """The decision for a resource that a manifest wants."""
    decision = Decision()
    if recorded is not None and recorded.management is not Management.MANAGED and _adopts(desired, recorded):
        if not _hindered(decision, desired, recorded, Action.ADOPT, given):
            _adopt(decision, desired, recorded, given)
        return decision
    exists = recorded is not None and recorded.exists
    action = Action.UPDATE if exists else Action.CREATE
    if _hindered(decision, desired, recorded, action, given):
        return decision
    if recorded is None or not recorded.exists:
        _decide_create(decision, desired, recorded, given)
    else:
        _decide_change(decision, desired, recorded, given)
    return decision


def decide_removed(recorded: Recorded, given: PlanInput) -> Decision:
    """The decision for a managed resource that no manifest wants any more."""
    decision = Decision()
    life = recorded.lifecycle
    reason = _forgettable(recorded)
    if reason is not None:
        if not _hindered(decision, recorded, recorded, Action.FORGET, given):
            decision.step = _step(Action.FORGET, None, recorded, Diff(recorded.address), (), reason)
        return decision
    if life.prevent_destroy:
        hint = "set lifecycle.prevent_destroy: false, apply, then remove it"
        decision.block(
            recorded, Action.DELETE, Hindrance.PREVENT_DESTROY, "is guarded against deletion", hint
        )
        return decision
    if life.on_remove is OnRemove.BLOCK:
        hint = "put it back, or set lifecycle.on_remove to delete or retain before removing it"
        decision.block(recorded, Action.DELETE, Hindrance.ON_REMOVE_BLOCK, "may not just be removed", hint)
        return decision
    if not _hindered(decision, recorded, recorded, Action.DELETE, given):
        _lower(decision, Action.DELETE, None, recorded, removal(recorded, given.catalog), given)
        kind = given.catalog.resource_types[recorded.type]
        if decision.step and kind.holds_data and life.on_remove is None and not given.destroy:
            approval = f"{recorded.address} holds data and its manifest is gone"
            decision.step = replace(decision.step, approvals=(*decision.step.approvals, approval))
    return decision


def _forgettable(recorded: Recorded) -> str | None:
    """Why a resource that nobody wants any more needs no deletion; None if it does."""
    if not recorded.exists and recorded.presence is not Presence.UNKNOWN:
        return "nothing is there"
    if recorded.lifecycle.on_remove is OnRemove.RETAIN:
        return "leave the object, forget the resource"
    return None


def _hindered(
    decision: Decision, item: Desired | Recorded, recorded: Recorded | None, action: Action, given: PlanInput
) -> bool:
    """Whether something keeps the resource from being touched at all; the reasons go into the decision."""
    endpoint = given.endpoints.get(item.endpoint)
    if endpoint is None:
        decision.block(item, action, Hindrance.UNSUPPORTED, f"there is no endpoint `{item.endpoint}`")
    elif endpoint.trouble:
        hint = "nothing is changed on what is not known; it is looked at again the next time"
        decision.block(item, action, Hindrance.UNKNOWN, endpoint.trouble, hint)
    elif (
        recorded is not None and recorded.management is Management.QUARANTINED and action is not Action.ADOPT
    ):
        hint = (
            f'look at it; to take it over, set lifecycle.adopt: "{recorded.external_id}"; to give it up, '
            f"`reconciler forget {recorded.address}`: the object stays"
        )
        decision.block(
            item, action, Hindrance.QUARANTINED, "is in quarantine: whose it is cannot be decided", hint
        )
    elif recorded is not None and recorded.busy:
        hint = "it is planned again when that has ended; nothing needs unlocking"
        decision.block(item, action, Hindrance.BUSY, "an operation on it is under way", hint)
    elif recorded is not None and recorded.presence is Presence.UNKNOWN:
        message = "whether it still exists is not known: the last observation could not see it"
        decision.block(
            item, action, Hindrance.UNKNOWN, message, "run `reconciler observe` when it can be seen"
        )
    else:
        _paused(decision, item, action, given)
    return bool(decision.blocked)


def _paused(decision: Decision, item: Desired | Recorded, action: Action, given: PlanInput) -> None:
    for hold in given.holds:
        if hold.covers(item.address, item.endpoint, item.tags, given.now):
            end = f" until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
            message = f"held by {hold.owner}{end}: {hold.reason}"
            decision.block(item, action, Hindrance.HELD, message, f"reconciler release {item.address}")
            return
    not_before, why = given.failures.get(item.address, (given.now, ""))
    if not_before > given.now:
        message = f"failed and waits until {not_before:%Y-%m-%d %H:%M:%S} UTC: {why}"
        decision.block(item, action, Hindrance.BACK_OFF, message, f"reconciler retry {item.address}")


def _adopts(desired: Desired, there: Recorded) -> bool:
    """Whether the manifest names this very object to be taken over; a name alone is never enough."""
    return desired.adopt is not None and desired.adopt == there.external_id


def _adopt(decision: Decision, desired: Desired, there: Recorded, given: PlanInput) -> None:
    _lower(decision, Action.ADOPT, desired, there, diff(desired, there, given.catalog), given)


def _decide_create(decision: Decision, desired: Desired, recorded: Recorded | None, given: PlanInput) -> None:
    stranger = given.strangers.get(desired.address)
    if stranger is not None and _adopts(desired, stranger) and recorded is not None:
        message = f"object {stranger.external_id} cannot take the place of one that is still recorded here"
        hint = "remove the manifest and apply, so that the lost object is forgotten; then put it back"
        decision.block(desired, Action.ADOPT, Hindrance.UNSUPPORTED, message, hint)
    elif stranger is not None and _adopts(desired, stranger):
        _adopt(decision, desired, stranger, given)
    elif stranger is not None:
        hint = f'to take it over, set lifecycle.adopt: "{stranger.external_id}"; else choose another name'
        message = (
            f"an object of that name exists at {desired.endpoint} (id {stranger.external_id}) and is not ours"
        )
        decision.block(desired, Action.CREATE, Hindrance.NOT_OURS, message, hint)
    elif desired.adopt is not None:
        message = f"there is no unmanaged {desired.type} with id {desired.adopt} at {desired.endpoint}"
        decision.block(desired, Action.ADOPT, Hindrance.UNKNOWN, message, "check lifecycle.adopt")
    elif recorded is not None and recorded.external_id and given.endpoints[desired.endpoint].report_only:
        decision.block(desired, Action.CREATE, Hindrance.REPORT_ONLY, "is gone; drift is only reported here")
    else:
        _lower(decision, Action.CREATE, desired, recorded, creation(desired, given.catalog), given)


def _decide_change(decision: Decision, desired: Desired, recorded: Recorded, given: PlanInput) -> None:
    if desired.endpoint != recorded.endpoint:
        message = f"is at {recorded.endpoint}; moving it to {desired.endpoint} would replace it"
        hint = "remove it there first, or keep its endpoint"
        decision.block(desired, Action.REPLACE, Hindrance.UNSUPPORTED, message, hint)
        return
    found = _with_owed_start(desired, recorded, diff(desired, recorded, given.catalog))
    if not found:
        decision.settled = True
        return
    if given.endpoints[desired.endpoint].report_only and recorded.applied_desired_hash == desired.hash():
        names = ", ".join(_names(found))
        decision.block(
            desired, Action.UPDATE, Hindrance.REPORT_ONLY, f"drifted ({names}); only reported here"
        )
        return
    allowed = _allowed(decision, desired, recorded, found, given)
    if not allowed:
        return
    if Mutability.REPLACE in {change.mutability for change in allowed.changes}:
        _lower(decision, Action.REPLACE, desired, recorded, allowed, given)
    else:
        _lower(decision, Action.UPDATE, desired, recorded, allowed, given)


def _with_owed_start(desired: Desired, recorded: Recorded, found: Diff) -> Diff:
    """A machine that we stopped is started again, whether or not its manifest speaks of power."""
    if not (recorded.owes_start and recorded.state == "stopped") or POWER in desired.attributes:
        return found
    start = AttributeChange(POWER, recorded.state, "running", Reason.DRIFT, Mutability.IN_PLACE)
    return replace(found, changes=(*found.changes, start))


def _names(found: Diff) -> list[str]:
    return (
        [change.name for change in found.changes]
        + [f"{part.address.type} {part.address.name}" for part in found.parts]
        + [f"tag {tag.key}" for tag in found.tags]
    )


def _allowed(decision: Decision, desired: Desired, recorded: Recorded, found: Diff, given: PlanInput) -> Diff:
    """The diff without what may not be done; each thing left out is in the decision with its reason."""
    running = _runs(recorded, given)
    life = desired.lifecycle

    def keep(item: Desired | Recorded, change: AttributeChange) -> bool:
        rules = given.catalog.attributes(item.type, item.provider_type)
        if rules[change.name].grow_only and _shrinks(change):
            message = f"{change.name} can only grow (is {change.before}, wanted {change.after})"
            decision.block(desired, Action.UPDATE, Hindrance.SHRINK, message, "set it to at least what it is")
            return False
        if change.mutability is Mutability.REPLACE and life.prevent_destroy:
            message = f"a change of {change.name} would replace it, and it is guarded against destruction"
            hint = "set lifecycle.prevent_destroy: false first"
            decision.block(desired, Action.REPLACE, Hindrance.PREVENT_DESTROY, message, hint)
            return False
        if change.mutability is Mutability.REPLACE and life.replace is ReplacePolicy.NEVER:
            message = f"{change.name} cannot change in place (is {change.before}, wanted {change.after})"
            hint = "set lifecycle.replace: allowed to destroy it and make it anew"
            decision.block(desired, Action.REPLACE, Hindrance.REPLACE_NOT_ALLOWED, message, hint)
            return False
        if change.mutability is Mutability.NEEDS_STOP and running and not life.allow_downtime:
            message = f"a change of {change.name} needs a restart"
            hint = "set lifecycle.allow_downtime: true, or stop the machine yourself"
            decision.block(desired, Action.UPDATE, Hindrance.DOWNTIME_NOT_ALLOWED, message, hint)
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
        decision.block(desired, Action.UPDATE, Hindrance.PREVENT_DESTROY, message, hint)
    return frozenset(lost)


def _runs(recorded: Recorded, given: PlanInput) -> bool:
    family = given.catalog.resource_types[recorded.type].family
    return family is Family.MACHINE and recorded.state not in ("stopped", "missing", "pending")


def _shrinks(change: AttributeChange) -> bool:
    return isinstance(change.before, int) and isinstance(change.after, int) and change.after < change.before


def _lower(
    decision: Decision,
    action: Action,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    given: PlanInput,
) -> None:
    item = desired or recorded
    assert item is not None  # noqa: S101 - one side is always there
    try:
        calls = _calls(action, item.endpoint, desired, recorded, found, given)
    except PlanError as error:
        decision.block(item, action, Hindrance.UNSUPPORTED, error.message, error.hint or "")
        return
    if (
        action is Action.UPDATE
        and desired
        and recorded
        and _interrupts(desired, recorded, found, calls, given)
    ):
        message = "the change would interrupt the running machine"
        hint = "set lifecycle.allow_downtime: true, or stop the machine yourself"
        decision.block(item, action, Hindrance.DOWNTIME_NOT_ALLOWED, message, hint)
        return
    step = _step(action, desired, recorded, found, calls, "")
    decision.step = replace(step, partial=bool(decision.blocked))


def _interrupts(
    desired: Desired, recorded: Recorded, found: Diff, calls: tuple[Call, ...], given: PlanInput
) -> bool:
    """Whether calls stop a machine that nobody asked to stop. The last word on it is what is really sent."""
    if desired.lifecycle.allow_downtime or not _runs(recorded, given) or found.change(POWER):
        return False
    return any(call.impact in (Impact.REBOOT, Impact.STOP) for call in calls)


def _calls(
    action: Action,
    endpoint: str,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    given: PlanInput,
) -> tuple[Call, ...]:
    if action is not Action.REPLACE or desired is None or recorded is None:
        return given.lower(action, endpoint, desired, recorded, found)
    gone = given.lower(Action.DELETE, endpoint, None, recorded, removal(recorded, given.catalog))
    made = given.lower(Action.CREATE, endpoint, desired, None, creation(desired, given.catalog))
    return (*made, *gone) if desired.lifecycle.create_before_destroy else (*gone, *made)


def _step(
    action: Action,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    calls: tuple[Call, ...],
    summary: str,
) -> Step:
    item = desired or recorded
    assert item is not None  # noqa: S101 - one side is always there
    data = [part for part in found.parts if part.action is PartAction.DELETE and part.holds_data]
    approvals = tuple(
        f"{part.address} holds data and would be destroyed" for part in data if action is Action.UPDATE
    )
    return Step(
        address=item.address,
        action=action,
        endpoint=item.endpoint,
        provider_type=item.provider_type,
        reason=_main_reason(action, found, recorded),
        summary=summary or _summary(action, found),
        calls=calls,
        changes=found.changes,
        parts=found.parts,
        tags=found.tags,
        impact=_impact(action, calls),
        approvals=approvals,
        resource=recorded.uid if recorded else None,
        pin=recorded.version if recorded else None,
        desired_hash=desired.hash() if desired else None,
        adopt=recorded.external_id if action is Action.ADOPT and recorded else None,
    )


def _main_reason(action: Action, found: Diff, recorded: Recorded | None) -> Reason:
    if action is Action.CREATE:
        return Reason.DRIFT if recorded is not None and recorded.external_id else Reason.MANIFEST
    if action in (Action.UPDATE, Action.REPLACE):
        reasons = [change.reason for change in found.changes] + [tag.reason for tag in found.tags]
        reasons += [change.reason for part in found.parts for change in part.changes]
        for reason in (Reason.MANIFEST, Reason.DRIFT, Reason.DEFAULT):
            if reason in reasons:
                return reason
    return Reason.MANIFEST


def _impact(action: Action, calls: tuple[Call, ...]) -> Impact:
    if action is Action.REPLACE:
        return Impact.REPLACE
    return max((call.impact for call in calls), key=_SEVERITY.index, default=Impact.ONLINE)


def _summary(action: Action, found: Diff) -> str:
    match action:
        case Action.CREATE:
            return "create"
        case Action.DELETE:
            return "delete"
        case Action.ADOPT:
            return "take over an existing object"
        case _:
            return ", ".join(_names(found))

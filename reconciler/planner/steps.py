"""Making a step of what was decided: its calls in their order, its reason, its words."""

from __future__ import annotations

from reconciler.diff import creation, removal
from reconciler.model.diff import Diff, PartAction, Reason
from reconciler.model.plan import Action, Call, Impact, Step
from reconciler.model.resource import (
    Desired,
    Recorded,
)
from reconciler.planner.downtime import worst
from reconciler.planner.inputs import PlanInput

CHANGES = (Action.UPDATE, Action.ADOPT)  # what leaves the object, and may change it


def names_in(found: Diff) -> list[str]:
    """What a diff touches, in words for people: attributes, then `disk scsi0`, then `tag env`."""
    return (
        [change.name for change in found.changes]
        + [f"{part.address.type} {part.address.name}" for part in found.parts]
        + [f"tag {tag.key}" for tag in found.tags]
    )


def calls_of(
    action: Action,
    endpoint: str,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    given: PlanInput,
) -> tuple[Call, ...]:
    """A step's calls, in order. Raises PlanError for what the driver cannot do.

    `found` is what they change. A replacement is lowered as a delete and a create of all there is, whatever
    differs, and the calls that only ask come first: nothing is given up for what can be known to fail.
    """
    if action is not Action.REPLACE or desired is None or recorded is None:
        return given.lower(action, endpoint, desired, recorded, found)
    gone = given.lower(Action.DELETE, endpoint, None, recorded, removal(recorded, given.catalog))
    made = given.lower(Action.CREATE, endpoint, desired, recorded, creation(desired, given.catalog))
    reads = tuple(call for call in made if call.reads)
    rest = tuple(call for call in made if not call.reads)
    return (*reads, *rest, *gone) if desired.lifecycle.create_before_destroy else (*reads, *gone, *rest)


def step_of(
    action: Action,
    desired: Desired | None,
    recorded: Recorded | None,
    found: Diff,
    calls: tuple[Call, ...],
    summary: str,
) -> Step:
    """The step for one side or both, with the approvals that lost parts and other losses ask for.

    An empty `summary` is made of what differs. What it requires and what failed before are added later.
    """
    item = desired or recorded
    assert item is not None  # noqa: S101 - one side is always there
    data = [part for part in found.parts if part.action is PartAction.DELETE and part.holds_data]
    approvals = tuple(
        f"{part.address} holds data and would be destroyed" for part in data if action in CHANGES
    ) + tuple(f"{item.address}: {words}" for call in calls for words in call.destroys if action in CHANGES)
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
        impact=Impact.REPLACE if action is Action.REPLACE else worst(calls),
        approvals=approvals,
        resource=recorded.uid if recorded else None,
        expected_version=recorded.version if recorded else None,
        desired_hash=desired.hash() if desired else None,
        adopt=recorded.external_id if action is Action.ADOPT and recorded else None,
        ground=recorded.recorded_hash if action is Action.ADOPT and recorded else None,
    )


def _main_reason(action: Action, found: Diff, recorded: Recorded | None) -> Reason:
    if action is Action.CREATE:
        return Reason.DRIFT if recorded is not None and recorded.external_id else Reason.MANIFEST
    if action in (Action.UPDATE, Action.REPLACE):
        reasons = [change.reason for change in found.changes] + [tag.reason for tag in found.tags]
        reasons += [change.reason for part in found.parts for change in part.changes]
        reasons += [part.reason for part in found.parts if not part.changes]
        for reason in (Reason.MANIFEST, Reason.DRIFT, Reason.DEFAULT):
            if reason in reasons:
                return reason
    return Reason.MANIFEST


def _summary(action: Action, found: Diff) -> str:
    match action:
        case Action.CREATE:
            return "create"
        case Action.DELETE:
            return "delete"
        case Action.ADOPT:
            names = names_in(found)
            return "take over an existing object" + (f", and change {', '.join(names)}" if names else "")
        case _:
            return ", ".join(names_in(found))

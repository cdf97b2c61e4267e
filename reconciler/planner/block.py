"""What keeps a resource from being touched: trouble at its endpoint, a quarantine, a hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.address import Address
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.model.resource import Desired, Management, Presence, Recorded
from reconciler.planner.inputs import PlanInput


@dataclass(slots=True)
class Decision:
    """What came out for one resource: at most one step, any number of reasons."""

    step: Step | None = None
    blocked: list[Blocked] = field(default_factory=list)
    settled: bool = False

    def block(
        self, item: Desired | Recorded, action: Action, why: BlockReason, message: str, hint: str = ""
    ) -> None:
        """Add a reason why this action is not done, or not wholly: a step that is there stays."""
        self.blocked.append(Blocked(item.address, action, why, message, hint))


def is_blocked(
    decision: Decision, item: Desired | Recorded, recorded: Recorded | None, action: Action, given: PlanInput
) -> bool:
    """Whether something keeps the resource from being touched at all; the reasons go into the decision."""
    endpoint = given.endpoints.get(item.endpoint)
    if endpoint is None:
        decision.block(item, action, BlockReason.UNSUPPORTED, f"there is no endpoint `{item.endpoint}`")
    elif endpoint.trouble:
        hint = "nothing is changed on what is not known; it is looked at again the next time"
        decision.block(item, action, BlockReason.UNKNOWN, endpoint.trouble, hint)
    elif (
        recorded is not None and recorded.management is Management.QUARANTINED and action is not Action.ADOPT
    ):
        hint = (
            f"it is over by itself at the next look that finds our mark for {recorded.uid} on the object "
            "again, its tags, labels or comment put back as they were, or that finds the object gone; "
            f'to take it over as it is, set lifecycle.adopt: "{recorded.external_id}"; to give it up, '
            f"`reconciler forget {recorded.address}`: the object stays"
        )
        decision.block(
            item, action, BlockReason.QUARANTINED, "is in quarantine: whose it is cannot be decided", hint
        )
    elif recorded is not None and recorded.busy:
        hint = "it is planned again when that has ended; nothing needs unlocking"
        decision.block(item, action, BlockReason.BUSY, "an operation on it is under way", hint)
    elif recorded is not None and recorded.presence is Presence.UNKNOWN:
        message = "whether it still exists is not known: the last observation could not see it"
        hint = "run `reconciler observe` when it can be seen"
        if recorded.presence_reason:
            message = f"what it is now cannot be recorded: {recorded.presence_reason}"
            hint = "put that right at the provider; the next observation takes it up by itself"
        decision.block(item, action, BlockReason.UNKNOWN, message, hint)
    else:
        _paused(decision, item, recorded, action, given)
    return bool(decision.blocked)


def _paused(
    decision: Decision, item: Desired | Recorded, recorded: Recorded | None, action: Action, given: PlanInput
) -> None:
    # A manifest that takes the held tag away does not take the hold away.
    sides = [item.tags] if recorded is None else [item.tags, recorded.tags]
    for hold in given.holds:
        if any(hold.covers(item.address, item.endpoint, tags, given.now) for tags in sides):
            end = f" until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
            message = f"held by {hold.owner}{end}: {hold.reason}"
            decision.block(item, action, BlockReason.HELD, message, _how_to_release(hold, item.address))
            return


def _how_to_release(hold: Hold, address: Address) -> str:
    """A hold on an address alone ends by that address, a wider one only by its number."""
    if hold.address == address and (hold.endpoint, hold.type, hold.tag) == (None, None, None):
        return f"reconciler release {address}"
    return "reconciler release NUMBER; `reconciler get holds` has the number, and what else it holds"

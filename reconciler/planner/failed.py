"""What failed before: a step that waits, one that is parked for good, or one that only says so.

A failure counts against the action that failed and the specification that it failed for. So a corrected
manifest is tried at once, and what is to be destroyed waits for no failed update.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.catalog import Mutability
from reconciler.model.diff import Reason
from reconciler.model.failure import Failure
from reconciler.model.plan import Action, BlockReason, Step
from reconciler.model.resource import Desired, Recorded
from reconciler.planner.block import Decision
from reconciler.planner.inputs import PlanInput


def after_failure(decision: Decision, item: Desired | Recorded, given: PlanInput) -> Decision:
    """The decision with what failed before: its step is held back, or names the last failure."""
    step = decision.step
    if step is None:
        return decision
    for failure in given.failures.get(step.address, ()):
        if failure.action is not step.action or not _counts(failure, step):
            continue
        hint = f"reconciler retry {item.address}"
        if failure.not_before is None:
            if not given.retry_parked:
                message = f"is not tried again by itself: {failure.message}"
                decision.block(item, step.action, BlockReason.BACK_OFF, message, hint)
                decision.step = None
        elif failure.not_before > given.now and not given.retry_now:
            until = f"{failure.not_before:%Y-%m-%d %H:%M:%S} UTC"
            message = f"is tried again after {until}: {failure.message}"
            decision.block(item, step.action, BlockReason.BACK_OFF, message, hint)
            decision.step = None
        else:
            decision.step = replace(step, failed=failure.message)
    return decision


def _counts(failure: Failure, step: Step) -> bool:
    """Whether it failed for what the step is to do now."""
    if failure.desired_hash == step.desired_hash:
        return True
    # A replacement that brought nothing would destroy another machine for nothing: something else in the
    # manifest is no reason to try that again, only another value of what it is replaced for.
    return failure.parked and step.action is Action.REPLACE and _nothing_new(step)


def _nothing_new(step: Step) -> bool:
    return all(
        change.reason is Reason.DRIFT for change in step.changes if change.mutability is Mutability.REPLACE
    )

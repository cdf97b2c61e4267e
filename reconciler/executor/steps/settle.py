"""T4: what a step brought, in one transaction with its end: state, attributes, history, result.

The object is looked at once more, and that is what is recorded; only where a provider shows nothing (a
logical resource) is the desired side recorded as the fact.
"""

from __future__ import annotations

from reconciler.diff import diff
from reconciler.errors import CredentialError, ErrorCode, PlanError, ProviderError, Stopped
from reconciler.executor.context import Context
from reconciler.executor.observe.denial import observe_ours
from reconciler.executor.observe.endpoint import observe_targets, record_seen
from reconciler.executor.steps.applied import as_applied
from reconciler.executor.steps.at_once import End, has_write_only, settled_at_once
from reconciler.executor.steps.find import marked
from reconciler.executor.steps.ineffective import ineffective
from reconciler.executor.steps.outcome import Result
from reconciler.executor.steps.retries import step_pause
from reconciler.executor.steps.swings import swings
from reconciler.model.observation import Observation
from reconciler.model.plan import Action, Step
from reconciler.model.resource import Mark
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.failures import clear_failures, failures_so_far, record_failure
from reconciler.store.recorded.observations import Ours
from reconciler.store.recorded.resources import applied, drop_tags, load_recorded
from reconciler.store.work import objects
from reconciler.store.work import operations as ops


def settle_success(context: Context, step: Step, begun: ops.Begun, end: End) -> None:
    """Record the step's result and end its operation as done. Raises ProviderError if it did not hold."""
    seen = _after(context, step, begun, end) if step.action is not Action.FORGET else None
    if settled_at_once(context, step, begun, end, seen):
        return
    with context.store.transaction(context.acting(begun.operation, step.summary)) as tx:
        _end_call(tx, begun, end)
        match step.action:
            case Action.DELETE:
                objects.remove_resource(tx, begun)
            case Action.FORGET:
                _forget(tx, begun)
            case _:
                _record(tx, context, step, begun, seen)
        again = ineffective(tx, context, step, begun)
        again = again or swings(tx, step, begun)
        if again is None:
            clear_failures(tx, begun.resource_id, step.action)
        else:
            _leave_alone(tx, step, begun, again.code, again.message, for_good=again.for_good)
        ops.finish(tx, begun, "done")


def _end_call(tx: Transaction, begun: ops.Begun, end: End) -> None:
    """The last call is done, and nobody has said so yet."""
    if end.call is not None:
        ops.call_finished(tx, begun, end.call, "done")


def _leave_alone(
    tx: Transaction, step: Step, begun: ops.Begun, code: str, message: str, *, for_good: bool = False
) -> None:
    """Count a failure, and say until when the step is not tried again by itself. `for_good`: never."""
    failures = 1 + failures_so_far(tx, begun.resource_id, step.action, step.desired_hash)
    record_failure(
        tx,
        begun.resource_id,
        step.action,
        step.desired_hash,
        code,
        message,
        failures=failures,
        seconds=None if for_good else step_pause(failures),
    )


def _after(context: Context, step: Step, begun: ops.Begun, end: End) -> Observation | None:
    """The look after the calls. If it fails, what they brought is not known: neither success nor failure."""
    try:
        seen = observe_again(context, step, begun, end.external_id)
    except Stopped:
        raise
    except ProviderError as error:
        raise _in_doubt(error.message, error.code) from error
    if seen is None or not step.calls:
        return seen
    if seen.unseen and not seen.resources and not seen.absent:
        raise _in_doubt("; ".join(sorted({item.message for item in seen.unseen})), ErrorCode.UNAVAILABLE)
    deleted = step.action is Action.DELETE
    if deleted and seen.resources:
        raise ProviderError(f"{step.address} is still there after its deletion", transient=True)
    if not deleted and seen.absent and not seen.resources:
        raise ProviderError(f"{step.address} is gone again", code=ErrorCode.NOT_FOUND, hint="plan again")
    return seen


def _in_doubt(why: str, code: ErrorCode) -> ProviderError:
    return ProviderError(
        f"every call was accepted, but the object could not be looked at: {why}",
        code=code,
        ambiguous=True,
        hint="the next observation says how it is",
    )


def observe_again(
    context: Context, step: Step, begun: ops.Begun, external_id: str | None
) -> Observation | None:
    """Look at the step's object, by its id; None where it has none. Raises ProviderError."""
    if not external_id:
        return None
    if step.action is Action.CREATE:  # made just now, where this login made it: its denial is no doubt
        return observe_targets(context, step.endpoint, [(step.address.type, external_id)])
    return observe_ours(context, step.endpoint, Ours(step.address.type, external_id, begun.uid))


def _forget(tx: Transaction, begun: ops.Begun) -> None:
    if not objects.release_object(tx, begun):
        objects.remove_resource(tx, begun)


def _record(
    tx: Transaction, context: Context, step: Step, begun: ops.Begun, seen: Observation | None
) -> None:
    if seen is None or not (seen.resources or seen.absent or seen.unseen):
        seen = _as_desired(tx, context, step, begun)
    record_seen(tx, context, step.endpoint, step.address.type, begun.uid, seen)
    offer = context.catalog.offer(step.address.type, step.provider_type)
    if offer is not None and not offer.tags:  # no provider will show that they are gone
        drop_tags(tx, begun.resource_id, [tag.key for tag in step.tags if tag.after is None])
    if step.desired_hash is not None:
        if has_write_only(context.catalog, step.provider_type):
            ops.write_only_written(tx, step.address, step.desired_hash)
        if not step.partial and _is_whole(tx, context, step):
            applied(tx, begun.resource_id, step.desired_hash)


def _is_whole(tx: Transaction, context: Context, step: Step) -> bool:
    """Whether a step applied all of its specification. A driver may take an object over and do no more."""
    if step.action is not Action.ADOPT:
        return True
    desired = load_desired(tx, [step.address], context.catalog).get(step.address)
    recorded = load_recorded(tx, [step.address], context.catalog).get(step.address)
    return desired is not None and recorded is not None and not diff(desired, recorded, context.catalog)


def _as_desired(tx: Transaction, context: Context, step: Step, begun: ops.Begun) -> Observation:
    """What is recorded with the step made, as if observed, for providers that have nothing to look at."""
    desired = load_desired(tx, [step.address], context.catalog).get(step.address)
    if desired is None or desired.hash() != step.desired_hash:
        raise PlanError(f"{step.address}: its manifest changed while it was applied", hint="apply again")
    external_id = objects.external_id_of(tx, begun.resource_id) or str(begun.uid)
    recorded = load_recorded(tx, [step.address], context.catalog).get(step.address)
    mark = Mark(context.owner, begun.uid, begun.operation)
    item = as_applied(desired, recorded, step, external_id, mark)
    objects.set_external_id(tx, begun, external_id)
    return Observation(resources=(item,))


def settle_failure(
    context: Context,
    step: Step,
    begun: ops.Begun,
    error: ProviderError | PlanError | CredentialError,
    end: End,
    *,
    ambiguous: bool,
    successor: str | None = None,
) -> Result:
    """Record how the object is now, and end the operation as failed, or as ambiguous.

    `successor`: the new object's id in a replacement that makes it first. It is the row's once the old one
    is seen to be gone.
    """
    try:
        seen = observe_again(context, step, begun, end.external_id)
        old_is_gone = seen is not None and bool(seen.absent) and not seen.resources
        if successor is not None and old_is_gone:
            seen = observe_targets(context, step.endpoint, [(step.address.type, successor)])
        else:
            successor = None
    except ProviderError:
        seen = successor = None  # it cannot be seen now; the next observation will say
    code = error.code.value if isinstance(error, ProviderError) else "plan"
    with context.store.transaction(context.acting(begun.operation, f"{step.action} failed")) as tx:
        _end_call(tx, begun, end)
        give_back(tx, context, step.action, begun, seen)
        if successor is not None:
            objects.object_made(tx, begun, successor)
        if seen is not None:
            record_seen(tx, context, step.endpoint, step.address.type, begun.uid, seen)
        objects.settle_state(tx, begun)
        if ambiguous:
            objects.doubt(tx, begun)
        _leave_alone(tx, step, begun, code, error.message)
        ops.finish(tx, begun, "ambiguous" if ambiguous else "failed", code, error.message)
    return Result.AMBIGUOUS if ambiguous else Result.FAILED


def settle_unsent(context: Context, begun: ops.Begun) -> None:
    """End an operation of which nothing was sent; that is no failure of the resource's."""
    with context.store.transaction(context.acting(begun.operation, "stopped")) as tx:
        objects.settle_state(tx, begun)
        ops.finish(tx, begun, "interrupted", "stopped", "stopped before its first call")


def give_back(
    tx: Transaction, context: Context, action: Action, begun: ops.Begun, seen: Observation | None
) -> None:
    """What was to be taken over and does not carry our mark is nobody's again, not in quarantine."""
    if action is Action.ADOPT and (seen is None or marked(context, begun, seen) is None):
        objects.release_object(tx, begun)

"""What is asked once more before a step's first call. It sends nothing that changes anything."""

from __future__ import annotations

from reconciler.errors import ErrorCode, PlanError, ProviderError
from reconciler.executor.context import Context
from reconciler.executor.steps.fill import addresses, nothing_there
from reconciler.executor.steps.find import marked
from reconciler.executor.steps.settle import observe_again
from reconciler.model.catalog import MARKED, Identity
from reconciler.model.plan import Step
from reconciler.store.work import operations as ops


def verify_needed(step: Step, begun: ops.Begun) -> None:
    """Whether all that the calls need of others is there; raises PlanError if it is not.

    A machine is not stopped for a change that cannot be finished.
    """
    for address in sorted(each for each in addresses(step.calls) if each.root != step.address):
        if begun.ids.get(address) is None:
            raise nothing_there(address)


def verify_ours(context: Context, step: Step, begun: ops.Begun) -> None:
    """Before anything is destroyed its mark is read again: ids are reused, and people change things.

    Raises PlanError where the object is not ours any more, ProviderError where that cannot be seen.
    """
    if not any(call.deletes for call in step.calls):
        return
    seen = observe_again(context, step, begun, begun.external_id)
    if seen is None:
        return
    if seen.unseen and not (seen.resources or seen.absent):
        why = "; ".join(sorted({item.message for item in seen.unseen}))
        raise ProviderError(
            f"{step.address} was left alone; it cannot be seen whether the object is ours: {why}",
            code=ErrorCode.UNAVAILABLE,
            hint="see that the endpoint's credential is the one of its project",
        )
    offer = context.catalog.offer(step.address.type, step.provider_type)
    if offer is None or offer.identity not in MARKED:
        return
    if offer.identity is Identity.KEY and not any(item.markable for item in seen.resources):
        return  # there is one object of that key, and the database says that it is ours
    if seen.resources and marked(context, begun, seen) is None:
        raise PlanError(
            f"{step.address}: the object does not carry our mark any more; it was left alone",
            hint="look whose it is; if it is ours, put the mark back where it was, or let go of it: "
            f"reconciler forget {step.address}",
        )

"""Whether a deletion that was answered with "there is no such thing" has its end reached.

It usually has: somebody else was faster. But the answer may also be no more than that of something before
the provider, and with the row's id the object would be forgotten while it lives on.
"""

from __future__ import annotations

from reconciler.errors import ErrorCode, ProviderError
from reconciler.executor.context import Context
from reconciler.executor.observe.denial import observe_gone
from reconciler.model.plan import Call, Step
from reconciler.store.recorded.observations import Ours
from reconciler.store.work.operations import Begun


def is_gone(
    context: Context, step: Step, begun: Begun, external_id: str | None, call: Call, error: ProviderError
) -> bool:
    """Whether a call that failed was a deletion of what is not there any more. `external_id`: what it was.

    Raises ProviderError where the object is shown all the same, or where that cannot be looked at.
    """
    if not call.deletes or error.code is not ErrorCode.NOT_FOUND:
        return False
    if not external_id:
        return True
    seen = observe_gone(context, step.endpoint, Ours(step.address.type, external_id, begun.uid))
    if seen.absent:
        return True
    why = "it is in the list all the same" if seen.resources else "; ".join(u.message for u in seen.unseen)
    raise ProviderError(f"{error.message}; {why}", code=error.code, transient=True)

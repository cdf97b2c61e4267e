"""Finding an object of ours again when its create's answer was lost: by identity and mark, never by guess."""

from __future__ import annotations

from reconciler.executor.context import Context
from reconciler.executor.look import look_at, look_for
from reconciler.model.catalog import BY_NAME
from reconciler.model.observation import Observation
from reconciler.model.plan import Step
from reconciler.store.operations import Begun


def found_by_identity(context: Context, step: Step, begun: Begun) -> str | None:
    """The external id of the object that carries this resource's mark, or None if none was seen.

    None says "not seen", not "absent". Raises ProviderError if the look itself fails.
    """
    if begun.reserved is not None:
        seen = look_at(context, step.endpoint, [(step.address.type, begun.reserved)])
    else:
        offer = context.catalog.offer(step.address.type, step.provider_type)
        if offer is None or offer.identity not in BY_NAME:
            return None
        seen = look_for(context, step.endpoint, step.address.type)
    return marked(context, begun, seen)


def marked(context: Context, begun: Begun, seen: Observation) -> str | None:
    """The object among those seen that carries our mark for this resource."""
    for item in seen.resources:
        if item.mark is not None and item.mark.owner == context.owner and item.mark.resource == begun.uid:
            return item.external_id
    return None

"""Finding an object of ours again when its create's answer was lost: by identity and mark, never by guess."""

from __future__ import annotations

from reconciler.errors import ProviderError
from reconciler.executor.context import Context
from reconciler.executor.observe.endpoint import observe_targets, observe_type
from reconciler.model.catalog import BY_NAME, OWN_NAME
from reconciler.model.observation import Observation
from reconciler.model.plan import Step
from reconciler.store.work.operations import Begun


def found_by_identity(context: Context, step: Step, begun: Begun) -> str | None:
    """The external id of the object that carries this resource's mark, or None if none was seen.

    None says "not seen", not "absent". Raises ProviderError if the look itself fails.
    """
    if begun.reserved is not None:
        seen = observe_targets(context, step.endpoint, [(step.address.type, begun.reserved)])
    else:
        offer = context.catalog.offer(step.address.type, step.provider_type)
        if offer is None or offer.identity not in BY_NAME:
            return None
        seen = observe_type(context, step.endpoint, step.address.type)
    return marked(context, begun, seen)


def held_by(context: Context, step: Step) -> str:
    """Who has what the step's object may not share, in words; empty where that cannot be seen."""
    kind = step.address.type
    rules = context.catalog.attributes(kind, step.provider_type)
    wanted = {each.name: each.after for each in step.changes if rules[each.name].unique}
    own = next((name for name, rule in rules.items() if rule.default == OWN_NAME), None)
    if own is not None:
        wanted.setdefault(own, rules[own].default_for(step.address.name))
    try:
        seen = observe_type(context, step.endpoint, kind)
    except ProviderError:
        return ""
    for item in seen.resources:
        shared = [name for name, value in wanted.items() if item.attributes.get(name) == value]
        mine = item.mark is not None and (item.mark.owner, item.mark.resource) == (
            context.owner,
            step.resource,
        )
        if shared and not mine:
            return f"`{shared[0]}` is held by {kind} {item.name} (id {item.external_id}) at {step.endpoint}"
    return ""


def marked(context: Context, begun: Begun, seen: Observation) -> str | None:
    """The object among those seen that carries our mark for this resource."""
    for item in seen.resources:
        if item.mark is not None and item.mark.owner == context.owner and item.mark.resource == begun.uid:
            return item.external_id
    return None

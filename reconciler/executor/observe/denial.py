"""Whether a provider's word that an object of ours does not exist can be believed.

To the token of another project every object is denied, in the same words as one that is really gone. So a
denial counts only from a login (an address and a credential) that was shown something of ours; what was
denied without that is unseen, and nothing is concluded from it.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from reconciler.executor.context import Context
from reconciler.executor.observe.endpoint import observe_targets, observe_type
from reconciler.model.catalog import MARKED, Identity
from reconciler.model.observation import Observation, Unseen
from reconciler.model.resource import Observed
from reconciler.store.recorded.observations import Ours, others_of_ours


def observe_ours(context: Context, endpoint: str, it: Ours, *, believed: str | None = None) -> Observation:
    """Look at one object that is recorded as ours. A denial that proves nothing comes back as unseen.

    `believed`: the login whose denial is to be believed, because it was shown this object before.
    Raises ProviderError if the look itself fails.
    """
    seen = observe_targets(context, endpoint, [(it.type, it.external_id)])
    if any(_is(context, endpoint, each, it) for each in seen.resources):
        context.connections.trust(endpoint)
    if not seen.absent or believed == context.connections.login(endpoint):
        return seen
    requests = count_ours(context, endpoint, it.uid)
    seen = replace(seen, requests=seen.requests + requests)
    return seen if context.connections.trusted(endpoint) else _doubted(endpoint, seen)


def observe_gone(context: Context, endpoint: str, it: Ours, *, believed: str | None = None) -> Observation:
    """As `observe_ours`, for an object of whose absence only this denial would speak.

    It counts where the list of its type, complete, does not have the object either: an answer of "not found"
    may be no more than that of something before the provider. Raises ProviderError if a look itself fails.
    """
    seen = observe_ours(context, endpoint, it, believed=believed)
    if not seen.absent:
        return seen
    listed = observe_type(context, endpoint, it.type, frozenset({it.external_id}))
    seen = replace(seen, requests=seen.requests + listed.requests)
    there = tuple(item for item in listed.resources if (item.type, item.external_id) in seen.absent)
    if there:
        return replace(seen, absent=frozenset(), resources=there)
    if it.type in listed.complete:
        return seen
    message = f"{endpoint} says that it does not exist, and does not show all of its kind"
    return replace(seen, absent=frozenset(), unseen=(*seen.unseen, Unseen(it.type, it.external_id, message)))


def count_ours(context: Context, endpoint: str, uid: UUID) -> int:
    """Look at others of ours there until one is seen, and the login is trusted; the number of requests."""
    if context.connections.trusted(endpoint):
        return 0
    with context.store.read() as tx:
        others = others_of_ours(tx, endpoint, uid)
    requests = 0
    for other in others:
        seen = observe_targets(context, endpoint, [(other.type, other.external_id)])
        requests += seen.requests
        if any(_is(context, endpoint, each, other) for each in seen.resources):
            context.connections.trust(endpoint)
            break
    return requests


def _is(context: Context, endpoint: str, seen: Observed, it: Ours) -> bool:
    """Whether this is that very object of ours: ids alone may be the same at two installations.

    Of one that is known by a natural key and has no room for a mark, the key is all that there is to go by.
    """
    if (seen.type, seen.external_id) != (it.type, it.external_id):
        return False
    offer = context.catalog.offer(it.type, context.connections.to(endpoint).endpoint.provider_type)
    if offer is None or offer.identity not in MARKED:
        return True
    if not seen.markable:
        return offer.identity is Identity.KEY
    return seen.mark is not None and (seen.mark.owner, seen.mark.resource) == (context.owner, it.uid)


def _doubted(endpoint: str, seen: Observation) -> Observation:
    message = (
        f"{endpoint} says that it does not exist, but shows nothing else of ours either; with another "
        "project's token it would look the same. If all of ours there is really gone: "
        f"reconciler observe {endpoint} --accept-empty"
    )
    doubts = tuple(Unseen(kind, external_id, message) for kind, external_id in sorted(seen.absent))
    return replace(seen, absent=frozenset(), unseen=(*seen.unseen, *doubts))

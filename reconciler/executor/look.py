"""Looking at an endpoint and recording what was seen. No mutation is ever sent from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from reconciler.errors import CredentialError, ProviderError
from reconciler.executor.context import Context
from reconciler.model.address import Address
from reconciler.model.observation import Observation
from reconciler.providers.driver import ObserveRequest
from reconciler.store.observations import (
    Recording,
    Scope,
    known_ids,
    log_observation,
    observation_start,
    record_observation,
)
from reconciler.store.session import Actor, Transaction


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking at one endpoint. `trouble`: why nothing, or not all, can be said of it.

    `blind`: nothing at all was seen, so that nothing may be changed there.
    """

    endpoint: str
    requests: int = 0
    seen: int = 0
    changed: tuple[Address, ...] = ()
    gone: tuple[Address, ...] = ()
    unknown: tuple[Address, ...] = ()
    quarantined: tuple[Address, ...] = ()
    trouble: str | None = None
    blind: bool = False


def root_types(context: Context, provider_type: str) -> frozenset[str]:
    """The types to look for at a provider: all that it offers, parts aside."""
    catalog = context.catalog
    return frozenset(
        name
        for name, offered in catalog.offers
        if offered == provider_type and not catalog.resource_types[name].is_part
    )


def observe(context: Context, name: str, *, accept_empty: bool = False) -> Look:
    """Look at a whole endpoint and record it, in a transaction of its own."""
    endpoint = context.connections.endpoint(name)
    actor = Actor(context.actor, f"observation of {name}", "observation")
    with context.store.read() as tx:
        since, known = observation_start(tx), known_ids(tx, name)
    scope = Scope(
        name, endpoint.provider_type, root_types(context, endpoint.provider_type), since, (), (), accept_empty
    )
    try:
        seen = context.connections.driver(name).observe(ObserveRequest(types=scope.types, known=known))
    except (ProviderError, CredentialError) as error:
        with context.store.transaction(actor) as tx:
            log_observation(tx, scope, None, "failed", error.message)
        return Look(name, trouble=error.message, blind=True)
    with context.store.transaction(actor) as tx:
        recording = record_observation(tx, scope, seen, context.owner, context.catalog)
        trouble = recording.trouble or "; ".join(sorted({item.message for item in seen.unseen})) or None
        log_observation(tx, scope, seen, "partial" if trouble else "complete", trouble)
    return _look(name, seen, recording, trouble)


def _look(name: str, seen: Observation, recording: Recording, trouble: str | None) -> Look:
    return Look(
        endpoint=name,
        requests=seen.requests,
        seen=recording.seen,
        changed=recording.changed,
        gone=recording.gone,
        unknown=recording.unknown,
        quarantined=recording.quarantined,
        trouble=trouble,
    )


def look_at(context: Context, endpoint: str, targets: Iterable[tuple[str, str]]) -> Observation:
    """Look at single objects, as (type, external id)."""
    wanted = tuple(targets)
    request = ObserveRequest(
        types=frozenset(kind for kind, _ in wanted), targets=wanted, known=_known(wanted)
    )
    return context.connections.driver(endpoint).observe(request)


def _known(targets: tuple[tuple[str, str], ...]) -> dict[str, frozenset[str]]:
    kinds = {kind for kind, _ in targets}
    return {kind: frozenset(ext for each, ext in targets if each == kind) for kind in kinds}


def look_for(context: Context, endpoint: str, kind: str, known: frozenset[str] = frozenset()) -> Observation:
    """Look at all objects of one type, to find one by its mark."""
    request = ObserveRequest(types=frozenset({kind}), known={kind: known})
    return context.connections.driver(endpoint).observe(request)


def record_seen(
    tx: Transaction, context: Context, endpoint: str, kind: str, uid: UUID, seen: Observation
) -> Recording:
    """Record what was seen of single objects, in the caller's transaction."""
    provider_type = context.connections.endpoint(endpoint).provider_type
    scope = Scope(
        endpoint=endpoint,
        provider_type=provider_type,
        types=frozenset({kind}),
        since=observation_start(tx),
        targets=tuple((item.type, item.external_id) for item in seen.resources) + tuple(sorted(seen.absent)),
        uids=(uid,),
    )
    return record_observation(tx, scope, seen, context.owner, context.catalog)

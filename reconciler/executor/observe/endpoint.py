"""Looking at an endpoint and recording what was seen. No mutation is ever sent from here."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from uuid import UUID

from reconciler.errors import ConfigurationError, CredentialError, ProviderError, ReconcilerError
from reconciler.executor.context import Context
from reconciler.executor.observe.authorship import ask_who
from reconciler.model.address import Address
from reconciler.model.observation import Observation, Offer
from reconciler.providers.driver import ObserveRequest
from reconciler.store.database.session import Actor, Transaction
from reconciler.store.recorded.observations import (
    Recording,
    Scope,
    known_ids,
    log_observation,
    observation_start,
    record_observation,
)
from reconciler.store.recorded.observed_tasks import happened, last_look

_MOST_DOUBTFUL = 20
"""Objects of one type that are asked for one by one where their list is in doubt."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What came of looking at one endpoint. `trouble`: why nothing, or not all, can be said of it.

    `blind`: nothing at all was seen, so that nothing may be changed there. `untold`: why it may not be known
    who did at the provider what was found; None where that was told, or the provider has no way to.
    `offers`: see `Observation`.
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
    untold: str | None = None
    offers: tuple[Offer, ...] | None = None


def observe(context: Context, name: str, *, accept_empty: bool) -> Coverage:
    """Look at a whole endpoint and record it, in transactions of its own: none is open while waiting."""
    return look_and_record(context, name, accept_empty=accept_empty)[0]


def look_and_record(
    context: Context, name: str, *, accept_empty: bool = False
) -> tuple[Coverage, Scope, Observation | str]:
    """The same, with what was looked at, and what was seen or why nothing could be."""
    actor = Actor(context.actor, f"observation of {name}", "observation")
    with context.store.read() as tx:
        scope, known = _scope(tx, context, name, accept_empty)
        before = last_look(tx, name)
    seen = _see(context, scope, known)
    scope = _signed(context, scope, seen)
    with context.store.transaction(actor) as tx:
        covered = _record_all(tx, context, scope, seen)
        found = happened(tx) if before is not None and not covered.blind else ()
    if before is not None and found:
        asked = ask_who(context, name, before, found)
        covered = replace(covered, requests=covered.requests + asked.requests, untold=asked.untold)
    return covered, scope, seen


def observe_within(tx: Transaction, context: Context, name: str) -> Coverage:
    """The same in the caller's transaction, for a rehearsal with an endpoint that is only declared."""
    scope, known = _scope(tx, context, name, accept_empty=False)
    seen = _see(context, scope, known)
    return _record_all(tx, context, _signed(context, scope, seen), seen)


def _signed(context: Context, scope: Scope, seen: Observation | str) -> Scope:
    """With who looked, where anything was seen."""
    return scope if isinstance(seen, str) else replace(scope, login=context.connections.login(scope.endpoint))


def _scope(
    tx: Transaction, context: Context, name: str, accept_empty: bool
) -> tuple[Scope, dict[str, frozenset[str]]]:
    provider_type = context.connections.to(name).endpoint.provider_type
    types = context.catalog.root_types(provider_type)
    scope = Scope(name, provider_type, types, observation_start(tx), accept_empty=accept_empty)
    return scope, known_ids(tx, name)


def _see(context: Context, scope: Scope, known: dict[str, frozenset[str]]) -> Observation | str:
    """What was seen, or why nothing could be."""
    try:
        with context.connections.hasty():
            driver = context.connections.driver(scope.endpoint)
            seen = driver.observe(ObserveRequest(types=scope.types, known=known))
            doubtful = _doubtful(context, seen, known)
            if not doubtful:
                return seen
            again = driver.observe(
                ObserveRequest(frozenset(kind for kind, _ in doubtful), tuple(doubtful), known)
            )
            return _together(seen, again)
    except (ProviderError, CredentialError, ConfigurationError) as error:
        return _told(error, scope.endpoint)
    except OSError as error:  # a CA file that is not there, for one: the trouble of this endpoint alone
        return str(error)


def _told(error: ReconcilerError, endpoint: str) -> str:
    """With what to do about it, which only this error knows."""
    return _bare(f"{error.message} ({error.hint})" if error.hint else error.message, endpoint)


def _bare(message: str, endpoint: str) -> str:
    """Without the endpoint's name, which whoever tells of its trouble says first."""
    return message.removeprefix(f"{endpoint}: ")


def _doubtful(context: Context, seen: Observation, known: dict[str, frozenset[str]]) -> list[tuple[str, str]]:
    """Our objects of types whose list shows none of ours, to be asked for one by one: it may be a fault.

    Not where nothing of ours was seen at all: to another project's token each of them would be denied.
    """
    ours = {
        item.type
        for item in seen.resources
        if item.external_id in known.get(item.type, ()) and item.mark and item.mark.owner == context.owner
    }
    if not ours:
        return []
    empty = [kind for kind in sorted(seen.complete - ours) if len(known.get(kind, ())) <= _MOST_DOUBTFUL]
    return [(kind, external_id) for kind in empty for external_id in sorted(known.get(kind, ()))]


def _together(seen: Observation, again: Observation) -> Observation:
    """A look and a closer one. A list that missed what is there was not complete."""
    there = {(item.type, item.external_id) for item in seen.resources}
    found = tuple(item for item in again.resources if (item.type, item.external_id) not in there)
    return Observation(
        resources=(*seen.resources, *found),
        complete=seen.complete - {item.type for item in found},
        absent=seen.absent | again.absent,
        unseen=(*seen.unseen, *again.unseen),
        requests=seen.requests + again.requests,
        offers=seen.offers,
    )


def observe_closely(
    context: Context, covered: Coverage, targets: tuple[tuple[str, str], ...], tx: Transaction | None = None
) -> Coverage:
    """See whole what is to be taken over, before that is planned; the look with what came of it.

    Without `tx` it is recorded in a transaction of its own, none being open while waiting. Where it cannot
    be seen, nothing may be changed at the endpoint: what a plan would do there is not known.
    """
    name = covered.endpoint
    with nullcontext(tx) if tx else context.store.read() as before:
        since = observation_start(before)
    provider_type = context.connections.to(name).endpoint.provider_type
    scope = Scope(name, provider_type, frozenset(kind for kind, _ in targets), since, targets)
    try:
        with context.connections.hasty():
            seen = observe_targets(context, name, targets)
    except (ProviderError, CredentialError, ConfigurationError) as error:
        return replace(covered, trouble=_told(error, name), blind=True)
    actor = Actor(context.actor, f"observation of {name}", "observation")
    with nullcontext(tx) if tx else context.store.transaction(actor) as writing:
        record_observation(writing, scope, seen, context.owner, context.catalog)
    return replace(covered, requests=covered.requests + seen.requests)


def _record_all(tx: Transaction, context: Context, scope: Scope, seen: Observation | str) -> Coverage:
    if isinstance(seen, str):
        log_observation(tx, scope, None, "failed", seen)
        return Coverage(scope.endpoint, trouble=seen, blind=True)
    recording = record_observation(tx, scope, seen, context.owner, context.catalog)
    trouble = (
        recording.trouble
        or _unrecorded(recording)
        or "; ".join(sorted({_bare(item.message, scope.endpoint) for item in seen.unseen}))
        or None
    )
    log_observation(tx, scope, seen, "partial" if trouble else "complete", trouble)
    return _look(scope.endpoint, seen, recording, trouble)


def _unrecorded(recording: Recording) -> str:
    return "; ".join(
        f"{address} cannot be recorded, and is unknown: {reason}" for address, reason in recording.unrecorded
    )


def _look(name: str, seen: Observation, recording: Recording, trouble: str | None) -> Coverage:
    return Coverage(
        endpoint=name,
        requests=seen.requests,
        seen=recording.seen,
        changed=recording.changed,
        gone=recording.gone,
        unknown=recording.unknown,
        quarantined=recording.quarantined,
        trouble=trouble,
        offers=seen.offers,
    )


def observe_targets(context: Context, endpoint: str, targets: Iterable[tuple[str, str]]) -> Observation:
    """Look at single objects, as (type, external id)."""
    wanted = tuple(targets)
    request = ObserveRequest(
        types=frozenset(kind for kind, _ in wanted), targets=wanted, known=_known(wanted)
    )
    return context.connections.driver(endpoint).observe(request)


def _known(targets: tuple[tuple[str, str], ...]) -> dict[str, frozenset[str]]:
    kinds = {kind for kind, _ in targets}
    return {kind: frozenset(ext for each, ext in targets if each == kind) for kind in kinds}


def observe_type(
    context: Context, endpoint: str, kind: str, known: frozenset[str] = frozenset()
) -> Observation:
    """Look at all objects of one type, to find one by its mark."""
    request = ObserveRequest(types=frozenset({kind}), known={kind: known})
    return context.connections.driver(endpoint).observe(request)


def record_seen(
    tx: Transaction, context: Context, endpoint: str, kind: str, uid: UUID, seen: Observation
) -> Recording:
    """Record what was seen of single objects, in the caller's transaction."""
    provider_type = context.connections.to(endpoint).endpoint.provider_type
    scope = Scope(
        endpoint=endpoint,
        provider_type=provider_type,
        types=frozenset({kind}),
        since=observation_start(tx),
        targets=tuple((item.type, item.external_id) for item in seen.resources) + tuple(sorted(seen.absent)),
        uids=(uid,),
        login=context.connections.login(endpoint),
    )
    return record_observation(tx, scope, seen, context.owner, context.catalog)

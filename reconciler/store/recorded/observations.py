"""Recording an observation: one transaction that makes the recorded side what was seen.

Only what differs is written, so an observation that shows nothing new costs one comparison of hashes for
each object. Whose an object is, what absence means and whether a row differs is decided in `diff`, not here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any
from uuid import UUID

from reconciler.diff.identity import Identified, Match, Row, identify
from reconciler.diff.seen import address_of, differs, stays
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.observation import Observation
from reconciler.model.resource import Management, Presence
from reconciler.store.database.gathering import gathering
from reconciler.store.database.ids import load_ids
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import storable
from reconciler.store.recorded.observed_roots import (
    told_apart,
    write,
    write_unknown,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What was looked at. `targets` as (type, external id); empty means the types as a whole.

    With `uids` it is the look after an operation on these resources: they are written even where the
    provider shows nothing new, for what is recorded of them is not all the provider's. `login` is a
    fingerprint of who looked; see `identify`.
    """

    endpoint: str
    provider_type: str
    types: frozenset[str]
    since: datetime
    targets: tuple[tuple[str, str], ...] = ()
    uids: tuple[UUID, ...] = ()
    accept_empty: bool = False
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """An object at an endpoint that is recorded as ours."""

    type: str
    external_id: str
    uid: UUID


@dataclass(frozen=True, slots=True)
class Recording:
    """What an observation changed in the database. `trouble`: why absence could not be concluded.

    `unrecorded`: what was seen and cannot be recorded, and why; `unknown` holds their addresses too.
    """

    seen: int
    changed: tuple[Address, ...]
    gone: tuple[Address, ...]
    unknown: tuple[Address, ...]
    quarantined: tuple[Address, ...]
    trouble: str | None
    unrecorded: tuple[tuple[Address, str], ...] = ()


def observation_start(tx: Transaction) -> datetime:
    """The database's time; taken before looking, so that newer knowledge is not overwritten by older."""
    moment: datetime = tx.value("observations.now")
    return moment


def known_ids(tx: Transaction, endpoint: str) -> dict[str, frozenset[str]]:
    """External ids at an endpoint that are recorded as ours, may have become it by a create whose answer was
    lost, or are wanted by manifests to become it, by type."""
    found: dict[str, set[str]] = {}
    for kind, external_id in tx.rows("observations.known", endpoint=endpoint):
        found.setdefault(kind, set()).add(external_id)
    return {kind: frozenset(ids) for kind, ids in found.items()}


def adoption_targets(tx: Transaction, endpoints: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """What manifests want to take over and no look has shown whole, by endpoint, as (type, external id)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for endpoint, kind, external_id in tx.rows("observations.adoption_targets", endpoints=sorted(endpoints)):
        found.setdefault(endpoint, []).append((kind, external_id))
    return {endpoint: tuple(targets) for endpoint, targets in found.items()}


def others_of_ours(tx: Transaction, endpoint: str, uid: UUID) -> tuple[Ours, ...]:
    """A few objects other than this one that should be seen at an endpoint, the surest first."""
    return tx.all(Ours, "observations.others", endpoint=endpoint, uid=uid)


@gathering()
def record_observation(
    tx: Transaction, scope: Scope, observation: Observation, owner: UUID, catalog: Catalog
) -> Recording:
    """Write what was seen. The transaction's actor and cause go into the history of every change."""
    if not (scope.targets or scope.uids):
        # Two that look at one endpoint at a time would both write down what neither has seen before.
        tx.rows("observations.one_at_a_time", endpoint=scope.endpoint)
    found = identify(
        observation,
        roots_of(tx, scope),
        owner,
        scope.provider_type,
        catalog,
        accept_empty=scope.accept_empty,
        login=scope.login,
    )
    ids = load_ids(tx)
    sound, odd = told_apart([m for m in found.matches if scope.uids or differs(m)], catalog, ids)
    sound += _pointing_at_new(tx, found, sound)
    refused = write(tx, sound, scope.endpoint, scope.provider_type, catalog, ids)
    unrecorded = write_unknown(tx, odd + refused, scope.endpoint, ids)
    _write_presence(tx, found)
    left_alone = {match.row.id for match, _ in odd + refused if match.row is not None}
    return Recording(
        seen=len(found.matches),
        changed=tuple(m.row.address for m in sound if m.row is not None and m.row.id not in left_alone),
        gone=tuple(row.address for row in found.gone if stays(row)),
        unknown=(*(row.address for row in found.unknown), *(address for address, _ in unrecorded)),
        quarantined=tuple(
            m.row.address if m.row else address_of(m.observed)
            for m in found.matches
            if m.management is Management.QUARANTINED
        ),
        trouble=found.trouble,
        unrecorded=unrecorded,
    )


def roots_of(tx: Transaction, scope: Scope) -> list[Row]:
    """The live roots that a look was about."""
    if scope.targets or scope.uids:
        rows: Iterable[Any] = tx.rows(
            "observations.target_roots",
            endpoint=scope.endpoint,
            types=sorted(scope.types),
            external_ids=[external_id for _, external_id in scope.targets],
            uids=list(scope.uids),
        )
    else:
        # There may be many: none is held twice, as an answer and as what is made of it.
        rows = tx.stream(
            "observations.roots", endpoint=scope.endpoint, types=sorted(scope.types), since=scope.since
        )
    return [
        Row(
            id=row.id,
            uid=row.uid,
            type=intern(row.resource_type),
            external_id=row.external_id,
            address=Address.parse(row.address),
            management=Management(row.management),
            presence=Presence(row.presence),
            state=intern(row.state),
            recorded_hash=row.recorded_hash,
            fresh=row.fresh,
            sent_by=row.sent_by,
            stray=row.stray,
        )
        for row in rows
    ]


def _pointing_at_new(tx: Transaction, found: Identified, sound: list[Match]) -> list[Match]:
    """What refers to objects that were in no book until now: the reference can be resolved at last."""
    new = [match.observed for match in sound if match.row is None]
    if not new:
        return []
    types, external_ids = [each.type for each in new], [each.external_id for each in new]
    rows = tx.rows("observations.look_again", types=types, external_ids=external_ids)
    pointing = {row.id for row in rows}
    pointing -= {match.row.id for match in sound if match.row is not None}
    return [match for match in found.matches if match.row is not None and match.row.id in pointing]


def _write_presence(tx: Transaction, found: Identified) -> None:
    strangers = [row.id for row in found.gone if not stays(row)]
    ours = [row.id for row in found.gone if stays(row) and not _settled(row)]
    _execute(tx, "observations.missing", ours)
    _execute(tx, "observations.delete_strangers", strangers)
    unknown = [row.id for row in found.unknown]
    if unknown:
        tx.execute("observations.presence", ids=unknown, presence=Presence.UNKNOWN.value)


def _settled(row: Row) -> bool:
    return row.presence is Presence.ABSENT and row.management is Management.MANAGED


def _execute(tx: Transaction, name: str, ids: Collection[int]) -> None:
    if ids:
        tx.execute(name, ids=list(ids))


def log_observation(
    tx: Transaction, scope: Scope, observation: Observation | None, outcome: str, message: str | None
) -> None:
    """Keep on record that there was a look: when, how many requests, what was complete, what was not.

    One that says the same as the endpoint's last is counted there, and no row is made.
    """
    said: dict[str, list[object]] = {"types": [], "complete": [], "seen": [], "messages": []}
    if observation is not None:
        unseen = {item.type: item.message for item in observation.unseen}
        counts = Counter(item.type for item in observation.resources)
        kinds = sorted(scope.types)
        said = {
            "types": [*kinds],
            "complete": [kind in observation.complete for kind in kinds],
            "seen": [counts[kind] for kind in kinds],
            "messages": [storable(unseen.get(kind, "")) or None for kind in kinds],
        }
    requests = observation.requests if observation else 0
    look = {"endpoint": scope.endpoint, "requests": requests, "outcome": outcome}
    told = message and storable(message)
    if tx.execute("observations.same", message=told, **look, **said):
        return
    number = tx.value("observations.begin", started_at=scope.since, message=told, **look)
    if said["types"]:
        tx.execute("observations.insert_types", observation_id=number, **said)

"""What happened, as rows: each change, the changeset that it was made in, and the operation behind that.

Everything is read newest first and by index: what is asked for decides what is read, not how much there is.
How the rows become sentences is `report.history`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler.store.database.session import Transaction

Key = tuple[datetime, int]
"""Of a changeset: when its transaction began, and its number."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed, before and after as text; None for nothing.

    `what`: resource (`name` says which of its own columns), state, attribute, tag or relationship; of the
    inventory provider, endpoint, credential, location, datacenter, source, hold or installation, and then
    `resource_id` is 0. `label` and `unit` are an attribute's, `ordinal` an element's place. `address` is
    today's.
    """

    what: str
    name: str
    label: str | None
    before: str | None
    after: str | None
    unit: str | None
    cardinality: str
    is_secret: bool
    is_bookkeeping: bool
    action: str
    ordinal: int
    address: str
    resource_id: int
    change: int
    changed_at: datetime
    changeset_id: int

    @property
    def key(self) -> Key:
        """The changeset that it was made in."""
        return (self.changed_at, self.changeset_id)


@dataclass(frozen=True, slots=True)
class Changeset:
    """Who made changes, when and why. `commit`, `author` and `message` are those of the revision, if any."""

    id: int
    changed_at: datetime
    actor: str
    db_user: str
    reason: str | None
    cause: str
    operation_id: UUID | None
    revision_id: int | None
    commit: str | None
    author: str | None
    message: str | None

    @property
    def key(self) -> Key:
        """What changes refer to."""
        return (self.changed_at, self.id)


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """What an operation was. `reason`: manifest, drift or default. `interruption`: restarted or stopped.

    `seconds` is how long that was; None where the machine was not started again, or was not interrupted.
    """

    id: UUID
    action: str
    status: str
    error_message: str | None
    reason: str | None
    worker_kind: str
    plan_id: int | None
    approved_by: str | None
    interruption: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ObservedTask:
    """A task at the provider, begun by somebody else, that may have made what a look found of a root.

    `happening`: appeared, vanished, started, stopped or changed. `is_sure`: it was this one, or another with
    the same happening of the same changeset. Times are by the provider's clock.
    """

    changed_at: datetime
    changeset_id: int
    address: str
    happening: str
    task: str
    kind: str
    provider_user: str
    began_at: datetime
    ended_at: datetime | None
    is_sure: bool

    @property
    def key(self) -> Key:
        """The changeset of the look."""
        return (self.changed_at, self.changeset_id)


def resources_at(tx: Transaction, address: str) -> tuple[int, ...]:
    """The ids of all that ever had an address, and of the parts of these; also of what is gone."""
    return tuple(row.id for row in tx.rows("history.resources_at", address=address))


def of_resources(
    tx: Transaction, ids: Iterable[int], most: int, since: datetime | None, until: datetime | None
) -> tuple[Change, ...]:
    """The newest `most` changes of these resources, the newest first; both instants are included."""
    return tx.all(Change, "history.of_resources", ids=list(ids), most=most, since=since, until=until)


def of_changesets(tx: Transaction, keys: Iterable[Key], most: int) -> tuple[Change, ...]:
    """What changesets changed of resources, of each history `most` rows of each at most."""
    times, ids = zip(*keys, strict=True)
    return tx.all(Change, "history.of_changesets", changed_at=list(times), id=list(ids), most=most)


def of_inventory(
    tx: Transaction, address: str | None, most: int, since: datetime | None, until: datetime | None
) -> tuple[Change, ...]:
    """The newest changes of endpoints, holds and so on, or of one of them; the newest first."""
    return tx.all(Change, "history.of_inventory", address=address, most=most, since=since, until=until)


def changesets(tx: Transaction, keys: Iterable[Key]) -> dict[Key, Changeset]:
    """Those that changes refer to."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    times, ids = zip(*wanted, strict=True)
    found = tx.all(Changeset, "history.changesets", changed_at=list(times), id=list(ids))
    return {item.key: item for item in found}


def operations(tx: Transaction, ids: Iterable[UUID | None]) -> dict[UUID, OperationFacts]:
    """Those that changesets refer to."""
    wanted = sorted({each for each in ids if each is not None})
    if not wanted:
        return {}
    return {item.id: item for item in tx.all(OperationFacts, "history.operations", ids=wanted)}


def observed_tasks(tx: Transaction, keys: Iterable[Key]) -> dict[tuple[Key, str], tuple[ObservedTask, ...]]:
    """The provider's tasks behind what looks found, by changeset and root; the first to begin first."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    times, ids = zip(*wanted, strict=True)
    found: dict[tuple[Key, str], tuple[ObservedTask, ...]] = {}
    for item in tx.all(ObservedTask, "observed_tasks.of_changesets", changed_at=list(times), id=list(ids)):
        found[item.key, item.address] = (*found.get((item.key, item.address), ()), item)
    return found


def strangers(tx: Transaction, wanted: Iterable[tuple[Key, str]]) -> frozenset[tuple[Key, str]]:
    """Of these changesets and roots those where the root was not ours at the time."""
    pairs = sorted(set(wanted))
    if not pairs:
        return frozenset()
    times, ids = zip(*(key for key, _ in pairs), strict=True)
    roots = [root for _, root in pairs]
    found = tx.rows("history.strangers", changed_at=list(times), id=list(ids), root=roots)
    return frozenset(((row.changed_at, row.id), row.root) for row in found)


@dataclass(frozen=True, slots=True)
class ManifestPlace:
    """Where an address stood in a revision: the file as whoever loaded it wrote it, and in its source.

    `document_hash` is that of a root's document; None of a part.
    """

    address: str
    revision_id: int
    file: str
    path: str
    line: int
    column_number: int
    document_hash: bytes | None


def last_of(tx: Transaction, ids: Iterable[int], most: int) -> tuple[Change, ...]:
    """The last change of each attribute and tag, as far back as `most` changes of each resource."""
    return tx.all(Change, "history.last_of", ids=list(ids), most=most)


def manifests(tx: Transaction, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], ManifestPlace]:
    """Where addresses stood in revisions, by both; without what no manifest had."""
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    addresses, revisions = zip(*pairs, strict=True)
    found = tx.all(ManifestPlace, "history.manifests", addresses=list(addresses), revisions=list(revisions))
    return {(place.address, place.revision_id): place for place in found}

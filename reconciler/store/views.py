"""What the faces read of the database: frozen rows, one function a question. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler.store.database.session import Transaction


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A recorded resource or part. `contained_in` is its container's address, None for a root."""

    address: str
    type: str
    provider_type: str
    provider: str
    endpoint: str
    state: str
    management: str
    presence: str
    external_id: str | None
    contained_in: str | None
    source: str | None
    location: str | None
    datacenter: str | None
    prevent_destroy: bool
    version: int
    observed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    id: int
    claimed_by_host: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderView:
    """`managed` counts the resources that are managed at its endpoints."""

    name: str
    type: str
    display_name: str
    endpoints: int
    managed: int


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as it is listed, without its settings: how its last look went (complete, partial …)."""

    name: str
    provider: str
    provider_type: str
    url: str
    credential: str | None
    drift_policy: str
    request_limit_per_hour: int | None
    managed: int
    observed_at: datetime | None
    outcome: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan. `approved_by` is who approved it last, whether or not that was used."""

    id: int
    hash: str
    status: str
    actor: str
    created_at: datetime
    source: str | None
    needs_approval: bool
    approved_by: str | None
    steps: int


@dataclass(frozen=True, slots=True)
class OperationView:
    """An operation; `finished_at` is None while it is open."""

    id: UUID
    address: str
    operation: str
    status: str
    actor: str
    intended_at: datetime
    finished_at: datetime | None
    plan_id: int | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold in force. Of its scopes, all that are given must fit."""

    id: int
    address: str | None
    endpoint: str | None
    resource_type: str | None
    tag_key: str | None
    tag_value: str | None
    owner: str
    reason: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RevisionView:
    """A revision, whose it is, and the commit that it was read at."""

    id: int
    source: str
    commit: str | None
    author: str | None
    authored_at: datetime | None
    message: str | None
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One change. `what`: resource, state, attribute, tag or relationship; `name` says which of them.

    Of the inventory: `what` is provider, endpoint, credential, location, datacenter, source, hold or
    installation, and `name` what changed of it.
    """

    changed_at: datetime
    address: str
    what: str
    name: str
    before: str | None
    after: str | None
    actor: str
    reason: str | None
    cause: str
    operation_id: UUID | None
    revision_id: int | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class RelationshipView:
    """The parent is what is depended on, contains, hosts or is joined."""

    parent: str
    relationship: str
    child: str


@dataclass(frozen=True, slots=True)
class DriftView:
    """One difference that arose after what is desired was applied. `what`: attribute, tag or resource."""

    address: str
    what: str
    name: str | None
    desired: str | None
    recorded: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class FailureView:
    """A resource that failed and is left alone until `not_before`; None: until a person says otherwise."""

    failures: int
    not_before: datetime | None
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class CredentialView:
    """Where a secret is found, never the secret. `found_in`: a variable or a file, None for the vault.

    `key_id` is the master key that a stored one is under, `stored_at` since when its value is there.
    """

    name: str
    source: str
    found_in: str | None
    fingerprint: str | None
    updated_at: datetime
    expires_at: datetime | None
    used_by: tuple[str, ...]
    key_id: str | None = None
    stored_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many roots there are by whose they are, and how many operations have not ended."""

    managed: int
    unmanaged: int
    quarantined: int
    open_operations: int


def resources(
    tx: Transaction,
    *,
    resource_type: str | None = None,
    address: str | None = None,
    endpoint: str | None = None,
    unmanaged: bool = False,
) -> tuple[ResourceView, ...]:
    """What lives, by address: roots, or the resources of a type (parts too), or what is at an address."""
    asked = {"resource_type": resource_type, "address": address, "endpoint": endpoint, "unmanaged": unmanaged}
    rows = (row._asdict() for row in tx.rows("views.resources", **asked))
    return tuple(ResourceView(**row | {"tags": dict(row["tags"])}) for row in rows)


def unmanaged_at(tx: Transaction, endpoints: Iterable[str]) -> dict[str, int]:
    """How many objects that are not ours there are, by endpoint; without those where there is none.

    What goes with an object of ours (`auto_delete`: the address that a machine was made with) does not count.
    """
    return dict(tx.rows("views.unmanaged_at", endpoints=sorted(endpoints)))


def resource_types(tx: Transaction) -> dict[str, str]:
    """The manifest kind of each resource type, by the type's name."""
    return dict(tx.rows("views.resource_types"))


def providers(tx: Transaction) -> tuple[ProviderView, ...]:
    """By name."""
    return tx.all(ProviderView, "views.providers")


def endpoints(tx: Transaction) -> tuple[EndpointView, ...]:
    """By name, each with what its last observation said."""
    return tx.all(EndpointView, "views.endpoints")


def plans(tx: Transaction, most: int) -> tuple[PlanView, ...]:
    """The newest first."""
    return tx.all(PlanView, "views.plans", most=most)


def operations(tx: Transaction, most: int, address: str | None = None) -> tuple[OperationView, ...]:
    """The newest first."""
    return tx.all(OperationView, "views.operations", most=most, address=address)


def holds(tx: Transaction) -> tuple[HoldView, ...]:
    """The holds in force, oldest first."""
    return tx.all(HoldView, "views.holds")


def revisions(tx: Transaction, most: int) -> tuple[RevisionView, ...]:
    """The newest first."""
    return tx.all(RevisionView, "views.revisions", most=most)


def history(
    tx: Transaction, most: int, address: str | None = None, since: datetime | None = None
) -> tuple[HistoryView, ...]:
    """The newest first; with an address, of it and of its parts, also of earlier ones there.

    The inventory's are addressed by `endpoint/NAME`, `hold/NUMBER` and so on.
    """
    return tx.all(HistoryView, "views.history", most=most, address=address, since=since)


def relationships(tx: Transaction, address: str | None = None) -> tuple[RelationshipView, ...]:
    """Between what is ours: all of them, or those that an address takes part in."""
    return tx.all(RelationshipView, "views.relationships", address=address)


def drift(tx: Transaction) -> tuple[DriftView, ...]:
    """Every difference, by address."""
    return tx.all(DriftView, "views.drift")


def failure(tx: Transaction, address: str) -> FailureView | None:
    """What keeps a resource waiting: its latest failure that still counts, or None."""
    return next(iter(tx.all(FailureView, "views.failure", address=address)), None)


def credentials(tx: Transaction, *, vault: bool = False) -> tuple[CredentialView, ...]:
    """By name, each with the endpoints that log in with it. `vault`: of stored ones what the vault tells."""
    stored = {row.credential_id: row for row in tx.rows("secrets.about")} if vault else {}
    found = []
    for row in tx.rows("views.credentials"):
        fields = {**row._asdict(), "used_by": tuple(row.used_by)}
        about = stored.get(fields.pop("credential_id"))
        key_id, stored_at = (about.master_key_id, about.stored_at) if about else (None, None)
        found.append(CredentialView(**fields, key_id=key_id, stored_at=stored_at))
    return tuple(found)


def typical_seconds(tx: Transaction) -> dict[tuple[str, str], float]:
    """How long an action on a resource type took of late, by (type, action)."""
    return {(kind, action): seconds for kind, action, seconds in tx.rows("views.typical_seconds")}


def counts(tx: Transaction) -> Counts:
    """Over all endpoints."""
    (found,) = tx.all(Counts, "views.counts")
    return found

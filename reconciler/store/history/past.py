"""The past, read as of a mark: what lived then, with all that the database held of it.

A mark of None is the present, read by the same queries, so that two sides of a comparison mean the same. What
is not kept of the past (when a resource was last looked at, what waited for a restart) is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import (
    Desired,
    Lifecycle,
    Management,
    OnRemove,
    Presence,
    Recorded,
    ReplacePolicy,
)
from reconciler.model.values import Attributes
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import Columns, collect
from reconciler.store.desired.rows import load_desired_as_of
from reconciler.store.history.marks import Mark


@dataclass(frozen=True, slots=True)
class PastRow:
    """A resource's or part's own columns as of a mark, with names for ids."""

    id: int
    uid: UUID
    address: str
    type: str
    provider_type: str
    provider: str
    endpoint: str
    state: str
    external_id: str | None
    management: str
    presence: str
    is_root: bool
    prevent_destroy: bool
    on_remove: str | None
    allow_downtime: bool
    replace_policy: str
    create_before_destroy: bool
    source: str | None
    location: str | None
    datacenter: str | None
    created_at: datetime

    @property
    def contained_in(self) -> str | None:
        """Its container's address; None for a root."""
        return None if self.is_root else self.address.rsplit("/", 2)[0]


@dataclass(frozen=True, slots=True)
class Tie:
    """A relationship by row ids; the parent is what is depended on, contains, hosts or is joined."""

    parent: int
    relationship: str
    child: int


@dataclass(frozen=True, slots=True)
class Past:
    """What lived as of a mark: rows by id, and what hung on them. `parts`: the ids that a root contained."""

    mark: Mark | None
    rows: Mapping[int, PastRow]
    attributes: Mapping[int, Attributes] = field(default_factory=dict)
    tags: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    parts: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def recorded(self, row_id: int) -> Recorded:
        """A root with its parts, or a part, as the model has it."""
        row = self.rows[row_id]
        return Recorded(
            id=row.id,
            uid=row.uid,
            address=Address.parse(row.address),
            type=row.type,
            provider_type=row.provider_type,
            endpoint=row.endpoint,
            state=row.state,
            external_id=row.external_id,
            attributes=self.attributes.get(row_id, {}),
            tags=self.tags.get(row_id, {}),
            parts=tuple(self.recorded(part) for part in self.parts.get(row_id, ())),
            management=Management(row.management),
            presence=Presence(row.presence),
            lifecycle=_lifecycle(row),
            source=row.source,
        )


def ids_called(tx: Transaction, address: Address) -> frozenset[int]:
    """The resources and parts that have an address, or had it once."""
    return frozenset(row.id for row in tx.rows("past.called", address=str(address)))


def ids_changed(tx: Transaction, since: Mark, until: Mark | None) -> frozenset[int]:
    """What may differ between two marks, the earlier first; it may have been changed back since."""
    return frozenset(
        row.id for row in tx.rows("past.changed", since=since.id, until=until.id if until else None)
    )


def rows_as_of(tx: Transaction, mark: Mark | None, ids: Collection[int] | None) -> tuple[PastRow, ...]:
    """The columns of what lived then, by address; of these resources and parts, or of all."""
    if ids is not None and not ids:
        return ()
    return tx.all(PastRow, "past.resources", **_asked(mark, ids))


def tags_as_of(tx: Transaction, mark: Mark | None, ids: Collection[int] | None) -> dict[int, dict[str, str]]:
    """The tags by resource, of these or of all; without those that had none."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row_id, key, value in tx.rows("past.tags", **_asked(mark, ids)):
        found[row_id][key] = value
    return dict(found)


def parts_as_of(tx: Transaction, mark: Mark | None, ids: Collection[int] | None) -> dict[int, list[int]]:
    """The ids of the parts of these roots, or of all, be they alive or not."""
    found: dict[int, list[int]] = defaultdict(list)
    for parent, child in tx.rows("past.parts", **_asked(mark, ids)):
        found[parent].append(child)
    return dict(found)


def ties_as_of(tx: Transaction, mark: Mark | None, ids: Collection[int] | None) -> tuple[Tie, ...]:
    """The ties in which one of these took part, or all; containment too."""
    return tx.all(Tie, "past.ties", **_asked(mark, ids))


def past_as_of(tx: Transaction, mark: Mark | None, ids: Collection[int] | None, catalog: Catalog) -> Past:
    """All of these resources and parts, or of the fleet. Roots have only those parts that are asked for."""
    rows = {row.id: row for row in rows_as_of(tx, mark, ids)}
    asked = ids if ids is None else rows.keys()
    held: dict[int, list[tuple[str, Columns]]] = defaultdict(list)
    for row_id, name, *columns in tx.rows("past.attributes", **_asked(mark, asked)):
        if row_id in rows:
            held[row_id].append((name, Columns(*columns)))
    parts = {
        root: sorted((part for part in found if part in rows), key=lambda part: rows[part].address)
        for root, found in parts_as_of(tx, mark, asked).items()
    }
    return Past(
        mark,
        rows,
        {row_id: collect(items, catalog.definitions) for row_id, items in held.items()},
        tags_as_of(tx, mark, asked),
        parts,
    )


def with_parts(tx: Transaction, mark: Mark | None, ids: Collection[int]) -> frozenset[int]:
    """These, and the parts that they had."""
    if not ids:
        return frozenset()
    return frozenset(ids).union(*parts_as_of(tx, mark, ids).values())


def wanted_as_of(
    tx: Transaction, mark: Mark, addresses: Iterable[Address], catalog: Catalog
) -> dict[Address, Desired]:
    """What the manifests wanted of these roots, as the mark saw them. Missing ones are left out."""
    return load_desired_as_of(tx, mark.id, [*addresses], catalog)


def _asked(mark: Mark | None, ids: Collection[int] | None) -> dict[str, object]:
    return {"mark": mark.id if mark else None, "ids": None if ids is None else sorted(ids)}


def _lifecycle(row: PastRow) -> Lifecycle:
    return Lifecycle(
        prevent_destroy=row.prevent_destroy,
        on_remove=OnRemove(row.on_remove) if row.on_remove else None,
        allow_downtime=row.allow_downtime,
        replace=ReplacePolicy(row.replace_policy),
        create_before_destroy=row.create_before_destroy,
    )

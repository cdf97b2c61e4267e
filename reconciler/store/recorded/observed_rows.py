"""What hangs on observed roots, as rows: parts, and the attributes, tags and ties of all.

Only what differs is written, so that the history (which the database writes) shows what really changed, and
all roots of an observation are written together, because statements cost more than rows. Which part has which
row and address is decided in `diff.placing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.diff.identity import Match
from reconciler.diff.placing import PlacedPart, kept_for_life, needs_manifest, place_parts, resolved, tags_of
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Management, Observed, Recorded
from reconciler.model.values import ExternalRef
from reconciler.store.database.ids import Ids
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired_parts
from reconciler.store.recorded.observed_writes import (
    Item,
    Ties,
    ties_of,
    write_attributes,
    write_pending,
    write_tags,
)
from reconciler.store.recorded.resources import load_recorded_by_id


def new_ids(tx: Transaction, count: int) -> list[int]:
    """Ids for rows that are about to be written."""
    return [row.id for row in tx.rows("observations.new_ids", count=count)] if count else []


def write_belongings(
    tx: Transaction,
    written: Sequence[tuple[int, Match]],
    endpoint: str,
    provider_type: str,
    catalog: Catalog,
    ids: Ids,
) -> Ties:
    """Bring what hangs on these roots to what was observed.

    Gives their ties, which are to be written when all that they may lead to has its row.
    """
    targets = _targets(tx, endpoint, [match.observed for _, match in written])
    addresses = {ref: address for ref, (address, _) in targets.items()}
    before = {item.id: item for item in load_recorded_by_id(tx, [row_id for row_id, _ in written], catalog)}
    named = [m.row.address for _, m in written if m.row and needs_manifest(m, provider_type, catalog)]
    wanted = load_desired_parts(tx, named, catalog)
    items: list[Item] = []
    parts: list[PlacedPart] = []
    for root_id, match in written:
        observed = match.observed
        root = before[root_id]
        desired = wanted.get(root.address) if match.management is Management.MANAGED else None
        attributes = {**kept_for_life(root, catalog), **resolved(observed, addresses, catalog)}
        tags = tags_of(observed, root, desired, catalog)
        items.append(Item(root_id, observed.type, attributes, tags, observed, provider_type))
        parts += place_parts(root, observed, desired, catalog, addresses)
    items += _write_parts(tx, parts, before.values(), ids, provider_type)
    write_attributes(tx, items, catalog, ids)
    write_tags(tx, items)
    write_pending(tx, items, ids)
    row_ids = {str(address): row_id for address, row_id in targets.values()}
    return ties_of(tx, items, row_ids, catalog, ids)


def _targets(
    tx: Transaction, endpoint: str, roots: Iterable[Observed]
) -> dict[ExternalRef, tuple[Address, int]]:
    """Address and row id of every object that is referred to."""
    wanted = {
        ref
        for root in roots
        for item in (root, *root.parts)
        for value in item.attributes.values()
        for ref in (value if isinstance(value, tuple) else (value,))
        if isinstance(ref, ExternalRef)
    }
    if not wanted:
        return {}
    targets = sorted(wanted, key=lambda ref: (ref.type, ref.external_id))
    rows = tx.rows(
        "observations.addresses_by_external_id",
        endpoint=endpoint,
        types=[ref.type for ref in targets],
        external_ids=[ref.external_id for ref in targets],
    )
    return {ExternalRef(row.type, row.external_id): (Address.parse(row.address), row.id) for row in rows}


def _write_parts(
    tx: Transaction, parts: list[PlacedPart], roots: Iterable[Recorded], ids: Ids, provider_type: str
) -> list[Item]:
    """Make the roots' part rows those that were observed. What is gone goes first: it frees its address."""
    kept = {part.row.id for part in parts if part.row is not None}
    gone = [part.id for root in roots for part in root.parts if part.id not in kept]
    if gone:
        tx.execute("observations.drop_parts", ids=gone)
    numbers = iter(new_ids(tx, sum(1 for part in parts if part.row is None)))
    row_ids = [part.row.id if part.row else next(numbers) for part in parts]
    rows = [_part_fields(row_id, part) for row_id, part in zip(row_ids, parts, strict=True)]
    updates = [row for row, part in zip(rows, parts, strict=True) if part.row is not None]
    inserts = [
        row | {"resource_type_id": ids.resource_types[part.observed.type]}
        for row, part in zip(rows, parts, strict=True)
        if part.row is None
    ]
    contains = ids.relationship_types["contains"]
    tx.batch("observations.update_parts", updates)
    tx.batch("observations.insert_parts", inserts)
    tx.batch(
        "observations.insert_relationships",
        [
            {"parent_id": row["root_id"], "child_id": row["id"], "relationship_type_id": contains}
            for row in inserts
        ],
    )
    return [
        Item(row_id, part.observed.type, part.attributes, part.observed.tags, part.observed, provider_type)
        for row_id, part in zip(row_ids, parts, strict=True)
    ]


def _part_fields(row_id: int, part: PlacedPart) -> dict[str, object]:
    return {
        "id": row_id,
        "root_id": part.root_id,
        "address": str(part.address),
        "name": part.address.name,
        "external_id": part.observed.external_id or None,
        "state": part.observed.state,
    }

"""Writing what hangs on observed rows: attributes, tags, pending changes and relationships, all rows at once.

Each is compared with what is there, so only a difference is written, and each kind with one statement,
whether it is for one row or for ten thousand. Which row is whose was decided before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.resource import Observed
from reconciler.model.values import Attributes, Format
from reconciler.store.database.attribute_lines import AttributeLines
from reconciler.store.database.ids import Ids
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import Columns, columns


@dataclass(frozen=True, slots=True)
class Item:
    """One row, root or part, with the attributes that it shall have."""

    id: int
    type: str
    attributes: Attributes
    tags: Mapping[str, str]
    observed: Observed
    provider_type: str


def write_attributes(tx: Transaction, items: list[Item], catalog: Catalog, ids: Ids) -> None:
    """Make the rows' attributes those of the items; write-only ones stay as they were last written."""
    there: dict[int, dict[tuple[int, int], Columns]] = defaultdict(dict)
    rows = tx.rows("observations.attribute_rows", ids=[item.id for item in items])
    for row_id, definition_id, ordinal, *values in rows:
        there[row_id][definition_id, ordinal] = Columns(*values)
    lines = AttributeLines(catalog, ids)
    fresh: list[str] = []
    updates: list[dict[str, object]] = []
    deletes: list[dict[str, object]] = []
    for item in items:
        had = there.get(item.id)
        if had is None:
            fresh += lines.recorded(item.id, item.type, item.attributes)
            continue
        wanted: set[tuple[int, int]] = set()
        for name, value in item.attributes.items():
            for ordinal, element in enumerate(value if isinstance(value, tuple) else (value,)):
                place = (ids.definitions[name], ordinal)
                wanted.add(place)
                if place not in had:
                    fresh.append(lines.line(item.id, item.type, name, ordinal, element))
                elif had[place] != (found := columns(element)):
                    updates.append(_update(item.id, place, found))
        over = had.keys() - wanted
        if over:
            kept = _kept_definitions(item, catalog, ids)
            deletes += [_place_fields(item.id, place) for place in sorted(over) if place[0] not in kept]
    tx.batch("observations.delete_attributes", deletes)
    tx.batch("observations.update_attributes", updates)
    tx.copy_lines("observations.copy_attributes", fresh)


def _kept_definitions(item: Item, catalog: Catalog, ids: Ids) -> set[int]:
    """Write-only attributes: what was last written stays on record, since no provider gives it back."""
    rules = catalog.attributes(item.type, item.provider_type)
    return {ids.definitions[name] for name, rule in rules.items() if rule.mutability is Mutability.WRITE_ONLY}


def _place_fields(row_id: int, place: tuple[int, int]) -> dict[str, object]:
    return {"resource_id": row_id, "attribute_definition_id": place[0], "ordinal": place[1]}


def _update(row_id: int, place: tuple[int, int], element: Columns) -> dict[str, object]:
    return _place_fields(row_id, place) | element._asdict()


def write_tags(tx: Transaction, items: list[Item]) -> None:
    """Make the rows' tags those of the items."""
    there: dict[int, dict[str, tuple[str, int]]] = defaultdict(dict)
    for row_id, key, value, tag_id in tx.rows("observations.tag_rows", ids=[item.id for item in items]):
        there[row_id][key] = (value, tag_id)
    inserts: list[dict[str, object]] = []
    deletes: list[dict[str, object]] = []
    for item in items:
        tags = item.tags
        deletes += [
            {"resource_id": item.id, "tag_id": tag_id}
            for key, (value, tag_id) in there[item.id].items()
            if tags.get(key) != value
        ]
        inserts += [
            {"resource_id": item.id, "key": key, "value": value}
            for key, value in sorted(tags.items())
            if there[item.id].get(key, ("", 0))[0] != value or key not in there[item.id]
        ]
    tx.batch("observations.delete_tags", deletes)
    pairs = sorted({(str(row["key"]), str(row["value"])) for row in inserts})
    tx.batch("observations.ensure_tags", [{"key": key, "value": value} for key, value in pairs])
    tx.batch("observations.insert_tags", inserts)


def write_pending(tx: Transaction, items: list[Item], ids: Ids) -> None:
    """Make the attributes that wait for a restart those that were observed to."""
    there = set(tx.rows("observations.pending_rows", ids=[item.id for item in items]))
    wanted = {(item.id, ids.definitions[name]) for item in items for name in item.observed.pending}

    def fields(pair: tuple[int, int]) -> dict[str, object]:
        return {"resource_id": pair[0], "attribute_definition_id": pair[1]}

    tx.batch("observations.delete_pending", [fields(pair) for pair in sorted(there - wanted)])
    tx.batch("observations.insert_pending", [fields(pair) for pair in sorted(wanted - there)])


@dataclass(frozen=True, slots=True)
class Ties:
    """What some rows are tied to, as far as their own run could tell.

    `known`: (child's row id, parent's, relationship type's). `open`: (child's row id, relationship type's,
    parent's address) where no row of that address was known yet.
    """

    row_ids: tuple[int, ...]
    known: frozenset[tuple[int, int, int]]
    open: tuple[tuple[int, int, str], ...]


def ties_of(
    tx: Transaction, items: list[Item], targets: Mapping[str, int], catalog: Catalog, ids: Ids
) -> Ties:
    """Ties by reference, and those that a manifest names.

    `targets`: row ids of what is referred to, by address. Ties are kept until all rows are written, so as
    little as can be is kept of each.
    """
    row_ids = tuple(item.id for item in items)
    explicit = tx.rows("observations.explicit_relationships", ids=list(row_ids))
    known: set[tuple[int, int, int]] = set()
    unknown: list[tuple[int, int, str]] = []
    for child, type_id, address in (*explicit, *(tie for item in items for tie in _ties(item, catalog, ids))):
        parent = targets.get(address)
        if parent is None:
            unknown.append((child, type_id, address))
        elif parent != child:
            known.add((child, parent, type_id))
    return Ties(row_ids, frozenset(known), tuple(unknown))


def _ties(item: Item, catalog: Catalog, ids: Ids) -> Iterator[tuple[int, int, str]]:
    """What its references tie it to: its row id, the relationship type's, and the address."""
    for name, value in item.attributes.items():
        definition = catalog.definitions[name]
        if definition.format is Format.REFERENCE and definition.relationship:
            for text in value if isinstance(value, tuple) else (value,):
                yield item.id, ids.relationship_types[definition.relationship], str(text)


def write_relationships(tx: Transaction, ties: Ties) -> None:
    """Make what some rows are tied to what it is, once all that they may be tied to has its row."""
    row_ids = list(ties.row_ids)
    # A provider that nobody asks shows no ids: there a reference is recorded as its manifest has it.
    unknown = sorted({address for *_, address in ties.open})
    by_address = dict(tx.rows("observations.ids_by_address", addresses=unknown) if unknown else ())
    wanted = ties.known | {
        (child, by_address[address], type_id)
        for child, type_id, address in ties.open
        if by_address.get(address, child) != child
    }
    there = set(tx.rows("observations.relationship_rows", ids=row_ids))

    def fields(tie: tuple[int, int, int]) -> dict[str, object]:
        return dict(zip(("child_id", "parent_id", "relationship_type_id"), tie, strict=True))

    tx.batch("observations.delete_relationships", [fields(row) for row in sorted(there - wanted)])
    tx.batch("observations.insert_relationships", [fields(row) for row in sorted(wanted - there)])

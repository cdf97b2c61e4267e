"""What hangs on an observed root: its parts, attributes, tags, pending changes and relationships.

Each is compared with the rows that are there and only the difference is written, so that the history
(which the database writes) shows what really changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.diff.identity import Match
from reconciler.diff.parts import part_key
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability, ResourceType, TypeAttribute
from reconciler.model.resource import Desired, Management, Observed, Recorded
from reconciler.model.values import (
    Attributes,
    ExternalRef,
    Format,
    Scalar,
    Value,
    canonical,
)
from reconciler.store.desired_rows import load_desired
from reconciler.store.ids import Ids
from reconciler.store.resources import load_recorded_by_id
from reconciler.store.session import Transaction
from reconciler.store.values import elements

_Target = tuple[str, int]  # a referenced resource's address and row id


@dataclass(frozen=True, slots=True)
class _Item:
    """One row, root or part, with the attributes that it shall have."""

    id: int
    type: str
    attributes: Attributes
    tags: Mapping[str, str]
    observed: Observed
    provider_type: str


def write_belongings(
    tx: Transaction,
    written: list[tuple[int, Match]],
    endpoint: str,
    provider_type: str,
    catalog: Catalog,
    ids: Ids,
) -> None:
    """Bring everything that hangs on these roots to what was observed."""
    if not written:
        return
    targets = _targets(tx, endpoint, [match.observed for _, match in written])
    before = {item.id: item for item in load_recorded_by_id(tx, [row_id for row_id, _ in written], catalog)}
    managed = [m.row.address for _, m in written if m.row and m.management is Management.MANAGED]
    wanted = load_desired(tx, managed, catalog)
    items: list[_Item] = []
    for root_id, match in written:
        observed = match.observed
        root = before[root_id]
        desired = wanted.get(root.address) if match.management is Management.MANAGED else None
        attributes = _resolved(observed, targets, catalog)
        tags = _tags(observed, root, desired, provider_type, catalog)
        items.append(_Item(root_id, observed.type, attributes, tags, observed, provider_type))
        items += _write_parts(tx, root, observed, desired, targets, catalog, ids, provider_type)
    _write_attributes(tx, items, catalog, ids)
    _write_tags(tx, items)
    _write_pending(tx, items, ids)
    _write_relationships(tx, items, targets, catalog, ids)


def _targets(tx: Transaction, endpoint: str, roots: Iterable[Observed]) -> dict[tuple[str, str], _Target]:
    """Address and row id of every object that is referred to, by (type, external id)."""
    wanted = {
        (ref.type, ref.external_id)
        for root in roots
        for item in (root, *root.parts)
        for value in item.attributes.values()
        for ref in (value if isinstance(value, tuple) else (value,))
        if isinstance(ref, ExternalRef)
    }
    if not wanted:
        return {}
    rows = tx.rows(
        "observations.addresses_by_external_id",
        endpoint=endpoint,
        external_ids=sorted({external_id for _, external_id in wanted}),
    )
    return {(kind, external_id): (address, row_id) for kind, external_id, address, row_id in rows}


def _resolved(observed: Observed, targets: dict[tuple[str, str], _Target], catalog: Catalog) -> Attributes:
    """The attributes with references as addresses; a target that is not in our books stays `type#id`."""

    def text(item: Scalar | ExternalRef) -> Scalar:
        if not isinstance(item, ExternalRef):
            return item
        target = targets.get((item.type, item.external_id))
        return target[0] if target else f"{item.type}#{item.external_id}"

    resolved: dict[str, Value] = {}
    for name, value in observed.attributes.items():
        definition = catalog.definitions[name]
        if definition.format is not Format.REFERENCE:
            resolved[name] = value
        elif isinstance(value, tuple):
            resolved[name] = canonical(tuple(map(text, value)), definition.cardinality)
        elif isinstance(value, ExternalRef):
            resolved[name] = text(value)
        else:
            resolved[name] = value
    return resolved


def _tags(
    observed: Observed, root: Recorded, desired: Desired | None, provider_type: str, catalog: Catalog
) -> Mapping[str, str]:
    """The tags as observed; where the provider keeps none, those that the manifest gives."""
    offer = catalog.offer(observed.type, provider_type)
    if offer is None or offer.tags:
        return observed.tags
    return desired.tags if desired is not None else root.tags


def _write_parts(
    tx: Transaction,
    root: Recorded,
    observed: Observed,
    desired: Desired | None,
    targets: dict[tuple[str, str], _Target],
    catalog: Catalog,
    ids: Ids,
    provider_type: str,
) -> list[_Item]:
    """Make the part rows those that were observed, each under the address its manifest gives it."""
    taken: set[int] = set()
    names: set[str] = set()
    items: list[_Item] = []
    for part in observed.parts:
        kind = catalog.resource_types[part.type]
        attributes = _resolved(part, targets, catalog)
        key = part_key(kind, catalog.attributes(part.type, provider_type), attributes)
        row, address = _place(root, part, kind, key, desired, catalog, taken, names)
        names.add(str(address))
        values = {
            "address": str(address),
            "name": address.name,
            "external_id": part.external_id or None,
            "state": part.state,
            "root_id": root.id,
        }
        if row is None:
            part_id: int = tx.value(
                "observations.insert_part", resource_type_id=ids.resource_types[part.type], **values
            )
            tx.execute(
                "observations.contain",
                root_id=root.id,
                part_id=part_id,
                relationship_type_id=ids.relationship_types["contains"],
            )
        else:
            part_id = row.id
            tx.execute("observations.update_part", id=part_id, **values)
        taken.add(part_id)
        items.append(_Item(part_id, part.type, attributes, part.tags, part, provider_type))
    gone = [part.id for part in root.parts if part.id not in taken]
    if gone:
        tx.execute("observations.drop_parts", ids=gone)
    return items


def _place(
    root: Recorded,
    part: Observed,
    kind: ResourceType,
    key: tuple[str, ...],
    desired: Desired | None,
    catalog: Catalog,
    taken: set[int],
    names: set[str],
) -> tuple[Recorded | None, Address]:
    """The row that this part already has, if any, and its address."""
    rules = catalog.attributes(part.type, root.provider_type)
    free = [item for item in root.parts if item.type == part.type and item.id not in taken]
    same = next((item for item in free if part_key(kind, rules, item.attributes) == key), None)
    if same is not None and (desired is None or str(same.address) not in names):
        wanted = _wanted_address(part.type, kind, rules, key, desired)
        return same, wanted if wanted and str(wanted) not in names else same.address
    address = _wanted_address(part.type, kind, rules, key, desired) or root.address.part(
        part.type, as_name(part.name)
    )
    number = 2
    base = address
    while str(address) in names:
        address = root.address.part(part.type, f"{base.name}-{number}")
        number += 1
    return next((item for item in free if item.address == address), None), address


def _wanted_address(
    part_type: str,
    kind: ResourceType,
    rules: Mapping[str, TypeAttribute],
    key: tuple[str, ...],
    desired: Desired | None,
) -> Address | None:
    if desired is None:
        return None
    for item in desired.parts:
        if item.type == part_type and part_key(kind, rules, item.attributes) == key:
            return item.address
    return None


def _write_attributes(tx: Transaction, items: list[_Item], catalog: Catalog, ids: Ids) -> None:
    there: dict[int, dict[tuple[int, int], tuple[object, ...]]] = defaultdict(dict)
    for row in tx.rows("observations.attribute_rows", ids=[item.id for item in items]):
        there[row[0]][(row[1], row[2])] = row[3:]
    fresh: list[tuple[object, ...]] = []
    updates: list[dict[str, object]] = []
    deletes: list[dict[str, object]] = []
    for item in items:
        kept = _kept_definitions(item, catalog, ids)
        wanted: dict[tuple[int, int], tuple[object, ...]] = {}
        for name, value in item.attributes.items():
            data_type = catalog.definitions[name].data_type.value
            for ordinal, columns in elements(value):
                place = (ids.definitions[name], ordinal)
                wanted[place] = columns
                if place not in there[item.id]:
                    head = (item.id, ids.resource_types[item.type], *place, data_type)
                    fresh.append((*head, *columns))
                elif there[item.id][place] != columns:
                    updates.append(_update(item.id, place, columns))
        deletes += [
            _place_fields(item.id, place)
            for place in there[item.id]
            if place not in wanted and place[0] not in kept
        ]
    tx.many("observations.delete_attribute", deletes)
    tx.many("observations.update_attribute", updates)
    if fresh:
        tx.copy("observations.copy_attributes", fresh)


def _kept_definitions(item: _Item, catalog: Catalog, ids: Ids) -> set[int]:
    """Write-only attributes: what was last written stays on record, since no provider gives it back."""
    rules = catalog.attributes(item.type, item.provider_type)
    return {ids.definitions[name] for name, rule in rules.items() if rule.mutability is Mutability.WRITE_ONLY}


def _place_fields(row_id: int, place: tuple[int, int]) -> dict[str, object]:
    return {"resource_id": row_id, "attribute_definition_id": place[0], "ordinal": place[1]}


def _update(row_id: int, place: tuple[int, int], columns: tuple[object, ...]) -> dict[str, object]:
    names = ("value_string", "value_integer", "value_decimal", "value_boolean", "value_datetime")
    return _place_fields(row_id, place) | dict(zip(names, columns, strict=True))


def _write_tags(tx: Transaction, items: list[_Item]) -> None:
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
    tx.many("observations.delete_tag", deletes)
    pairs = sorted({(str(row["key"]), str(row["value"])) for row in inserts})
    tx.many("observations.ensure_tag", [{"key": key, "value": value} for key, value in pairs])
    tx.many("observations.insert_tag", inserts)


def _write_pending(tx: Transaction, items: list[_Item], ids: Ids) -> None:
    there = set(tx.rows("observations.pending_rows", ids=[item.id for item in items]))
    wanted = {(item.id, ids.definitions[name]) for item in items for name in item.observed.pending}

    def fields(pair: tuple[int, int]) -> dict[str, object]:
        return {"resource_id": pair[0], "attribute_definition_id": pair[1]}

    tx.many("observations.delete_pending", [fields(pair) for pair in sorted(there - wanted)])
    tx.many("observations.insert_pending", [fields(pair) for pair in sorted(wanted - there)])


def _write_relationships(
    tx: Transaction,
    items: list[_Item],
    targets: dict[tuple[str, str], _Target],
    catalog: Catalog,
    ids: Ids,
) -> None:
    row_ids = [item.id for item in items]
    by_address = dict(targets.values())
    explicit = tx.rows("observations.explicit_relationships", ids=row_ids)
    by_address |= dict(tx.rows("observations.ids_by_address", addresses=[row[2] for row in explicit]))
    wanted: set[tuple[int, int, int]] = set()
    for child, type_id, address in explicit:
        if address in by_address:
            wanted.add((child, by_address[address], type_id))
    for item in items:
        for name, value in item.attributes.items():
            definition = catalog.definitions[name]
            if definition.format is Format.REFERENCE and definition.relationship:
                type_id = ids.relationship_types[definition.relationship]
                for text in value if isinstance(value, tuple) else (value,):
                    if str(text) in by_address and by_address[str(text)] != item.id:
                        wanted.add((item.id, by_address[str(text)], type_id))
    there = set(tx.rows("observations.relationship_rows", ids=row_ids))

    def fields(row: tuple[int, int, int]) -> dict[str, object]:
        return {"child_id": row[0], "parent_id": row[1], "relationship_type_id": row[2]}

    tx.many("observations.delete_relationship", [fields(row) for row in sorted(there - wanted)])
    tx.many("observations.insert_relationship", [fields(row) for row in sorted(wanted - there)])

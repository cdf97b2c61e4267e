"""What hangs on observed roots: which parts, with which rows and addresses, and what their values mean here.

Only what differs is written, so that the history (which the database writes) shows what really changed, and
all roots of an observation are written together, because statements cost more than rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.diff.identity import Match
from reconciler.diff.parts import part_key
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability, ResourceType, TypeAttribute
from reconciler.model.resource import Desired, Management, Observed, Recorded
from reconciler.model.values import (
    Attributes,
    Element,
    ExternalRef,
    Format,
    Value,
    canonical,
)
from reconciler.store.database.ids import Ids
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.observed_writes import (
    Item,
    write_attributes,
    write_pending,
    write_relationships,
    write_tags,
)
from reconciler.store.recorded.resources import load_recorded_by_id

_Target = tuple[Address, int]  # a referenced resource's address and row id


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that was observed: the row that it has already, if any, and its address."""

    root_id: int
    observed: Observed
    attributes: Attributes
    row: Recorded | None
    address: Address


def new_ids(tx: Transaction, count: int) -> list[int]:
    """Ids for rows that are about to be written."""
    return [row[0] for row in tx.rows("observations.new_ids", count=count)] if count else []


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
    wanted = load_desired(tx, _named_by_manifest(written, provider_type, catalog), catalog)
    items: list[Item] = []
    parts: list[_Part] = []
    for root_id, match in written:
        observed = match.observed
        root = before[root_id]
        desired = wanted.get(root.address) if match.management is Management.MANAGED else None
        rules = catalog.attributes(observed.type, provider_type)
        attributes = {**_kept(root, rules), **_resolved(observed, targets, catalog)}
        tags = _tags(observed, root, desired, provider_type, catalog)
        items.append(Item(root_id, observed.type, attributes, tags, observed, provider_type))
        parts += _placed(root, observed, desired, targets, catalog, provider_type)
    items += _write_parts(tx, parts, before.values(), ids, provider_type)
    write_attributes(tx, items, catalog, ids)
    write_tags(tx, items)
    write_pending(tx, items, ids)
    write_relationships(
        tx, items, {str(address): row_id for address, row_id in targets.values()}, catalog, ids
    )


def _named_by_manifest(
    written: list[tuple[int, Match]], provider_type: str, catalog: Catalog
) -> list[Address]:
    """The roots whose manifests say something that no provider shows: their parts' names, or their tags."""
    addresses: list[Address] = []
    for _, match in written:
        if match.row is not None and match.management is Management.MANAGED:
            offer = catalog.offer(match.observed.type, provider_type)
            if match.observed.parts or (offer is not None and not offer.tags):
                addresses.append(match.row.address)
    return addresses


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
    targets = sorted(wanted)
    rows = tx.rows(
        "observations.addresses_by_external_id",
        endpoint=endpoint,
        types=[kind for kind, _ in targets],
        external_ids=[external_id for _, external_id in targets],
    )
    return {(kind, external_id): (Address.parse(text), row_id) for kind, external_id, text, row_id in rows}


def _resolved(observed: Observed, targets: dict[tuple[str, str], _Target], catalog: Catalog) -> Attributes:
    """The attributes with references as addresses; a target that is not in our books stays as it is."""

    def known(item: Element) -> Element:
        if not isinstance(item, ExternalRef):
            return item
        target = targets.get((item.type, item.external_id))
        return target[0] if target else item

    resolved: dict[str, Value] = {}
    for name, value in observed.attributes.items():
        definition = catalog.definitions[name]
        if value == "":
            continue  # an empty text is no value
        if definition.format is not Format.REFERENCE:
            resolved[name] = value
        elif isinstance(value, tuple):
            resolved[name] = canonical(tuple(map(known, value)), definition.cardinality)
        elif isinstance(value, ExternalRef):
            resolved[name] = known(value)
        else:
            resolved[name] = value
    return resolved


def _kept(root: Recorded, rules: Mapping[str, TypeAttribute]) -> Attributes:
    """What an object keeps for life is still so where its provider no longer tells it (a deleted image)."""
    return {
        name: value
        for name, value in root.attributes.items()
        if name in rules and rules[name].required and rules[name].mutability is Mutability.REPLACE
    }


def _tags(
    observed: Observed, root: Recorded, desired: Desired | None, provider_type: str, catalog: Catalog
) -> Mapping[str, str]:
    """The tags as observed; where the provider keeps none, those that the manifest gives."""
    offer = catalog.offer(observed.type, provider_type)
    if offer is None or offer.tags:
        return observed.tags
    return desired.tags if desired is not None and desired.names_tags else root.tags


def _placed(
    root: Recorded,
    observed: Observed,
    desired: Desired | None,
    targets: dict[tuple[str, str], _Target],
    catalog: Catalog,
    provider_type: str,
) -> list[_Part]:
    """The parts that were observed, each with the row it has and under the address its manifest gives it."""
    known = _by_id(root, (*observed.parts, *observed.detached))
    attached = {part.external_id for part in observed.parts}
    detached = [each for each in observed.detached if each.external_id in known.keys() - attached]
    moved = {part.external_id for part in observed.parts if _moved(part, known, catalog, provider_type)}
    moved |= {part.external_id for part in detached}
    taken = {row.id for row in known.values()}
    names = {str(known[external_id].address) for external_id in moved}
    parts: list[_Part] = []
    for part in (*observed.parts, *detached):
        row = known.get(part.external_id)
        kind = catalog.resource_types[part.type]
        attributes = _resolved(part, targets, catalog)
        if row is not None and part.external_id in moved:
            # How it was set is not told of what is detached; it is what it will be again.
            kept = row.attributes if part in detached else {}
            parts.append(_Part(root.id, part, {**kept, **attributes}, row, row.address))
            continue
        key = part_key(kind, catalog.attributes(part.type, provider_type), attributes)
        row, address = _place(root, part, kind, key, desired, catalog, taken - {row.id if row else 0}, names)
        names.add(str(address))
        if row is not None:
            taken.add(row.id)
        parts.append(_Part(root.id, part, attributes, row, address))
    return parts


def _by_id(root: Recorded, parts: Iterable[Observed]) -> dict[str, Recorded]:
    """The rows of parts that have an id of their own, which they keep wherever they go."""
    rows = {(row.type, row.external_id): row for row in root.parts if row.external_id}
    return {
        part.external_id: rows[part.type, part.external_id]
        for part in parts
        if part.external_id and (part.type, part.external_id) in rows
    }


def _moved(part: Observed, known: Mapping[str, Recorded], catalog: Catalog, provider_type: str) -> bool:
    """Whether a part is elsewhere than it was recorded: it keeps its address then."""
    row = known.get(part.external_id)
    if row is None:
        return False
    kind, rules = catalog.resource_types[part.type], catalog.attributes(part.type, provider_type)
    return part_key(kind, rules, row.attributes) != part_key(kind, rules, part.attributes)


def _write_parts(
    tx: Transaction, parts: list[_Part], roots: Iterable[Recorded], ids: Ids, provider_type: str
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


def _part_fields(row_id: int, part: _Part) -> dict[str, object]:
    return {
        "id": row_id,
        "root_id": part.root_id,
        "address": str(part.address),
        "name": part.address.name,
        "external_id": part.observed.external_id or None,
        "state": part.observed.state,
    }


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

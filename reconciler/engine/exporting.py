"""The fleet as manifests, as it is recorded now or was as of a mark: for audits, and to build it again.

What is recorded is written, and not what was wanted: that stands in git. Where a provider shows nothing of
what was given (an image, a password), it is what the manifests said then. The inventory is that of now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.engine.catalog import user_attributes, user_relationships, user_types
from reconciler.manifest.write.document import Placed, manifest_of
from reconciler.manifest.write.inventory import inventory_manifest
from reconciler.manifest.write.user_types import user_type_manifests
from reconciler.manifest.write.values import Plain
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import InventoryItem, Location
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, ExternalRef, Value
from reconciler.store import catalog_reading
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.history.marks import Mark
from reconciler.store.history.past import (
    Past,
    PastRow,
    ids_called,
    past_as_of,
    rows_as_of,
    ties_as_of,
    wanted_as_of,
    with_parts,
)
from reconciler.store.inventory import rows as inventory

_NAMED = ("depends_on", "member_of")


@dataclass(frozen=True, slots=True)
class Export:
    """Documents by the file that they belong into, and what could not be said, in words.

    `source` is the one source that wanted all of it; None where there are several, or not all is here.
    """

    files: Mapping[str, tuple[Mapping[str, Plain], ...]]
    omitted: tuple[str, ...]
    resources: int
    source: str | None


def export(tx: Transaction, mark: Mark | None, addresses: Collection[Address] = ()) -> Export:
    """The managed roots, or those of these addresses, by type; and the inventory that they stand in."""
    catalog = catalog_reading.load(tx)
    ids = _ids(tx, mark, addresses)
    past = past_as_of(tx, mark, ids, catalog)
    roots = [row for row in past.rows.values() if row.is_root and row.management == "managed"]
    wanted = _wanted(tx, mark, [Address.parse(row.address) for row in roots], catalog)
    named = _named(tx, mark, ids, past)
    managed = None if addresses else frozenset(Address.parse(row.address) for row in roots)
    files: dict[str, list[Mapping[str, Plain]]] = {"inventory": [*_inventory(tx)]}
    own = user_types(tx), user_attributes(catalog), user_relationships(catalog)
    if any(own):
        files["types"] = [*user_type_manifests(catalog, *own)]
    omitted: list[str] = []
    for row in sorted(roots, key=lambda row: row.address):
        if row.presence == "absent":
            omitted.append(f"{row.address}: it was not there")
            continue
        item = _complete(
            past.recorded(row.id), wanted.get(Address.parse(row.address)), named, managed, row, catalog
        )
        found = manifest_of(item, catalog, Placed(row.location, row.datacenter))
        files.setdefault(row.type, []).append(found.document)
        omitted += found.omitted
    files["inventory"] += [*_missing_locations(files)]
    sources = {row.source for row in roots}
    count = sum(len(found) for name, found in files.items() if name not in ("inventory", "types"))
    alone = next(iter(sources)) if len(sources) == 1 and not addresses else None
    return Export({name: tuple(found) for name, found in files.items()}, tuple(omitted), count, alone)


def _ids(tx: Transaction, mark: Mark | None, addresses: Collection[Address]) -> frozenset[int] | None:
    if not addresses:
        return None
    named = frozenset[int]().union(*(ids_called(tx, address) for address in addresses))
    chosen = {str(address) for address in addresses}
    rows = rows_as_of(tx, mark, named)
    return with_parts(tx, mark, [row.id for row in rows if row.address in chosen])


def _wanted(
    tx: Transaction, mark: Mark | None, addresses: list[Address], catalog: Catalog
) -> dict[Address, Desired]:
    if mark is None:
        return load_desired(tx, addresses, catalog)
    return wanted_as_of(tx, mark, addresses, catalog)


def _named(
    tx: Transaction, mark: Mark | None, ids: Collection[int] | None, past: Past
) -> dict[tuple[int, str], frozenset[Address]]:
    """What a root is tied to as a manifest could name it, by its row and the relationship."""
    ties = [tie for tie in ties_as_of(tx, mark, ids) if tie.relationship in _NAMED and tie.child in past.rows]
    if not ties:
        return {}
    parents = {tie.parent for tie in ties} - past.rows.keys()
    names = {row_id: row.address for row_id, row in past.rows.items()}
    names |= {row.id: row.address for row in rows_as_of(tx, mark, parents)}
    found: dict[tuple[int, str], set[Address]] = {}
    for tie in ties:
        if tie.parent in names:
            found.setdefault((tie.child, tie.relationship), set()).add(Address.parse(names[tie.parent]))
    return {key: frozenset(items) for key, items in found.items()}


def _complete(
    item: Recorded,
    wanted: Desired | None,
    named: Mapping[tuple[int, str], frozenset[Address]],
    managed: Collection[Address] | None,
    row: PastRow,
    catalog: Catalog,
) -> Recorded:
    """With what manifests alone say: ties by name, what is not compared, what no provider shows."""
    referred = set(_referred(item.attributes))
    ties = {key: tuple(sorted(named.get((row.id, key), frozenset()) - referred)) for key in _NAMED}
    ignored = wanted.lifecycle.ignore_changes if wanted else frozenset[str]()
    return replace(
        item,
        attributes=_with_unseen(item, wanted, managed, catalog),
        parts=tuple(
            replace(part, attributes=_with_unseen(part, _part(wanted, part.address), managed, catalog))
            for part in item.parts
        ),
        lifecycle=replace(item.lifecycle, ignore_changes=ignored),
        depends_on=ties["depends_on"],
        member_of=ties["member_of"],
    )


def _with_unseen(
    item: Recorded, wanted: Desired | None, managed: Collection[Address] | None, catalog: Catalog
) -> Attributes:
    """What is recorded, and what was given only at the creation, which nothing is compared with.

    An object that is not ours and that no manifest named, such as the address that a machine was made with,
    is made anew with it. `managed`: what is ours; None where that is not known, and what was named counts.
    """
    rules = catalog.attributes(item.type, item.provider_type)
    named = wanted.explicit if wanted else rules.keys()
    unseen = {
        name: value
        for name, value in (wanted.attributes.items() if wanted else ())
        if name in named and name in rules and not rules[name].compared
    }
    seen: dict[str, Value] = {}
    for name, value in item.attributes.items():
        match value:
            case Address() if not (name in named if managed is None else value.root in managed):
                if name in named:
                    seen[name] = ExternalRef(value.type, value.name)
            case ExternalRef() if name not in named:
                pass
            case _:
                seen[name] = value
    return {**unseen, **seen}


def _part(wanted: Desired | None, address: Address) -> Desired | None:
    return next((part for part in wanted.parts if part.address == address), None) if wanted else None


def _referred(attributes: Attributes) -> Iterator[Address]:
    for value in attributes.values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Address):
                yield item


def _missing_locations(files: Mapping[str, list[Mapping[str, Plain]]]) -> Iterator[Mapping[str, Plain]]:
    """Locations that no inventory names, because only providers speak of them."""
    declared = {
        metadata.get("name")
        for each in files["inventory"]
        if each["kind"] == "Location" and isinstance(metadata := each["metadata"], dict)
    }
    named = {
        name
        for file in files.values()
        for each in file
        if isinstance(spec := each["spec"], dict) and isinstance(name := spec.get("location"), str)
    }
    yield from (inventory_manifest(Location(name)) for name in sorted(named - declared))


def _inventory(tx: Transaction) -> Iterator[Mapping[str, Plain]]:
    items: tuple[InventoryItem, ...] = (
        *inventory.locations(tx),
        *inventory.credentials(tx),
        *inventory.providers(tx),
        *inventory.datacenters(tx),
        *inventory.endpoints(tx),
    )
    yield from map(inventory_manifest, items)

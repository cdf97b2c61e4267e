"""Reading desired resources back: what the revisions of now, or of a mark, want of some addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Lifecycle, OnRemove, ReplacePolicy
from reconciler.model.values import Cardinality
from reconciler.store.database.session import Row, Transaction
from reconciler.store.database.values import Columns, collect


@dataclass(slots=True)
class _Belongings:
    """What the side tables hold of one desired row."""

    attributes: list[tuple[str, Columns]] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)
    explicit: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    collections: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    targets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def load_desired(tx: Transaction, addresses: Collection[Address], catalog: Catalog) -> dict[Address, Desired]:
    """The current desired resources at these root addresses, with their parts. Missing ones are left out."""
    if not addresses:
        return {}
    return _loaded(tx, tx.rows("desired.roots", addresses=[str(address) for address in addresses]), catalog)


def load_desired_parts(
    tx: Transaction, addresses: Collection[Address], catalog: Catalog
) -> dict[Address, Desired]:
    """The same of which no more is needed than the tags and the parts: the roots are without attributes."""
    if not addresses:
        return {}
    rows = tx.rows("desired.roots", addresses=[str(address) for address in addresses])
    return _loaded(tx, rows, catalog, [row.id for row in rows if row.parent_id is not None])


def load_desired_as_of(
    tx: Transaction, mark: int, addresses: Collection[Address], catalog: Catalog
) -> dict[Address, Desired]:
    """The same as a mark saw it, by its id."""
    if not addresses:
        return {}
    asked = {"mark": mark, "addresses": [str(address) for address in addresses]}
    return _loaded(tx, tx.rows("desired.roots_as_of", **asked), catalog)


def load_specifications(
    tx: Transaction, wanted: Mapping[Address, bytes], catalog: Catalog
) -> dict[Address, Desired]:
    """What some revision wanted of these roots, by its hash. Those that are not known are left out."""
    if not wanted:
        return {}
    hashes = {"addresses": list(map(str, wanted)), "spec_hashes": list(wanted.values())}
    return _loaded(tx, tx.rows("desired.roots_of_hash", **hashes), catalog)


def _loaded(
    tx: Transaction, rows: list[Row], catalog: Catalog, with_attributes: list[int] | None = None
) -> dict[Address, Desired]:
    ids = [row.id for row in rows]
    belongings = _belongings(tx, ids, ids if with_attributes is None else with_attributes)
    parts: dict[int, list[Desired]] = defaultdict(list)
    for row in rows:
        if row.parent_id is not None:
            parts[row.parent_id].append(_desired(row, belongings[row.id], (), catalog))
    return {
        Address.parse(row.address): _desired(row, belongings[row.id], tuple(parts[row.id]), catalog)
        for row in rows
        if row.parent_id is None
    }


def _belongings(tx: Transaction, ids: list[int], with_attributes: list[int]) -> dict[int, _Belongings]:
    found: dict[int, _Belongings] = defaultdict(_Belongings)
    for row_id, name, *columns, explicit in tx.rows("desired.attributes", ids=with_attributes):
        item = found[row_id]
        item.attributes.append((name, Columns(*columns)))
        if explicit:
            item.explicit.add(name)
    for row_id, name in tx.rows("desired.cleared", ids=ids):
        found[row_id].cleared.add(name)
        found[row_id].explicit.add(name)
    for row_id, key, value in tx.rows("desired.tags", ids=ids):
        found[row_id].tags[key] = value
    for row_id, name in tx.rows("desired.collections", ids=ids):
        found[row_id].collections.add(name)
    for row_id, name in tx.rows("desired.ignored", ids=ids):
        found[row_id].ignored.add(name)
    for row_id, kind, target in tx.rows("desired.relationships", ids=ids):
        found[row_id].targets[kind].add(target)
    return found


def _desired(row: Row, own: _Belongings, parts: tuple[Desired, ...], catalog: Catalog) -> Desired:
    unset = {n for n in own.cleared if catalog.definitions[n].cardinality is Cardinality.ONE}
    return Desired(
        address=Address.parse(row.address),
        type=row.resource_type,
        provider_type=row.provider_type,
        endpoint=row.endpoint,
        attributes=collect(own.attributes, catalog.definitions) | dict.fromkeys(own.cleared - unset, ()),
        explicit=frozenset(own.explicit),
        tags=own.tags,
        lifecycle=Lifecycle(
            prevent_destroy=row.prevent_destroy,
            on_remove=OnRemove(row.on_remove) if row.on_remove else None,
            ignore_changes=frozenset(own.ignored),
            allow_downtime=row.allow_downtime,
            replace=ReplacePolicy(row.replace_policy),
            create_before_destroy=row.create_before_destroy,
        ),
        parts=parts,
        collections=frozenset(own.collections),
        depends_on=tuple(sorted(map(Address.parse, own.targets["depends_on"]))),
        member_of=tuple(sorted(map(Address.parse, own.targets["member_of"]))),
        location=row.location,
        datacenter=row.datacenter,
        adopt=row.adopt_external_id,
        unset=frozenset(unset),
        tags_named=row.names_tags,
        origin=Location(row.file, row.line, row.column_number),
    )

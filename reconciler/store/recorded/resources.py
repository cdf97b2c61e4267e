"""Recorded resources: reading them, and remembering that they agree with what is desired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.hold import Hold
from reconciler.model.resource import (
    Lifecycle,
    Management,
    OnRemove,
    Presence,
    Recorded,
    ReplacePolicy,
)
from reconciler.model.values import ExternalRef
from reconciler.store.database.session import Row, Transaction
from reconciler.store.database.values import Columns, collect


@dataclass(slots=True)
class _Belongings:
    """What the side tables hold of one resource."""

    attributes: list[tuple[str, Columns]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    dependencies: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Root:
    """A root, whose manifests want it or wanted it last, and the file they say so in, by its path there."""

    address: Address
    source: str | None = None
    path: str | None = None


def candidates(tx: Transaction) -> tuple[frozenset[Address], frozenset[Address]]:
    """Addresses to plan, and those of managed roots that nobody wants any more."""
    wanted, removed = candidate_roots(tx)
    return frozenset(root.address for root in wanted), frozenset(root.address for root in removed)


def candidate_roots(tx: Transaction) -> tuple[tuple[Root, ...], tuple[Root, ...]]:
    """The same, with whose they are."""
    return _roots(tx, "resources.candidates"), _roots(tx, "resources.removed")


def managed_count(tx: Transaction, sources: Collection[str] | None = None) -> int:
    """How many roots are managed, at all or of some sources."""
    names = sorted(sources) if sources is not None else None
    return int(tx.value("resources.managed_count", sources=names))


def managed_roots(tx: Transaction) -> tuple[Root, ...]:
    """All managed roots, each with its source and the file there."""
    return _roots(tx, "resources.managed_addresses")


def _roots(tx: Transaction, query: str) -> tuple[Root, ...]:
    return tuple(Root(Address.parse(address), source, path) for address, source, path in tx.rows(query))


def load_recorded(
    tx: Transaction, addresses: Collection[Address], catalog: Catalog
) -> dict[Address, Recorded]:
    """The managed or quarantined roots at these addresses, with their parts."""
    if not addresses:
        return {}
    rows = tx.rows("resources.by_address", addresses=[str(address) for address in addresses])
    return {item.address: item for item in _recorded(tx, rows, catalog)}


def load_recorded_by_id(tx: Transaction, ids: Collection[int], catalog: Catalog) -> Iterable[Recorded]:
    """Roots by row id, whosever they are."""
    return _recorded(tx, tx.rows("resources.by_id", ids=list(ids)), catalog) if ids else ()


def load_by_external_id(
    tx: Transaction, endpoint: str, objects: Collection[ExternalRef], catalog: Catalog
) -> dict[ExternalRef, Recorded]:
    """Those of these objects at an endpoint that are recorded as roots, whosever they are."""
    listed = sorted(objects, key=str)
    rows = tx.rows(
        "observations.addresses_by_external_id",
        endpoint=endpoint,
        types=[each.type for each in listed],
        external_ids=[each.external_id for each in listed],
    )
    found = load_recorded_by_id(tx, [row.id for row in rows], catalog)
    return {ExternalRef(item.type, item.external_id): item for item in found if item.external_id}


def load_strangers(
    tx: Transaction, addresses: Collection[Address], catalog: Catalog
) -> dict[Address, Recorded]:
    """Objects that are not ours and stand where a desired resource would go, by that resource's address."""
    if not addresses:
        return {}
    wanted = {str(address): address for address in addresses}
    there = tx.rows("resources.strangers")
    found = {wanted[row.address]: row.id for row in there if row.address in wanted}
    rows = tx.rows("resources.by_id", ids=sorted(set(found.values())))
    by_id = {item.id: item for item in _recorded(tx, rows, catalog)}
    return {address: replace(by_id[row_id], address=address) for address, row_id in found.items()}


def load_holders(
    tx: Transaction, wanted: Collection[tuple[str, str, str, str]], known: Collection[int], catalog: Catalog
) -> tuple[Recorded, ...]:
    """What has one of these texts, as (endpoint, type, attribute, value), without the row ids `known`."""
    if not wanted:
        return ()
    endpoints, types, names, texts = map(list, zip(*sorted(wanted), strict=True))
    rows = tx.rows("resources.holders", endpoints=endpoints, types=types, attributes=names, texts=texts)
    return tuple(load_recorded_by_id(tx, sorted({row.id for row in rows} - set(known)), catalog))


def load_users(
    tx: Transaction, addresses: Collection[Address], known: Collection[int], catalog: Catalog
) -> tuple[Recorded, ...]:
    """What is recorded to use these managed roots, whosever it is; without the row ids that are `known`."""
    if not addresses:
        return ()
    rows = tx.rows("resources.users", addresses=[str(address) for address in sorted(addresses)])
    return tuple(load_recorded_by_id(tx, sorted({row.id for row in rows} - set(known)), catalog))


def _recorded(tx: Transaction, rows: list[Row], catalog: Catalog) -> Iterable[Recorded]:
    roots = [row.id for row in rows]
    part_rows = tx.rows("resources.parts", ids=roots)
    belongings = _belongings(tx, roots + [row.id for row in part_rows])
    owing = {row.resource_id for row in tx.rows("resources.owed_starts", ids=roots)}
    busy = {row.resource_id for row in tx.rows("resources.busy", ids=roots)}
    parts_of: dict[int, list[Row]] = defaultdict(list)
    for row in part_rows:
        parts_of[row.parent_resource_id].append(row)
    for row in rows:
        parts = tuple([_part(part, row, belongings[part.id], catalog) for part in parts_of[row.id]])
        yield _root(row, belongings[row.id], catalog, parts, row.id in owing, row.id in busy)


def _belongings(tx: Transaction, ids: list[int]) -> dict[int, _Belongings]:
    found: dict[int, _Belongings] = defaultdict(_Belongings)
    for row_id, name, *columns in tx.rows("resources.attributes", ids=ids):
        found[row_id].attributes.append((name, Columns(*columns)))
    for row_id, key, value in tx.rows("resources.tags", ids=ids):
        found[row_id].tags[key] = value
    for row_id, name in tx.rows("resources.pending", ids=ids):
        found[row_id].pending.add(name)
    for row_id, address in tx.rows("resources.dependencies", ids=ids):
        found[row_id].dependencies.add(address)
    return found


def _root(
    row: Row, own: _Belongings, catalog: Catalog, parts: tuple[Recorded, ...], owes_start: bool, busy: bool
) -> Recorded:
    return Recorded(
        id=row.id,
        uid=row.uid,
        address=Address.parse(row.address),
        type=row.resource_type,
        provider_type=row.provider_type,
        endpoint=row.endpoint,
        state=row.state,
        external_id=row.external_id,
        attributes=collect(own.attributes, catalog.definitions),
        tags=own.tags,
        parts=parts,
        management=Management(row.management),
        presence=Presence(row.presence),
        presence_reason=row.presence_reason,
        lifecycle=Lifecycle(
            prevent_destroy=row.prevent_destroy,
            on_remove=OnRemove(row.on_remove) if row.on_remove else None,
            allow_downtime=row.allow_downtime,
            replace=ReplacePolicy(row.replace_policy),
            create_before_destroy=row.create_before_destroy,
        ),
        depends_on=tuple(sorted(map(Address.parse, own.dependencies))),
        pending=frozenset(own.pending),
        version=row.version,
        recorded_hash=row.recorded_hash,
        applied_desired_hash=row.applied_desired_hash,
        source=row.source,
        owes_start=owes_start,
        busy=busy,
    )


def _part(row: Row, root: Row, own: _Belongings, catalog: Catalog) -> Recorded:
    return Recorded(
        id=row.id,
        uid=row.uid,
        address=Address.parse(row.address),
        type=row.resource_type,
        provider_type=root.provider_type,
        endpoint=root.endpoint,
        state=row.state,
        external_id=row.external_id,
        attributes=collect(own.attributes, catalog.definitions),
        tags=own.tags,
        pending=frozenset(own.pending),
    )


def settle(
    tx: Transaction,
    agreed: Iterable[tuple[Address, bytes]],
    applied: Iterable[tuple[Address, bytes]] = (),
) -> None:
    """Remember (address, desired hash) pairs that were found to agree with what is recorded.

    `applied`: pairs of which no more is remembered than that they were applied; they are looked at again.
    """
    rows = [
        {"address": str(address), "spec_hash": spec, "is_settled": final}
        for pairs, final in ((agreed, True), (applied, False))
        for address, spec in pairs
    ]
    if not rows:
        return
    addresses = [row["address"] for row in rows]
    # Each of the three sees what was committed before it: nobody's note is lost in between.
    tx.execute("resources.take_notes", addresses=addresses)
    settled = tx.batch("resources.settle", rows)
    tx.execute("resources.note_unsettled", addresses=addresses)
    if not settled:
        return
    # What a manifest says beside attributes takes no call, so it is made true here.
    tx.execute("resources.clear_settled_failures", addresses=addresses)
    tx.execute("resources.untie", addresses=addresses)
    tx.execute("resources.tie", addresses=addresses)


def created_by(tx: Transaction, ids: Collection[int]) -> dict[int, bytes]:
    """The hash of the specification that each object was made by, of those that we made; by row id."""
    if not ids:
        return {}
    return {row_id: bytes(spec) for row_id, spec in tx.rows("resources.created_by", ids=list(ids))}


def carried_by(tx: Transaction, ids: Collection[int]) -> dict[int, bytes]:
    """The hash of the specification of our last step that was done, be it in part only; by row id."""
    if not ids:
        return {}
    return {row_id: bytes(spec) for row_id, spec in tx.rows("resources.carried_by", ids=list(ids))}


def holds(tx: Transaction) -> tuple[Hold, ...]:
    """The holds in force."""
    return tuple(
        Hold(
            owner=row.owner,
            reason=row.reason,
            address=Address.parse(row.address) if row.address else None,
            endpoint=row.endpoint,
            type=row.resource_type,
            tag=(row.tag_key, row.tag_value) if row.tag_key else None,
            until=row.until,
            while_wanted=row.while_wanted,
        )
        for row in tx.rows("resources.holds")
    )


def applied(tx: Transaction, resource_id: int, desired_hash: bytes) -> None:
    """Remember which specification was applied."""
    tx.execute("resources.applied", resource_id=resource_id, spec_hash=desired_hash)


def drop_tags(tx: Transaction, resource_id: int, keys: Collection[str]) -> None:
    """Take tags off a resource whose provider keeps none."""
    if keys:
        tx.execute("resources.drop_tags", resource_id=resource_id, keys=list(keys))

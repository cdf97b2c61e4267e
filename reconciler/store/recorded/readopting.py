"""Rows for objects that carry our mark and that no row knows: what is asked for them, and their writing.

Which objects are taken back is decided in `diff/readopting.py`. What is written is as if the answer to a
creation had been lost; the look that is recorded in the same transaction finds each object by its mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.diff.identity import Row
from reconciler.diff.readopting import Holder, Known, Readoption, Wanted
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, Identity
from reconciler.model.resource import Observed, Presence
from reconciler.store.database.session import Transaction


def known_of(tx: Transaction, endpoint: str, rows: Iterable[Row], strangers: Iterable[Observed]) -> Known:
    """What is known of an endpoint that bears on these strangers."""
    strangers = list(strangers)
    uids = [item.mark.resource for item in strangers if item.mark is not None]
    names = sorted({f"{item.type}/{item.name}" for item in strangers})
    wanted = tuple(
        Wanted(Address.parse(row.address), row.resource_type, row.name)
        for row in tx.rows("readopt.wanted", endpoint=endpoint, names=names)
    )
    addresses = [str(each.address) for each in wanted]
    return Known(
        rows=tuple(rows),
        wanted=wanted,
        holders={
            Address.parse(row.address): Holder(row.id, Presence(row.presence))
            for row in tx.rows("readopt.holders", addresses=addresses)
        },
        uids={row.uid for row in tx.rows("readopt.uids", uids=uids)},
    )


def make_room(tx: Transaction, taken: Sequence[Readoption]) -> None:
    """The rows that wait for these objects, in place of those under which they were kept."""
    _execute(tx, "readopt.strays", [each.stray for each in taken])
    _execute(tx, "readopt.give_way", [each.gone for each in taken])
    _execute(tx, "readopt.await", [each.row for each in taken])
    new = [each for each in taken if each.row is None]
    rows = [
        {"uid": each.observed.mark.resource, "address": str(each.address)}
        for each in new
        if each.observed.mark is not None
    ]
    tx.batch("readopt.insert", rows)


def reserve(tx: Transaction, taken: Sequence[Readoption], provider_type: str, catalog: Catalog) -> None:
    """Where ids are ours to choose, those that were chosen for these are never chosen again."""
    uids = []
    for each in taken:
        offer = catalog.offer(each.observed.type, provider_type)
        if each.observed.mark and offer and offer.identity is Identity.RESERVED_ID:
            uids.append(each.observed.mark.resource)
    if uids:
        tx.execute("readopt.reserve", uids=uids)


def _execute(tx: Transaction, name: str, ids: Iterable[int | None]) -> None:
    given = [each for each in ids if each is not None]
    if given:
        tx.execute(name, ids=given)

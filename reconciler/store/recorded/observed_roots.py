"""Writing what was seen of an endpoint's objects: all at once, and those that cannot be recorded apart.

A root's own row and what hangs on it are written together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.diff.identity import Match
from reconciler.diff.seen import address_of, content_hash, new_addresses, state_of
from reconciler.errors import DatabaseError
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Management
from reconciler.store.database.faults import TryAgain
from reconciler.store.database.ids import Ids
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import is_storable
from reconciler.store.recorded.observed_rows import new_ids, write_belongings
from reconciler.store.recorded.observed_writes import Ties, write_relationships
from reconciler.store.recorded.unrecordable import bare, flaw, write_apart

Odd = tuple[Match, str]
"""What cannot be recorded, and why."""

AT_ONCE = 2_000
"""Roots whose rows are gathered at a time, so that memory does not follow the size of a fleet. A statement
for so many costs next to nothing beside its rows."""


def told_apart(matches: list[Match], catalog: Catalog, ids: Ids) -> tuple[list[Match], list[Odd]]:
    """Those that the database can be asked to take, and those that it cannot, with the reason."""
    sound: list[Match] = []
    odd: list[Odd] = []
    for match in matches:
        reason = flaw(match.observed, catalog, ids.states)
        if reason is None:
            sound.append(match)
        else:
            odd.append((match, reason))
    return sound, odd


def write(
    tx: Transaction, matches: list[Match], endpoint: str, provider_type: str, catalog: Catalog, ids: Ids
) -> list[Odd]:
    """Write these objects; gives those that the database refused, each undone by itself, and why."""

    def whole(some: Sequence[Match]) -> None:
        # All that is new has its row before anything refers to it.
        rows = [(match.row.id, match) for match in some if match.row is not None]
        for new in _runs([match for match in some if match.row is None]):
            rows += zip(_insert_roots(tx, new, endpoint, ids), new, strict=True)
        belongings(rows)

    def belongings(some: Sequence[tuple[int, Match]]) -> None:
        ties: list[Ties] = []
        for run in _runs(some):
            _update_roots(tx, [(row_id, match) for row_id, match in run if match.row is not None])
            ties.append(write_belongings(tx, run, endpoint, provider_type, catalog, ids))
        # What is tied to a part finds it, whichever run it was written in.
        for each in ties:
            write_relationships(tx, each)

    if not matches:
        return []
    try:
        with tx.savepoint():
            whole(matches)
    except TryAgain:
        raise
    except DatabaseError:
        return _write_halves(tx, matches, belongings, endpoint, ids)
    return []


_Item = TypeVar("_Item")


def _runs(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _write_halves(
    tx: Transaction,
    matches: list[Match],
    belongings: Callable[[Sequence[tuple[int, Match]]], None],
    endpoint: str,
    ids: Ids,
) -> list[Odd]:
    # First the rows of what is new, so that what refers to it finds it, whichever half it is in.
    inserted: dict[int, int] = {}

    def rows_of_new(some: Sequence[Match]) -> None:
        for match, row_id in zip(some, _insert_roots(tx, some, endpoint, ids), strict=True):
            inserted[id(match)] = row_id

    refused = write_apart(tx, [match for match in matches if match.row is None], rows_of_new)
    lost = {id(match) for match, _ in refused}
    written = [
        (match.row.id if match.row else inserted[id(match)], match)
        for match in matches
        if id(match) not in lost
    ]
    half_written = write_apart(tx, written, belongings)
    return refused + [(match, reason) for (_, match), reason in half_written]


def write_unknown(
    tx: Transaction, odd: list[Odd], endpoint: str, ids: Ids
) -> tuple[tuple[Address, str], ...]:
    """Make unknown what cannot be recorded; what has no row gets one that says only that it is there."""
    if not odd:
        return ()
    reasons: list[dict[str, object]] = []
    told: list[tuple[Address, str]] = []
    for match, reason in odd:
        told.append((match.row.address if match.row else address_of(match.observed), reason))
        row_ids = [match.row.id] if match.row else _row_of(tx, match, endpoint, ids)
        reasons += [{"id": row_id, "reason": reason} for row_id in row_ids]
    tx.batch("observations.unrecordable", reasons)
    return tuple(told)


def _row_of(tx: Transaction, match: Match, endpoint: str, ids: Ids) -> list[int]:
    """The row of a new object that cannot be recorded whole; none where not even its id can be."""
    found: list[int] = []
    thin = replace(match, observed=bare(match.observed, ids.states))

    def insert(some: Sequence[Match]) -> None:
        found.extend(_insert_roots(tx, some, endpoint, ids))

    if is_storable(match.observed.external_id):
        there = tx.rows(
            "observations.target_roots",
            endpoint=endpoint,
            types=[match.observed.type],
            external_ids=[match.observed.external_id],
            uids=[],
        )
        found.extend(row.id for row in there)
        if not found:
            write_apart(tx, [thin], insert)
    return found


def _update_roots(tx: Transaction, written: Sequence[tuple[int, Match]]) -> None:
    tx.batch("observations.update_roots", [_root_fields(row_id, match) for row_id, match in written])


def _insert_roots(tx: Transaction, new: Sequence[Match], endpoint: str, ids: Ids) -> list[int]:
    """Rows for objects that have none; gives their ids, in the order of the matches."""
    row_ids = new_ids(tx, len(new))
    rows = [
        _root_fields(row_id, match)
        | {"address": str(address), "resource_type_id": ids.resource_types[match.observed.type]}
        for row_id, address, match in zip(row_ids, _new_addresses(tx, new), new, strict=True)
    ]
    tx.batch("observations.insert_roots", rows, endpoint_id=ids.endpoints.get(endpoint))
    return row_ids


def _root_fields(row_id: int, match: Match) -> dict[str, object]:
    observed = match.observed
    return {
        "id": row_id,
        "name": observed.name,
        "external_id": observed.external_id,
        "management": match.management.value,
        "state": state_of(match),
        "recorded_hash": content_hash(observed),
    }


def _new_addresses(tx: Transaction, matches: Sequence[Match]) -> list[Address]:
    kept = [str(address_of(m.observed)) for m in matches if m.management is not Management.UNMANAGED]
    rows = tx.rows("observations.addresses_taken", addresses=kept) if kept else ()
    return new_addresses(matches, {row.address for row in rows})

"""The histories' partitions: months made ahead, and what no month was there for moved to where it belongs.

Each history is a transaction of its own: who holds one may wait for a writer that holds another. What could
not be made now, because a long reader was in the way, is made another time: until then the default takes its
rows.
This module deletes no row of any history, and archives none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.store.database.faults import TryAgain
from reconciler.store.database.session import Actor, Store, Transaction

MONTHS_AHEAD = 3  # a program that is not run for longer makes them when it starts
STRAY_HINT = "Check the server's clock, then run: reconciler db partitions --move"
LOCK_TRIES = 3  # of half a second each: readers are to wait no longer behind it
COUNTED_STRAYS = 10_000
"""So many rows of a default are counted where only it matters that there are some."""


@dataclass(frozen=True, slots=True)
class Partition:
    """An attached partition. `from_at` and `to_at` are None for the default, which `is_default`."""

    history: str
    name: str
    is_default: bool
    from_at: datetime | None
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class Strays:
    """Rows of a history that no month was there for, and the times of the first and the last of them."""

    history: str
    rows: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """`count`: months made, or rows moved. `put_off`: histories that others held: it may succeed later."""

    count: int
    put_off: tuple[str, ...] = ()


def make_partitions(store: Store, actor: str, months_ahead: int = MONTHS_AHEAD) -> Done:
    """Make the months from this one to so many ahead, 24 at most, and the default, where they are missing.

    Where none is missing, nothing is locked. Raises DatabaseError where a table is in the way.
    """
    with store.read() as tx:
        wanting = [row.history for row in tx.rows("partitions.wanting", months_ahead=months_ahead)]
    made = 0
    put_off: list[str] = []
    for history in wanting:
        count = _tried(store, actor, "partitions.make", history=history, months_ahead=months_ahead)
        made += count or 0
        put_off += [history] if count is None else []
    return Done(made, tuple(put_off))


def _tried(store: Store, actor: str, query: str, **params: object) -> int | None:
    """What the query gives, in a transaction of its own; None where it found no moment for its locks."""
    for _ in range(LOCK_TRIES):
        try:
            with store.transaction(Actor(actor, "partitions of the history", "maintenance")) as tx:
                return int(tx.value(query, **params))
        except TryAgain:
            continue
    return None


def strays(tx: Transaction, most: int | None = COUNTED_STRAYS) -> tuple[Strays, ...]:
    """The histories whose default holds rows, which are counted up to `most`; None counts them all."""
    return tx.all(Strays, "partitions.strays", most=most)


def move_strays(store: Store, actor: str, until: datetime | None = None) -> Done:
    """Move what the defaults hold into months, of each history the 24 oldest; only what is before `until`.

    Raises DatabaseError where a table is in the way.
    """
    with store.read() as tx:
        found = strays(tx, 1)
    moved = 0
    put_off: list[str] = []
    for each in found:
        count = _tried(store, actor, "partitions.move_strays", history=each.history, until=until)
        moved += count or 0
        put_off += [each.history] if count is None else []
    return Done(moved, tuple(put_off))


def partitions(tx: Transaction) -> tuple[Partition, ...]:
    """All that are attached, by history, the oldest first and the default last."""
    return tx.all(Partition, "partitions.all")


def stray_words(found: tuple[Strays, ...]) -> str:
    """Where rows are that no month was there for, for a message; empty where there are none."""
    return "; ".join(
        f"{each.history} has {'at least ' if each.rows >= COUNTED_STRAYS else ''}{each.rows} in its default, "
        f"of {each.first_at:%Y-%m-%d %H:%M} to {each.last_at:%Y-%m-%d %H:%M}"
        for each in found
    )

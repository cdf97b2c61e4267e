"""What a daemon asks of the database beside its work: does it live, what waits, how much is there.

Reads and small marks only; nothing here changes a resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from reconciler.store.database.session import Actor, Store, Transaction


@dataclass(frozen=True, slots=True)
class Levels:
    """How much there is now: open operations, failing resources and those left alone for a while, holds in
    force, plans that a loop saved and that wait for a person, history rows that no month was there for (each
    history's counted up to 10,000), and what is away in files: rows of histories, and deleted resources with
    their parts."""

    open_operations: int = 0
    failing: int = 0
    backing_off: int = 0
    holds: int = 0
    waiting_approvals: int = 0
    stray_history_rows: int = 0
    archived_history_rows: int = 0
    archived_resources: int = 0


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A plan that was saved to be approved. `approved`: by an approval that was not used yet."""

    id: int
    hash: str
    approved: bool


def beat(store: Store, worker: UUID, actor: str) -> bool:
    """Note that the worker was seen; False if its session's lock is gone, so that others count it as dead."""
    with store.transaction(Actor(actor, "heartbeat", "maintenance")) as tx:
        return bool(tx.value("daemon.beat", worker=worker))


@contextmanager
def turn(store: Store, source: str) -> Iterator[bool]:
    """The turn to read a source and to record what was read; False while another process has it."""
    with store.session() as session:
        yield bool(session.value("daemon.try_source", source=source))


def newest_revision(store: Store) -> int:
    """Of any source; 0 where there is none."""
    with store.read() as tx:
        return int(tx.value("daemon.newest_revision"))


def moved_since(store: Store, source: str, revision: int) -> bool:
    """Whether the source has a revision that is newer than one of any source."""
    with store.read() as tx:
        return bool(tx.value("daemon.source_moved", source=source, since=revision))


def levels(tx: Transaction) -> Levels:
    """How much there is now."""
    (found,) = tx.all(Levels, "daemon.levels")
    return found


def waiting_plans(tx: Transaction, actor: str) -> tuple[WaitingPlan, ...]:
    """Oldest first."""
    return tx.all(WaitingPlan, "daemon.waiting_plans", actor=actor)

"""What a piece of work costs the database: statements sent, and rows that its own tables gave and took.

None of it depends on the machine. Counted are all statements of this process, and the server's own counters
of rows, which each session hands in when it is told to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from reconciler.store.database.session import Store
from tests.rigs.databases import TestDatabase

_ROWS = b"""
SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0), n_tup_ins + n_tup_upd + n_tup_del
FROM pg_stat_user_tables
"""


@dataclass(slots=True)
class Traffic:
    """`read` and `written`: rows by table, without the tables of which there were none."""

    statements: int = 0
    read: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, int] = field(default_factory=dict)


@contextmanager
def traffic(store: Store, database: TestDatabase, monkey: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """Counts what this process does inside of the block, by the store's pool or in sessions that end there.

    Nothing else may use the database meanwhile.
    """
    found = Traffic()
    _hand_in(store)
    before = _rows(database)
    with monkey.context() as patched:
        for name in ("execute", "executemany", "stream", "copy"):
            patched.setattr(psycopg.Cursor, name, _noting(getattr(psycopg.Cursor, name), found))
        yield found
    _hand_in(store)
    after = _rows(database)
    found.read = _more(before, after, 0)
    found.written = _more(before, after, 1)


def _noting(real: Any, found: Traffic) -> Any:
    def noting(self: psycopg.Cursor[Any], *given: Any, **named: Any) -> Any:
        found.statements += 1
        return real(self, *given, **named)

    return noting


def _hand_in(store: Store) -> None:
    """Let every session of the pool say what it counted; all are taken, so that each is."""
    with ExitStack() as taken:
        for _ in range(store._pool.get_stats()["pool_size"]):
            tx = taken.enter_context(store.read())
            tx._connection.execute("SELECT pg_stat_force_next_flush()")


def _rows(database: TestDatabase) -> dict[str, tuple[int, int]]:
    with psycopg.connect(database.admin) as admin:
        return {name: (read, written) for name, read, written in admin.execute(_ROWS)}


def _more(
    before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], which: int
) -> dict[str, int]:
    more = {name: after[name][which] - before.get(name, (0, 0))[which] for name in after}
    return {name: count for name, count in sorted(more.items()) if count}

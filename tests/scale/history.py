"""The histories at size: bytes a row, and what their reads cost. `python -m tests.scale.history` prints it.

`measured` gives the rows of a table for whoever prints several.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from reconciler.model.address import Address
from reconciler.report.resource import resource_report
from reconciler.store.database.migrate import migrate
from reconciler.store.database.queries import query
from reconciler.store.database.session import Store, Transaction
from reconciler.store.embedded import EmbeddedServer
from reconciler.store.history.events import Asked, events
from tests.rigs.long_history import LongHistory, build, mark_after
from tests.rigs.tables import Tables

SETTINGS = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "1GB", "work_mem": "64MB"}
ROUNDS, ROUNDS_OF_ALL = 10, 2


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of the table: what, how much, in what unit, and what is to be reached; None for nothing."""

    what: str
    value: float
    unit: str
    reach: float | None = None
    buffers: int | None = None


def measured(dsn: str, made: LongHistory) -> Iterator[Measured]:
    """The figures of one database that `build` filled."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        world = Tables(connection)
        size = world.one(
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
            " WHERE inhparent = 'resource_attribute_history'::regclass"
        )
        yield Measured("an attribute history row with its indexes", float(size) / made.rows, "bytes", 120)
        operation = world.one("SELECT operation_id FROM changesets WHERE id = %s", _before(world, 5))
        commit = world.one("SELECT commit_id FROM revisions ORDER BY id DESC LIMIT 1")
        recent, middle = (mark_after(world, _before(world, made.operations // part)) for part in (10, 2))
        machine = Address.parse("vm/m-77")
        reads: list[tuple[str, float, Callable[[Transaction], object]]] = [
            ("history ADDRESS", 50, lambda tx: events(tx, 50, str(machine))),
            ("describe ADDRESS", 50, lambda tx: resource_report(tx, machine)),
            ("newest 50", 50, lambda tx: events(tx, 50)),
            ("of an operation", 50, lambda tx: events(tx, 50, None, Asked(operation=UUID(str(operation))))),
            ("of a commit", 50, lambda tx: events(tx, 50, None, Asked(commit=commit))),
            ("by an actor in a month", 300, lambda tx: events(tx, 50, None, _month(world))),
        ]
        with Store.open(dsn) as store:
            for what, reach, read in reads:
                yield _asked(dsn, store, what, reach, read)
        one = "ARRAY[77::bigint]"
        yield _sql(world, "one resource as of T", f"attributes_as_of({recent}, {one})", 20)
        yield _sql(
            world,
            "the fleet as of T (a tenth of the changes taken back)",
            f"attributes_as_of({recent})",
            2000,
        )
        yield _sql(
            world, "the fleet as of T (half of the changes taken back)", f"attributes_as_of({middle})", 2000
        )


def _before(world: Tables, count: int) -> int:
    """The changeset so many operations before the last one."""
    number: int = world.one(
        "SELECT id FROM changesets WHERE cause = 'operation' ORDER BY changed_at DESC OFFSET %s LIMIT 1",
        count,
    )
    return number


def _month(world: Tables) -> Asked:
    since, until = world.all("SELECT now() - interval '32 days', now() - interval '2 days'")[0]
    return Asked(since=since, until=until, by="actor-7")


class Explained(Transaction):
    """A transaction whose every query is explained first: how many pages all of them touch."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        super().__init__(connection)
        self.buffers = 0

    def rows(self, name: str, /, **params: object) -> list[Any]:
        self._explain(name, params)
        return super().rows(name, **params)

    def all(self, kind: type[Any], name: str, /, **params: object) -> tuple[Any, ...]:
        self._explain(name, params)
        return super().all(kind, name, **params)

    def _explain(self, name: str, params: dict[str, object]) -> None:
        text = re.sub(rb"^\s*--[^\n]*\n", b"", query(name))
        explained = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + text
        ((found,),) = self._connection.execute(explained, params or None).fetchall()
        plan = found[0]["Plan"]
        self.buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def _asked(
    dsn: str, store: Store, what: str, reach: float, read: Callable[[Transaction], object]
) -> Measured:
    """The quickest of some rounds, with planning and our own part of it; and the pages that it touches."""
    times = []
    for _ in range(ROUNDS):
        with store.read() as tx:
            began = time.perf_counter()
            read(tx)
            times.append((time.perf_counter() - began) * 1000)
    with psycopg.connect(dsn) as connection:
        explained = Explained(connection)
        read(explained)
    return Measured(what, min(times), "ms", reach, explained.buffers)


def _sql(world: Tables, what: str, source: str, reach: float) -> Measured:
    """All rows of a function as the server makes them, without sending them."""
    best: tuple[float, int] | None = None
    for _ in range(ROUNDS_OF_ALL):
        found = world.one(
            "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM {source}", source=source
        )
        plan = found[0]["Plan"]
        seen = (found[0]["Execution Time"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        best = min(best or seen, seen)
    assert best is not None
    return Measured(what, best[0], "ms", reach, best[1])


def say(line: str) -> None:
    """At once, for whoever waits for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Build it on a server of its own, print the table, and remove it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--resources", type=int, default=100_000)
    options.add_argument("--operations", type=int, default=600_000)
    options.add_argument(
        "--keep", type=Path, help="the server's folder; kept, and used again where it is filled"
    )
    asked = options.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="reconciler-scale-"))
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.chmod(0o711)
    made = LongHistory(asked.resources, asked.operations, 10, 5)
    with EmbeddedServer.open(folder / "pg", settings=SETTINGS) as server:
        dsn = server.superuser_dsn("scale")
        with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'scale'").fetchone()
            is_there = found is not None
            if not is_there:
                connection.execute("CREATE DATABASE scale")
        if not is_there:
            began = time.monotonic()
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as connection:
                made = build(Tables(connection).begin(), asked.resources, asked.operations)
            say(f"{made.rows:,} attribute history rows made in {time.monotonic() - began:.0f} s")
        for row in measured(dsn, made):
            reach = f"  (≤ {row.reach:g})" if row.reach else ""
            reach += f"  {row.buffers} buffers" if row.buffers is not None else ""
            say(f"{row.what:<56}{row.value:>10.1f} {row.unit}{reach}")
    if not asked.keep:
        EmbeddedServer.stop(folder / "pg", force=True)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

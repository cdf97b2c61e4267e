"""Loading and recording a fleet: what it takes of both sides, and what the same rows take by bare COPY.

The floor keeps all keys, checks and triggers: it is what the database itself asks for these rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from reconciler.store.embedded import EmbeddedServer
from tests.bench.measure import BenchError, processor_seconds, run

STEPS = ("load", "wait", "record")
DATABASE, FLOOR = "reconciler", "scale_floor"
TABLES = (
    "manifest_sources",
    "revisions",
    "desired_resources",
    "desired_attributes",
    "desired_cleared_attributes",
    "desired_tags",
    "desired_collections",
    "desired_ignored_attributes",
    "desired_relationships",
    "resources",
    "resource_attributes",
    "tags",
    "resource_tags",
    "resource_relationships",
)
"""What load and record write, in an order in which each row finds what it refers to."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step took: processor seconds of the program and of the server, MiB at the most, MB of WAL."""

    name: str
    client: float
    server: float
    peak: float
    wal: float


def prepared(server: EmbeddedServer, home: Path, size: int) -> None:
    """The catalog and the endpoints, and a copy of that for the floor."""
    run([sys.executable, "-m", "tests.scale.work", "prepare", str(home), str(size)])
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {FLOOR} TEMPLATE {DATABASE}")


def steps(server: EmbeddedServer, home: Path, size: int) -> Iterator[Taken]:
    """Each step of loading and recording, as it is done. Raises BenchError where one is not done whole."""
    for name in STEPS:
        wal, before = _wal(server), _seconds(server)
        cost = run([sys.executable, "-m", "tests.scale.work", name, str(home), str(size)])
        after = _seconds(server)
        facts = json.loads(cost.output)
        if facts["count"] != size:
            raise BenchError(f"{name} wrote {facts['count']} of {size}")
        yield Taken(name, facts["cpu"], after - before, cost.peak, _wal(server) - wal)


def floor(server: EmbeddedServer) -> Taken:
    """The same rows by COPY, each table at once, with all keys, checks and triggers."""
    client = wal = server_seconds = 0.0
    with (
        psycopg.connect(server.superuser_dsn(DATABASE)) as source,
        psycopg.connect(server.superuser_dsn(FLOOR)) as target,
    ):
        target.execute("SELECT set_config('reconciler.cause', 'maintenance', FALSE)")
        for table in TABLES:
            columns = _columns(source, table)
            with tempfile.TemporaryFile() as rows:
                with source.cursor().copy(f"COPY {table} ({columns}) TO STDOUT".encode()) as out:
                    for block in out:
                        rows.write(block)
                rows.seek(0)
                before, began = _seconds(server), _wal(server)
                with target.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as into:
                    while block := rows.read(1 << 20):
                        into.write(block)
                server_seconds += _seconds(server) - before
                wal += _wal(server) - began
        target.commit()
    return Taken("COPY", client, server_seconds, 0.0, wal)


def _columns(connection: psycopg.Connection[tuple[object, ...]], table: str) -> str:
    found = connection.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [table],
    ).fetchone()
    assert found is not None
    return str(found[0])


def _seconds(server: EmbeddedServer) -> float:
    found = processor_seconds(server.pid)
    if found is None:
        raise BenchError("this system does not tell what a server's processes use")
    return found


def _wal(server: EmbeddedServer) -> float:
    with psycopg.connect(server.superuser_dsn()) as connection:
        found = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert found is not None
    return float(str(found[0])) / 1e6

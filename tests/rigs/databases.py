"""What a test is given of its database, and how databases are made; apart from conftest to be imported."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from reconciler.store.embedded import EmbeddedServer

MEMORY_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A test's own database, with the connection strings of the superuser and of the program's role."""

    __test__ = False

    server: EmbeddedServer
    name: str

    @property
    def admin(self) -> str:
        return self.server.superuser_dsn(self.name)

    @property
    def runtime(self) -> str:
        return f"{self.admin} user=reconciler_runtime"


def fastest_folder() -> str | None:
    """Memory where there is enough: a database is some hundred files, and tests wait for their copying."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES:
        return str(memory)
    return None


def made_once(server: EmbeddedServer, name: str, template: str, fill: Callable[[str], object]) -> str:
    """The first worker makes it."""
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            making = f"{name}_{uuid4().hex[:8]}"
            made, named = sql.Identifier(making), sql.Identifier(name)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(made, sql.Identifier(template))
            )
            fill(server.superuser_dsn(making))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(made, named))
    return name


def new_database(server: EmbeddedServer, template: str) -> Iterator[TestDatabase]:
    """Copied file by file: through the log, which is the default, costs the server thrice as much."""
    made = TestDatabase(server, f"test_{uuid4().hex[:12]}")
    name = sql.Identifier(made.name)
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                name, sql.Identifier(template)
            )
        )
        yield made
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

"""What a backup, a restoring and an upgrade ask a database: whose it is, its schema, and how much is in it.

They ask in a session of their own, as who may read everything. Nothing is changed from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors as pg

from reconciler import __version__
from reconciler.errors import DatabaseError
from reconciler.store.care.label import AppliedMigration, Label
from reconciler.store.database.faults import translated
from reconciler.store.database.migrate import Connection, connect
from reconciler.store.database.queries import query, sql_files


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows a table has, and if asked for the sum of their hashes, whatever their order."""

    rows: int
    checksum: str | None


@contextmanager
def session(dsn: str) -> Iterator[Connection]:
    """A session of whoever may read all of a database; each statement commits by itself.

    Raises DatabaseUnavailable, and DatabaseError where that role may not.
    """
    with connect(dsn) as connection, translated("care"):
        try:
            connection.execute(query("care.settings"))
            connection.execute(statement("01_tallies.sql"))
            yield connection
        except pg.InsufficientPrivilege as error:
            raise DatabaseError(
                f"the database user `{connection.info.user}` may not do this: {str(error).strip()}",
                hint="Give the URL of an administrator: a superuser, or a member of reconciler_owner and "
                "reconciler_vault whom row-level security does not concern (BYPASSRLS).",
            ) from error


@contextmanager
def snapshot(connection: Connection) -> Iterator[str]:
    """The name of a moment that this session, and pg_dump, see until the end."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection.transaction():
        yield str(value(connection, "care.snapshot"))


def value(connection: Connection, name: str) -> object:
    """The first value of a query's first row; None where there is no row."""
    row = connection.execute(query(name)).fetchone()
    return row[0] if row else None


def label_of(connection: Connection, written_by: int) -> Label:
    """What a backup of this moment says of itself; its dump's hash comes later."""
    if not value(connection, "migrations.table_exists"):
        raise DatabaseError("there is nothing of ours in the database", hint="Run: reconciler db migrate")
    whose = connection.execute(query("care.installation")).fetchone()
    now = connection.execute(query("care.now")).fetchone()
    if whose is None or now is None:
        raise DatabaseError("the database has no installation", hint="Run: reconciler db migrate")
    rows = connection.execute(query("care.migrations")).fetchall()
    roles = connection.execute(query("care.roles")).fetchall()
    return Label(
        installation=whose[0],
        key_id=whose[1],
        taken_at=now[0],
        made_by=f"reconciler {__version__}",
        server=connection.info.server_version // 10000,
        written_by=written_by,
        roles=tuple(name for (name,) in roles),
        migrations=tuple(
            AppliedMigration(version, name, bytes(sha256).hex(), applied_at, applied_by)
            for version, name, sha256, applied_at, applied_by in rows
        ),
        tables={name: tally.rows for name, tally in tallies(connection, checksums=False).items()},
    )


def tallies(connection: Connection, *, checksums: bool) -> dict[str, Tally]:
    """How much is in each table, by its name. With `checksums` every row is hashed, which takes a while."""
    rows = connection.execute(statement("02_tally.sql"), {"checksums": checksums}).fetchall()
    return {name: Tally(count, checksum) for name, count, checksum in rows}


def differing(wanted: dict[str, Tally], found: dict[str, Tally]) -> list[str]:
    """What is not in two databases alike, in words; empty where they hold the same."""
    differences = []
    for name in sorted(wanted.keys() | found.keys()):
        there, here = wanted.get(name), found.get(name)
        if there is None or here is None:
            differences.append(f"{name} is {'missing' if here is None else 'new'}")
        elif there.rows != here.rows:
            differences.append(f"{name} has {here.rows} rows and not {there.rows}")
        elif there != here:
            differences.append(f"{name} has other rows")
    return differences


def statement(name: str) -> bytes:
    """What a file of `sql/care` says, which is no named query because it needs what a session made first."""
    return dict(sql_files("care"))[name]

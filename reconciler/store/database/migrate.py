"""Brings a database's schema up to date, file by file, and refuses what it cannot be sure of.

Each file is sent as the bytes that it is, in one transaction with the row that records its hash, so a file is
either applied and recorded or neither. An applied file that was edited, or a database that is newer than this
code, is an error: guessing would damage data. It needs an administrator's connection, not the runtime's.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import errors as pg

from reconciler.errors import DatabaseUnavailable, MigrationError
from reconciler.store.database.faults import sessions_in_words
from reconciler.store.database.queries import query, sql_files

Connection = psycopg.Connection[tuple[Any, ...]]

MINIMUM_SERVER = 15
LOCK_POLL_SECONDS = 0.1
LOCK_WAIT_SECONDS = 60.0
LOCK_TRIES = 10
LOCK_PAUSE_SECONDS = 0.5
SEED_VERSION = 0
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. Version 0 is the seed: all its files as one, applied again whenever they change."""

    version: int
    name: str
    content: bytes

    @property
    def sha256(self) -> bytes:
        """Of its content, 32 bytes: by it an edited migration is found."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Names of files. `edited`: applied once, and changed since. `unknown`: applied by a newer version."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    edited: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def migrate(admin_dsn: str) -> list[str]:
    """Applies what is pending, and gives the names of what it applied; nothing pending, nothing done.

    Any number may run at once: one works, the others wait for it and then find nothing to do.
    Raises MigrationError, and DatabaseUnavailable where the server cannot be reached.
    """
    with connect(admin_dsn) as connection:
        _check_server(connection)
        connection.execute(query("migrations.settings"))
        lock(connection)
        _apply(connection, "roles and schemas", _bootstrap)
        found = _status(connection)
        _refuse(found)
        pending = [item for item in available() if item.name in found.pending]
        for item in pending:
            _apply(connection, item.name, partial(_run, item))
        return [item.name for item in pending]


def status(dsn: str) -> MigrationStatus:
    """What is applied and what is pending. Changes nothing, so a database without tables will do."""
    with connect(dsn) as connection:
        _check_server(connection)
        return _status(connection)


def check(found: MigrationStatus) -> None:
    """Raises MigrationError where the database is not one that this code can bring up to date."""
    _refuse(found)


def available() -> list[Migration]:
    """The migrations of this code in their order, the seed last."""
    found = []
    for name, content in sql_files("migrations"):
        match = _FILE_NAME.fullmatch(name)
        if match is None:
            raise MigrationError(f"{name} is not a migration's name", hint="Expected: 0002_what_it_does.sql")
        found.append(Migration(int(match[1]), name, content))
    versions = [item.version for item in found]
    if versions != list(range(1, len(found) + 1)):
        raise MigrationError(f"the migrations are not numbered from 1 without a gap: {versions}")
    seed = b"\n".join(content for _, content in sql_files("seed"))
    return [*found, Migration(SEED_VERSION, "seed", seed)]


def connect(dsn: str) -> Connection:
    """A connection that commits each statement by itself. Raises DatabaseUnavailable."""
    try:
        return psycopg.connect(dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"no connection to the database: {str(error).strip()}",
            hint="Check that the server runs, and the URL, user and password that it is reached with.",
        ) from error


def _check_server(connection: Connection) -> None:
    version = connection.info.server_version // 10000
    if version < MINIMUM_SERVER:
        raise MigrationError(
            f"the server is PostgreSQL {version}; {MINIMUM_SERVER} or newer is needed",
            hint="Upgrade it, give another server's URL, or none to have one started for you.",
        )


def lock(connection: Connection) -> None:
    """Keeps every other migration of the database out until this session ends. Raises MigrationError."""
    # Polled, because a session waiting inside a lock call holds a snapshot that index builds then wait for.
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while not _one(connection, "migrations.try_lock"):
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another migration of this database has not ended after {LOCK_WAIT_SECONDS:g} s: "
                f"{_told(connection, 'migrations.lock_holder')}",
                hint="Run this again when it has ended, or end it: SELECT pg_terminate_backend(PID)",
            )
        time.sleep(LOCK_POLL_SECONDS)


def _apply(connection: Connection, name: str, work: Callable[[Connection], None]) -> None:
    try:
        _with_locks(connection, name, work)
    except pg.InsufficientPrivilege as error:
        raise MigrationError(
            f"{name}: the database user `{connection.info.user}` may not do this: {_said(error)}",
            hint="Migrate once as a user that owns the database and may create roles (CREATEROLE), or have "
            "an administrator run the files in sql/bootstrap and make that user a member of "
            "reconciler_owner and reconciler_vault.",
        ) from error
    except psycopg.Error as error:
        raise MigrationError(
            f"{name} could not be applied, and left nothing behind: {_said(error)}",
            hint="The database is as it was before this file.",
        ) from error


def _with_locks(connection: Connection, name: str, work: Callable[[Connection], None]) -> None:
    """Each try waits for a lock as briefly as `lock_timeout` says: whoever comes later waits behind it."""
    for left in reversed(range(LOCK_TRIES)):
        try:
            with connection.transaction():
                work(connection)
        except pg.LockNotAvailable as error:
            if not left:
                raise MigrationError(
                    f"{name} could not be applied, and left nothing behind: others use what it changes: "
                    f"{_told(connection, 'migrations.in_the_way')}",
                    hint="Run it again when they have ended, or end them: SELECT pg_terminate_backend(PID)",
                ) from error
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


def _told(connection: Connection, name: str) -> str:
    """Other sessions, in words."""
    return sessions_in_words(connection.execute(query(name)).fetchall()) or "they have ended since"


def _bootstrap(connection: Connection) -> None:
    for _, content in sql_files("bootstrap"):
        connection.execute(content)


def _run(item: Migration, connection: Connection) -> None:
    connection.execute(query("migrations.become_owner"))
    connection.execute(item.content)
    connection.execute(query("migrations.become_owner"))
    connection.execute(
        query("migrations.record"), {"version": item.version, "name": item.name, "sha256": item.sha256}
    )


def _status(connection: Connection) -> MigrationStatus:
    recorded: dict[int, tuple[str, bytes]] = {}
    if _one(connection, "migrations.table_exists"):
        rows = connection.execute(query("migrations.applied")).fetchall()
        recorded = {version: (name, bytes(sha256)) for version, name, sha256 in rows}
    files = available()
    known = {item.version for item in files}
    changed = [
        item for item in files if item.version in recorded and recorded[item.version][1] != item.sha256
    ]
    edited = tuple(item.name for item in changed if item.version != SEED_VERSION)
    pending = [item for item in files if item.version not in recorded or item in changed]
    return MigrationStatus(
        applied=tuple(name for version, (name, _) in sorted(recorded.items()) if version in known),
        pending=tuple(item.name for item in pending if item.name not in edited),
        edited=edited,
        unknown=tuple(name for version, (name, _) in sorted(recorded.items()) if version not in known),
    )


def _refuse(found: MigrationStatus) -> None:
    if found.unknown:
        raise MigrationError(
            f"the database is newer than this version of reconciler: it has {', '.join(found.unknown)}",
            hint="Install the version that made it, or a newer one.",
        )
    if found.edited:
        raise MigrationError(
            f"applied migrations were edited afterwards: {', '.join(found.edited)}",
            hint="Restore the files as they were applied, and put the change into a new migration.",
        )


def _one(connection: Connection, name: str) -> object:
    row = connection.execute(query(name)).fetchone()
    return row[0] if row else None


def _said(error: psycopg.Error) -> str:
    return str(error).strip()

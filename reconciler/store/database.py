"""Opens the database, whichever it is: the server of a URL, or one of our own that is started for it.

It makes the database where there is none and brings its schema up to date where it may; on somebody's own
server it changes a schema only when told to. Everything else works through the Store that it hands out, as a
role that owns nothing and can bypass nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import conninfo
from psycopg import errors as pg

from reconciler.errors import DatabaseUnavailable, MigrationError
from reconciler.store import migrate as migrations
from reconciler.store.embedded import EmbeddedServer
from reconciler.store.faults import translated
from reconciler.store.queries import query, sql_files
from reconciler.store.session import Actor, Store

NAME = "reconciler"
RUNTIME_ROLE = "reconciler_runtime"
DATA_FOLDER = "postgresql"
MONTHS_AHEAD = 3  # of history partitions: a program that is not run for longer makes them when it starts


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `admin_url` may migrate it; `runtime_url` is what the program works as.

    `runtime_role` is the role that sessions of `runtime_url` must take first, None where it is that role's
    own. Neither URL is for showing: one that a user gave may hold a password.
    """

    store: Store
    admin_url: str = field(repr=False)
    runtime_url: str = field(repr=False)
    runtime_role: str | None
    server: EmbeddedServer | None

    @property
    def is_embedded(self) -> bool:
        return self.server is not None

    def close(self) -> None:
        self.store.close()
        if self.server is not None:
            self.server.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(url: str | None, home: Path, *, auto_migrate: bool = False, max_size: int = 10) -> Database:
    """The database at `url`, or without one that in `home`, which is made, started and kept running.

    `auto_migrate`: bring the schema of a URL's database up to date too. Raises DatabaseUnavailable, and
    MigrationError where the schema does not fit and may not, or cannot, be made to.
    """
    if url is not None:
        return _open_url(url, auto_migrate=auto_migrate, max_size=max_size)
    server = EmbeddedServer.open(home / DATA_FOLDER, keep_running=True)
    try:
        return _open_embedded(server, max_size)
    except BaseException:
        server.close()
        raise


def admin_url(url: str | None, home: Path) -> tuple[str, EmbeddedServer | None]:
    """What `migrate` and `status` take, for a command that works on the schema alone.

    The embedded server, if it is that, is running and to be closed by the caller.
    """
    if url is not None:
        return url, None
    server = EmbeddedServer.open(home / DATA_FOLDER, keep_running=True)
    _ensure_exists(server)
    return server.superuser_dsn(NAME), server


def _open_embedded(server: EmbeddedServer, max_size: int) -> Database:
    _ensure_exists(server)
    admin = server.superuser_dsn(NAME)
    found = migrations.status(admin)
    migrations.check(found)
    if found.pending:
        migrations.migrate(admin)
    runtime = conninfo.make_conninfo(admin, user=RUNTIME_ROLE)
    return _open(admin, runtime, None, server, max_size)


def _open_url(url: str, *, auto_migrate: bool, max_size: int) -> Database:
    try:
        conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The parser's own message quotes the URL, password and all.
        raise DatabaseUnavailable(
            "the database's URL is not one", hint="Expected: postgresql://user@host:5432/database"
        ) from None
    found = migrations.status(url)
    migrations.check(found)
    if found.pending and not auto_migrate:
        raise MigrationError(
            f"the database's schema is not up to date: {', '.join(found.pending)} not applied",
            hint="Run: reconciler db migrate",
        )
    if found.pending:
        migrations.migrate(url)
    return _open(url, url, _role_to_take(url), None, max_size)


def _open(
    admin: str, runtime: str, role: str | None, server: EmbeddedServer | None, max_size: int
) -> Database:
    store = Store.open(runtime, max_size=max_size, role=role)
    try:
        with store.transaction(Actor("reconciler", "history of the months ahead", "maintenance")) as tx:
            tx.value("session.make_history_partitions", months_ahead=MONTHS_AHEAD)
    except BaseException:
        store.close()
        raise
    return Database(store, admin, runtime, role, server)


def _role_to_take(url: str) -> str | None:
    """The runtime role where the URL's user is another. Raises MigrationError if it may not be taken."""
    with migrations.connect(url) as connection, translated("roles"):
        row = connection.execute(query("session.roles"), {"role": RUNTIME_ROLE}).fetchone()
    user, may_take = row or ("", False)
    if user == RUNTIME_ROLE:
        return None
    if not may_take:
        raise MigrationError(
            f"the database user {user} is not {RUNTIME_ROLE} and may not act as it",
            hint=f"Connect as {RUNTIME_ROLE}, or: GRANT {RUNTIME_ROLE} TO {user}",
        )
    return RUNTIME_ROLE


def _ensure_exists(server: EmbeddedServer) -> None:
    with migrations.connect(server.superuser_dsn()) as connection, translated("create database"):
        if connection.execute(query("session.database_exists"), {"name": NAME}).fetchone():
            return
        try:
            for _, content in sql_files("database"):
                connection.execute(content)
        except (pg.DuplicateDatabase, pg.UniqueViolation):
            return  # another process was faster

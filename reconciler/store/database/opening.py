"""Opens the database, whichever it is: the server of a URL, or one of our own that is started for it.

It makes the database where there is none and brings its schema up to date where it may; on somebody's own
server it changes a schema only when told to. Everything else works through the Store that it hands out, as a
role that owns nothing and can bypass nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg import conninfo
from psycopg import errors as pg

from reconciler.errors import DatabaseUnavailable, MigrationError
from reconciler.store.database import home as homes
from reconciler.store.database import migrate as migrations
from reconciler.store.database.faults import NotPermitted, translated
from reconciler.store.database.queries import query, sql_files
from reconciler.store.database.session import Store
from reconciler.store.embedded import ABSENT_HINT, EmbeddedServer
from reconciler.store.history.partitions import make_partitions

if TYPE_CHECKING:
    from reconciler.store.inventory.vault import Vault

NAME = "reconciler"
RUNTIME_ROLE = "reconciler_runtime"
DATA_FOLDER = "postgresql"
Standing = Literal["program", "planner", "reader"]
"""What the database lets a session do: all that the program does; previews, of which nothing is kept; or to
read, as readers and auditors do."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `admin_url` may migrate it; `runtime_url` is what the program works as.

    `runtime_role` is the role that sessions of `runtime_url` must take first, None where it is that role's
    own, or a person's. Neither URL is for showing: one that a user gave may hold a password.
    """

    store: Store
    admin_url: str = field(repr=False)
    runtime_url: str = field(repr=False)
    runtime_role: str | None
    server: EmbeddedServer | None
    standing: Standing = "program"

    def require(self, needed: Standing, doing: str) -> None:
        """Raises NotPermitted where the database user's roles are for less than `doing` needs."""
        enough = {"program": ("program",), "planner": ("program", "planner")}.get(needed)
        if enough is None or self.standing in enough:
            return
        role = RUNTIME_ROLE if needed == "program" else f"reconciler_{needed}"
        raise NotPermitted(
            f"your database role may not {doing}: it is that of a {self.standing}",
            hint=f"ask for {role}, or ask somebody who has it to do this; `reconciler db grants` lists who",
        )

    @property
    def is_embedded(self) -> bool:
        """Whether this program runs the server itself."""
        return self.server is not None

    def vault(self, home: Path, actor: str) -> Vault:
        """The vault, with the master keys of this home. Raises ConfigurationError, see `open_vault`.

        Homes that share a URL's database may have a key each, so only the embedded one is particular. Who may
        not use the vault gets one that opens nothing.
        """
        from reconciler.store.inventory.key_sources import source_of
        from reconciler.store.inventory.vault import closed_vault, open_vault

        if self.standing != "program":
            return closed_vault(self.store, actor)
        return open_vault(self.store, source_of(home), actor, particular=self.is_embedded)

    def close(self) -> None:
        """Close the pool, and give up the embedded server's lease."""
        self.store.close()
        if self.server is not None:
            self.server.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(
    url: str | None, home: Path, *, auto_migrate: bool = False, anew: bool = False, max_size: int = 10
) -> Database:
    """The database at `url`, or without one that in `home`, which is made, started and kept running.

    `auto_migrate`: bring the schema of a URL's database up to date too. `anew`: make a new database in `home`
    though an earlier one was there, whose data is gone; without it that is refused.
    Raises DatabaseUnavailable, and MigrationError where the schema does not fit and may not, or cannot, be
    made to.
    """
    if url is not None:
        return _open_url(url, auto_migrate=auto_migrate, max_size=max_size)
    server = _server(home, anew=anew)
    try:
        database = _open_embedded(server, max_size)
    except BaseException:
        server.close()
        raise
    try:
        with database.store.read() as tx:
            homes.keep_installation(home, tx.value("installation.uid"), anew=anew)
    except BaseException:
        database.close()
        raise
    return database


def admin_url(url: str | None, home: Path) -> tuple[str, EmbeddedServer | None]:
    """What `migrate` and `status` take, for a command that works on the schema alone.

    The embedded server, if it is that, is running and to be closed by the caller.
    """
    if url is not None:
        return url, None
    server = _server(home)
    ensure_exists(server)
    return server.superuser_dsn(NAME), server


def _server(home: Path, *, anew: bool = False) -> EmbeddedServer:
    data = home / DATA_FOLDER
    # Looked at before the data, which is made first: so two first starts at once do not refuse one another.
    trace = homes.trace_of_use(home)
    if trace is not None and not anew and not EmbeddedServer.has_data(data):
        raise DatabaseUnavailable(
            f"there is no database in {data}, though {trace} shows that one has been in use here",
            hint=f"{ABSENT_HINT}. If it never was here but at a URL: give that (--database).",
        )
    return EmbeddedServer.open(data, keep_running=True, anew=anew)


def _open_embedded(server: EmbeddedServer, max_size: int) -> Database:
    ensure_exists(server)
    admin = server.superuser_dsn(NAME)
    found = migrations.status(admin)
    migrations.check(found)
    if found.pending:
        migrations.migrate(admin)
    return _open(admin, server.runtime_dsn(NAME), None, server, max_size)


def _open_url(url: str, *, auto_migrate: bool, max_size: int) -> Database:
    try:
        conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The parser's own message quotes the URL, password and all.
        raise DatabaseUnavailable(
            "the database's URL is not one", hint="Expected: postgresql://user@host:5432/database"
        ) from None
    try:
        found = migrations.status(url)
    except pg.InsufficientPrivilege as error:
        raise _stranger(conninfo.conninfo_to_dict(url).get("user")) from error
    migrations.check(found)
    if found.pending and not auto_migrate:
        raise MigrationError(
            f"the database's schema is not up to date: {', '.join(found.pending)} not applied",
            hint="Run: reconciler db migrate",
        )
    if found.pending:
        migrations.migrate(url)
    standing, role = _standing(url)
    return _open(url, url, role, None, max_size, standing)


def _open(
    admin: str,
    runtime: str,
    role: str | None,
    server: EmbeddedServer | None,
    max_size: int,
    standing: Standing = "program",
) -> Database:
    store = Store.open(runtime, max_size=max_size, role=role)
    if standing != "program":
        return Database(store, admin, runtime, role, server, standing)
    try:
        # What others hold just now is made the next time: until then the default takes what has no month.
        make_partitions(store, "reconciler")
    except BaseException:
        store.close()
        raise
    return Database(store, admin, runtime, role, server)


def _standing(url: str) -> tuple[Standing, str | None]:
    """What the URL's user may do, and the role to take for it: the runtime role, where the user is another.

    People are members of planner, reader or auditor, and stay who they are. Raises MigrationError for who is
    none of these.
    """
    with migrations.connect(url) as connection, translated("roles"):
        row = connection.execute(query("session.standing")).fetchone()
    user, may_run, may_plan, may_read = row or ("", False, False, False)
    if may_run:
        return "program", None if user == RUNTIME_ROLE else RUNTIME_ROLE
    if may_plan or may_read:
        return "planner" if may_plan else "reader", None
    raise _stranger(user)


def _stranger(user: object) -> MigrationError:
    """What to say to who has none of the roles."""
    name = user or "that connects"
    return MigrationError(
        f"the database user {name} is not {RUNTIME_ROLE} and may not act as it, nor read",
        hint=f"Connect as {RUNTIME_ROLE}, or: GRANT {RUNTIME_ROLE} TO {name}; to read or plan only: "
        f"reconciler db grant reader to {name}",
    )


def ensure_exists(server: EmbeddedServer) -> None:
    """Makes the database on a server of our own, where it is not there; its schema is not made here."""
    with migrations.connect(server.superuser_dsn()) as connection, translated("create database"):
        if connection.execute(query("session.database_exists"), {"name": NAME}).fetchone():
            return
        try:
            for _, content in sql_files("database"):
                connection.execute(content)
        except (pg.DuplicateDatabase, pg.UniqueViolation):
            return  # another process was faster

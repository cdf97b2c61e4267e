"""Restoring a backup: into a database where nothing is, whole or not at all, and held until somebody looked.

What became of the fleet after the backup is not known to it. So everything is held: nothing is made, changed
or deleted before `reconciler readopt` has looked, taken back what is ours, and ended the hold. The
migrations' table is filled last, with the hold in one transaction: until then no program opens the database.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.errors import ConfigurationError, DatabaseError, MigrationError
from reconciler.store.care import archive, facts
from reconciler.store.care.label import Label
from reconciler.store.care.programs import Program, check_ended, find_program
from reconciler.store.database import migrate as migrations
from reconciler.store.database.migrate import Connection
from reconciler.store.database.queries import query, sql_files

HOLDER = "reconciler db restore"
"""The owner of the hold that a restoring leaves."""

MIGRATIONS = "public.schema_migrations"
_DATA_OF_MIGRATIONS = b"TABLE DATA public schema_migrations"
_NOTHING_LEFT = "Nothing was left in the database. Correct what it names, and run this again."


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `made_roles`: roles without a login that the server did not have."""

    label: Label
    made_roles: tuple[str, ...]
    migrated: tuple[str, ...]


def check(label: Label) -> None:
    """Raises MigrationError where a backup's schema is not one that this version can bring up to date."""
    known = {item.version: item for item in migrations.available()}
    newer = [item.name for item in label.migrations if item.version not in known]
    if newer:
        raise MigrationError(
            f"the backup is newer than this version of reconciler: it has {', '.join(newer)}",
            hint="Install the version that made it, or a newer one.",
        )
    edited = [
        item.name
        for item in label.migrations
        if item.version != migrations.SEED_VERSION
        and known[item.version].sha256 != bytes.fromhex(item.sha256)
    ]
    if edited:
        raise MigrationError(
            f"the backup was made with other contents of {', '.join(edited)} than this version has",
            hint="Restore it with the version that made it.",
        )


def restore(dsn: str, path: Path, actor: str) -> Restored:
    """Restores a backup into the empty database `dsn`, and brings its schema up to date.

    `dsn` is of who may make roles and everything in the database. Raises ConfigurationError where something
    is in it, and MigrationError, DatabaseUnavailable or DatabaseError where it cannot be done.
    """
    label = archive.read_label(path)
    check(label)
    with facts.session(dsn) as connection:
        migrations.lock(connection)
        _check_server(connection, label)
        check_empty(connection)
        program = find_program("pg_restore", max(label.written_by, connection.info.server_version // 10000))
        made = _make_roles(connection, label.roles)
        _pour(program, dsn, path)
        made = tuple(dict.fromkeys((*made, *_grant_people(connection, made))))
        _finish(connection, label, actor)
        connection.execute(facts.statement("04_analyze.sql"))
    return Restored(label, made, tuple(migrations.migrate(dsn)))


def check_empty(connection: Connection) -> None:
    """Raises ConfigurationError where there is any table, with what is in those of ours."""
    tables = facts.value(connection, "care.tables")
    if not tables:
        return
    raise ConfigurationError(
        f"the database `{connection.info.dbname}` is not empty: it has {tables} tables and views"
        f"{_held(connection)}; it was left as it is",
        hint="A backup is restored into an empty database: make one with createdb and give its URL. An "
        "embedded one makes room when it is stopped (`reconciler db stop`) and its data folder is moved away "
        "(`reconciler db status` has its path).",
    )


def is_unused(connection: Connection) -> bool:
    """Whether a database has our schema, and nothing was ever kept in it."""
    return _counts(connection) == {}


def _held(connection: Connection) -> str:
    counts = _counts(connection)
    return ": " + ", ".join(f"{count} {name}" for name, count in counts.items()) if counts else ""


def _counts(connection: Connection) -> dict[str, int] | None:
    """How much of what matters there is, without what there is none of; None where it is not our schema."""
    if not facts.value(connection, "migrations.table_exists"):
        return None
    if not connection.execute(query("migrations.applied")).fetchone():
        return None
    cursor = connection.execute(query("care.held"))
    row = cursor.fetchone() or ()
    names = [column.name for column in cursor.description or ()]
    return {name: count for name, count in zip(names, row, strict=True) if count}


def _check_server(connection: Connection, label: Label) -> None:
    version = connection.info.server_version // 10000
    if version < label.server:
        raise DatabaseError(
            f"the backup is of PostgreSQL {label.server}, and the server is {version}: an older one need not "
            "understand it",
            hint=f"Restore it into PostgreSQL {label.server} or newer.",
        )


def _make_roles(connection: Connection, roles: Sequence[str]) -> tuple[str, ...]:
    """First of all: a dump speaks of roles and makes none. Gives those that are no role of ours."""
    for name, content in sql_files("bootstrap"):
        if name.endswith("_roles.sql"):
            connection.execute(content)
    return _make_missing(connection, roles)


def _make_missing(connection: Connection, roles: Sequence[str]) -> tuple[str, ...]:
    made = []
    for name in roles:
        if connection.execute(query("care.role_exists"), {"name": name}).fetchone() is None:
            connection.execute(query("care.missing_role"), {"name": name})
            connection.execute(facts.statement("03_missing_role.sql"))
            made.append(name)
    return tuple(made)


def _grant_people(connection: Connection, made: Sequence[str]) -> tuple[str, ...]:
    """Whom a role of ours was granted, and this server did not know: without a login, until it gets one.

    `made`: the roles that this restoring made, for those who had rights of their own. A role that was there
    before may be another person's, and is given nothing.
    """
    people = connection.execute(query("care.people"), {"made": list(made)}).fetchall()
    for member, role in people:
        _make_missing(connection, [member])
        row = connection.execute(query("access.grant_statement"), {"role": role, "member": member}).fetchone()
        connection.execute(row[0].encode() if row else b"")
    return tuple(dict.fromkeys(member for member, _ in people))


def _pour(program: Program, dsn: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chosen = Path(folder) / "list"
        listed = _feed([str(program.path), "--list"], {}, program, path)
        lines = listed.splitlines(keepends=True)
        chosen.write_bytes(b"".join(line for line in lines if _DATA_OF_MIGRATIONS not in line))
        words, environment = program.command(
            dsn, "--single-transaction", "--exit-on-error", f"--use-list={chosen}"
        )
        _feed(words, environment, program, path)


def _feed(words: list[str], environment: dict[str, str], program: Program, path: Path) -> bytes:
    """Runs a program with the dump as its input, and gives what it wrote."""
    with (
        archive.opened_dump(path) as dump,
        tempfile.TemporaryFile() as wrote,
        tempfile.TemporaryFile() as said,
    ):
        process = subprocess.Popen(
            words, env=environment or None, stdin=subprocess.PIPE, stdout=wrote, stderr=said
        )
        try:
            _hand_over(process, dump)
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        said.seek(0)
        check_ended(program, code, said.read(), _NOTHING_LEFT)
        wrote.seek(0)
        return wrote.read()


def _hand_over(process: subprocess.Popen[bytes], dump: IO[bytes]) -> None:
    """A program that needs no more, or that failed, hangs up: its exit code says which."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError), process.stdin as file:
        while piece := dump.read(archive.PIECE):
            file.write(piece)


def _finish(connection: Connection, label: Label, actor: str) -> None:
    """Compares what came with what was backed up, and lets programs in, which find everything held."""
    taken = f"{label.taken_at:%Y-%m-%d %H:%M} UTC"
    who = {"actor": actor, "reason": f"restored from the backup of {taken}", "cause": "maintenance"}
    with connection.transaction():
        connection.execute(query("session.actor"), {**who, "operation": "", "revision": ""})
        found = facts.tallies(connection, checksums=False)
        wanted = {name: facts.Tally(rows, None) for name, rows in label.tables.items()}
        wanted.pop(MIGRATIONS, None)
        found.pop(MIGRATIONS, None)
        if differences := facts.differing(wanted, found):
            raise DatabaseError(
                f"what was restored is not what was backed up: {'; '.join(differences)}",
                hint="No program opens this database. Drop it, and restore the backup into a new one.",
            )
        connection.execute(query("care.writing"))
        reason = (
            f"restored from the backup of {taken}: what was made, changed or deleted since is not known here "
            "yet; `reconciler readopt` looks, takes back what is ours, and ends this hold"
        )
        connection.execute(query("care.hold"), {"owner": HOLDER, "reason": reason})
        for item in label.migrations:
            values = {
                "version": item.version,
                "name": item.name,
                "sha256": bytes.fromhex(item.sha256),
                "applied_at": item.applied_at,
                "applied_by": item.applied_by,
            }
            connection.execute(query("care.record_migration"), values)

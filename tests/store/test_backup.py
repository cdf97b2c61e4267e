"""Promises of a backup: one file, whole and consistent, without secrets; restored whole or not at all."""

from __future__ import annotations

import re
import resource
import stat
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from reconciler.errors import ConfigurationError, DatabaseError, DatabaseUnavailable
from reconciler.model.inventory import Credential
from reconciler.store.care import archive, facts
from reconciler.store.care.backup import back_up
from reconciler.store.care.label import Label
from reconciler.store.care.programs import Program, find_program
from reconciler.store.care.restore import HOLDER, restore
from reconciler.store.database import migrate as migrations
from reconciler.store.database.session import Actor, Store
from reconciler.store.embedded import EmbeddedServer, find_binaries
from reconciler.store.inventory.rows import write
from reconciler.store.inventory.secrets import resolve, store_secret
from tests.rigs.core_world import CoreWorld
from tests.rigs.databases import TestDatabase, fastest_folder
from tests.rigs.vaults import FIRST, vault_of
from tests.store.test_embedded import SETTINGS

CANARY = "a-canary-that-sings-in-no-backup"
# The hold, who asked for it, and that another cluster numbers transactions from here on.
CHANGED_BY_RESTORING = {
    "public.holds",
    "public.hold_history",
    "public.changesets",
    "public.cluster_epochs",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.backup"


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def tallies(dsn: str) -> dict[str, facts.Tally]:
    with facts.session(dsn) as connection:
        return facts.tallies(connection, checksums=True)


@contextmanager
def another_server(version: int) -> Iterator[EmbeddedServer]:
    """One that knows nothing of ours, as after the loss of a machine."""
    folder = Path(fastest_folder() or "/tmp") / f"reconciler-restore-{uuid4().hex[:8]}"  # noqa: S108
    binaries = find_binaries(major=version)
    try:
        with EmbeddedServer.open(folder, binaries=binaries, settings=SETTINGS) as server:
            yield server
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.every_server
def test_a_backup_comes_back_on_a_server_that_has_not_even_the_roles(world: CoreWorld, file: Path) -> None:
    person = f"person_{uuid4().hex[:8]}"
    with psycopg.connect(world.database.admin, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {person} LOGIN PASSWORD 'x'".encode())
        connection.execute(f"GRANT SELECT ON resources TO {person}".encode())
        connection.execute("INSERT INTO access_grants (member, role) VALUES ('reading_rita', 'reader')")
    try:
        label = back_up(world.database.admin, file, force=False)
        with another_server(label.server) as server:
            done = restore(server.superuser_dsn(), file, "a person")
            there, here = tallies(world.database.admin), tallies(server.superuser_dsn())
            differing = {words.split(" has ")[0] for words in facts.differing(there, here)}
            assert {re.sub(r"_\d{4}_\d{2}$", "", name) for name in differing} == CHANGED_BY_RESTORING
            assert done.made_roles == (person, "reading_rita")
            assert rows(
                server.superuser_dsn(), "SELECT pg_has_role('reading_rita', 'reconciler_reader', 'USAGE')"
            ) == [(True,)]
            with psycopg.connect(server.superuser_dsn()) as connection:
                logins = connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()
            assert not {(person,), ("reading_rita",)} & set(logins)
            assert migrations.status(server.superuser_dsn()).pending == ()
            assert rows(server.superuser_dsn(), "SELECT owner, address, released_at FROM holds") == [
                (HOLDER, None, None)
            ]
            who = "SELECT s.actor, h.action FROM hold_history h JOIN changesets s ON s.id = h.changeset_id"
            assert rows(server.superuser_dsn(), who) == [("a person", "insert")]
    finally:
        with psycopg.connect(world.database.admin, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {person}".encode())
            connection.execute(f"DROP ROLE {person}".encode())


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    world: CoreWorld, empty_database: TestDatabase, file: Path
) -> None:
    ended, begun = threading.Event(), threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with psycopg.connect(world.database.runtime) as connection:
            while not ended.is_set():
                for half in "ab":
                    connection.execute(
                        "INSERT INTO manifest_sources (name, kind) VALUES (%s, 'stdin')",
                        [f"{written}-{half}"],
                    )
                connection.commit()
                written += 1
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait()
        label = back_up(world.database.admin, file, force=False)
    finally:
        ended.set()
        writer.join()
    restore(empty_database.admin, file, "a person")
    pairs = rows(
        empty_database.admin,
        "SELECT count(*) FROM manifest_sources WHERE name ~ '-[ab]$' GROUP BY split_part(name, '-', 1)",
    )
    assert set(pairs) == {(2,)}
    assert 0 < len(pairs) <= written
    assert label.tables["public.manifest_sources"] >= 2 * len(pairs)


def test_no_secret_is_in_it_and_with_the_key_all_can_be_read(
    world: CoreWorld, empty_database: TestDatabase, file: Path
) -> None:
    vault = vault_of(world.store)
    with world.store.transaction(Actor("tests")) as tx:
        write(tx, Credential("pin"))
        store_secret(tx, vault, "pin", CANARY)
    label = back_up(world.database.admin, file, force=False)
    with archive.opened_dump(file) as dump:
        dumped = dump.read()
    program = find_program("pg_restore", label.written_by).path
    plain = subprocess.run([program, "--file=-"], input=dumped, capture_output=True, check=True).stdout
    for content in (file.read_bytes(), plain):
        for secret in (CANARY.encode(), FIRST.secret, FIRST.secret.hex().encode()):
            assert secret not in content
    assert b"COPY vault.secrets" in plain, "so it is the whole dump that was searched"
    assert label.key_id == FIRST.id

    restore(empty_database.admin, file, "a person")
    with Store.open(empty_database.runtime) as store, store.transaction(Actor("tests")) as tx:
        assert resolve(tx, vault_of(store), "pin") == CANARY


def test_the_file_is_its_owners_alone_and_replaces_none_by_itself(database: TestDatabase, file: Path) -> None:
    back_up(database.admin, file, force=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match="is there already"):
        back_up(database.admin, file, force=False)
    assert file.read_bytes() == before
    back_up(database.admin, file, force=True)
    assert list(file.parent.iterdir()) == [file]
    with pytest.raises(ConfigurationError, match="no folder"):
        back_up(database.admin, file / "below" / "it", force=False)


def test_a_full_disk_is_said_and_leaves_neither_half_a_file_nor_none_for_the_old_one(
    database: TestDatabase, file: Path
) -> None:
    file.write_bytes(b"the one of yesterday")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))  # the kernel refuses what is written beyond
    try:
        with pytest.raises(DatabaseError, match="could not be written") as refused:
            back_up(database.admin, file, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.hint is not None
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_bytes() == b"the one of yesterday"


def test_tar_and_pg_restore_take_it_apart_by_hand(database: TestDatabase, file: Path, tmp_path: Path) -> None:
    label = back_up(database.admin, file, force=False)
    with tarfile.open(file) as tar:
        assert tar.getnames() == [archive.DUMP, archive.LABEL]
    subprocess.run(["tar", "-xf", file, "-C", tmp_path], check=True)
    assert Label.decode((tmp_path / archive.LABEL).read_bytes()) == label
    listed = subprocess.run(
        [find_program("pg_restore", label.written_by).path, "--list", tmp_path / archive.DUMP],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "TABLE DATA public resources" in listed


def test_who_may_not_read_all_is_told_whom_it_takes(database: TestDatabase, file: Path) -> None:
    with pytest.raises(DatabaseError, match="reconciler_runtime` may not do this") as refused:
        back_up(database.runtime, file, force=False)
    assert "reconciler_vault" in (refused.value.hint or "")
    assert not list(file.parent.iterdir())


def test_a_database_without_our_schema_is_not_backed_up(empty_database: TestDatabase, file: Path) -> None:
    with pytest.raises(DatabaseError, match="nothing of ours"):
        back_up(empty_database.admin, file, force=False)
    assert not file.exists()


def test_a_program_that_is_too_old_is_not_used() -> None:
    with pytest.raises(DatabaseUnavailable, match="pg_dump of PostgreSQL 99 or newer is needed") as refused:
        find_program("pg_dump", 99)
    assert "postgresql-client-99" in (refused.value.hint or "")


def test_no_password_stands_on_a_command_line() -> None:
    program = Program(Path("/usr/bin/pg_dump"), 18)
    words, environment = program.command("postgresql://me:open-sesame@db.example/fleet")
    assert not [word for word in words if "open-sesame" in word]
    assert environment["PGPASSWORD"] == "open-sesame"


def test_a_keys_passphrase_that_would_stand_there_is_refused() -> None:
    program = Program(Path("/usr/bin/pg_dump"), 18)
    with pytest.raises(ConfigurationError, match="every process can read it") as refused:
        program.command("host=db.example sslkey=/k sslpassword=open-sesame")
    assert "open-sesame" not in f"{refused.value} {refused.value.hint}"
    assert "service=" in (refused.value.hint or "")

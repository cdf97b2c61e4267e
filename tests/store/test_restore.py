"""Promises of a restoring: what is not whole, too new, or has no room is refused, and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import ConfigurationError, DatabaseError, MigrationError
from reconciler.store.care import archive
from reconciler.store.care.backup import back_up
from reconciler.store.care.label import AppliedMigration, Label
from reconciler.store.care.restore import restore
from reconciler.store.database import migrate as migrations
from tests.rigs.core_world import CoreWorld
from tests.rigs.databases import TestDatabase
from tests.store.test_backup import rows, tallies


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.backup"


def written_again(path: Path, label: Label) -> None:
    """The same dump under another label."""
    with archive.opened_dump(path) as dump:
        content = dump.read()
    archive.write(path, label, lambda take: take(content), force=True)


@pytest.mark.parametrize("harm", ["cut off", "flipped", "no label", "nothing of ours"])
def test_what_is_not_whole_is_refused_before_anything_is_done(
    database: TestDatabase, empty_database: TestDatabase, file: Path, harm: str
) -> None:
    back_up(database.admin, file, force=False)
    content = bytearray(file.read_bytes())
    match harm:
        case "cut off":
            content = content[: len(content) // 2]
        case "flipped":
            content[len(content) // 2] ^= 1
        case "no label":
            content = content[: content.rindex(archive.LABEL.encode())]
        case _:
            content = bytearray(b"PGDMP and so on")
    file.write_bytes(content)
    with pytest.raises(DatabaseError, match=r"was damaged|no whole backup"):
        restore(empty_database.admin, file, "a person")
    assert rows(empty_database.admin, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_backup_of_a_newer_schema_or_server_is_refused(
    database: TestDatabase, empty_database: TestDatabase, file: Path
) -> None:
    label = back_up(database.admin, file, force=False)
    newer = AppliedMigration(9000, "9000_from_the_future.sql", "00" * 32, label.taken_at, "somebody")
    written_again(file, replace(label, migrations=(*label.migrations, newer)))
    with pytest.raises(MigrationError, match=r"newer than this version.*9000_from_the_future"):
        restore(empty_database.admin, file, "a person")
    written_again(file, replace(label, migrations=(replace(newer, version=1),)))
    with pytest.raises(MigrationError, match="other contents"):
        restore(empty_database.admin, file, "a person")
    written_again(file, replace(label, server=label.server + 1))
    with pytest.raises(DatabaseError, match=f"the server is {label.server}"):
        restore(empty_database.admin, file, "a person")
    assert rows(empty_database.admin, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_what_holds_something_is_left_as_it_is(world: CoreWorld, file: Path) -> None:
    back_up(world.database.admin, file, force=False)
    before = tallies(world.database.admin)
    with pytest.raises(ConfigurationError, match=r"not empty: it has \d+ tables and views: 3 endpoints"):
        restore(world.database.admin, file, "a person")
    assert tallies(world.database.admin) == before


def test_what_cannot_be_restored_whole_leaves_nothing(
    database: TestDatabase, empty_database: TestDatabase, file: Path
) -> None:
    back_up(database.admin, file, force=False)
    with psycopg.connect(empty_database.admin) as connection:
        connection.execute("CREATE FUNCTION change_context() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(DatabaseError, match="change_context") as refused:
        restore(empty_database.admin, file, "a person")
    assert "Nothing was left" in (refused.value.hint or "")
    assert rows(empty_database.admin, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


PEOPLE = ("restored_ann", "restored_bob")


@pytest.fixture
def people(database: TestDatabase) -> Iterator[None]:
    """Two readers; one of them was given a right of her own besides. Both are gone from the server after."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        for name in PEOPLE:
            connection.execute(f"CREATE ROLE {name} LOGIN".encode())
            connection.execute(f"GRANT reconciler_reader TO {name}".encode())
            connection.execute(
                "INSERT INTO access_grants (member, role, granted_by) VALUES (%s, 'reader', 'x')", (name,)
            )
        connection.execute("GRANT SELECT ON v_resources TO restored_ann")
    yield
    gone(database, *PEOPLE)


def gone(database: TestDatabase, *names: str) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        for name in names:
            if rows(database.admin, f"SELECT FROM pg_roles WHERE rolname = '{name}'"):
                connection.execute(f"DROP OWNED BY {name}".encode())
                connection.execute(f"DROP ROLE {name}".encode())


def members(database: TestDatabase) -> list[tuple[object, ...]]:
    return rows(
        database.admin,
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members"
        " WHERE member::regrole::text LIKE 'restored%' ORDER BY 1",
    )


def test_whoever_the_server_does_not_know_is_made_once_with_all_that_was_granted(
    database: TestDatabase, empty_database: TestDatabase, file: Path, people: None
) -> None:
    back_up(database.admin, file, force=False)
    gone(database, *PEOPLE)
    try:
        assert restore(empty_database.admin, file, "a person").made_roles == PEOPLE
        assert members(empty_database) == [(name, "reconciler_reader") for name in PEOPLE]
    finally:
        gone(empty_database, *PEOPLE)


def test_a_role_that_is_there_already_may_be_another_persons_and_is_given_nothing(
    database: TestDatabase, empty_database: TestDatabase, file: Path, people: None
) -> None:
    back_up(database.admin, file, force=False)
    gone(database, *PEOPLE)
    try:
        with psycopg.connect(empty_database.admin, autocommit=True) as connection:
            connection.execute("CREATE ROLE restored_ann")
        assert restore(empty_database.admin, file, "a person").made_roles == ("restored_bob",)
        assert members(empty_database) == [("restored_bob", "reconciler_reader")]
    finally:
        gone(empty_database, *PEOPLE)


def test_rows_that_did_not_come_keep_every_program_out(
    database: TestDatabase, empty_database: TestDatabase, file: Path
) -> None:
    label = back_up(database.admin, file, force=False)
    written_again(file, replace(label, tables={**label.tables, "public.resources": 7}))
    with pytest.raises(DatabaseError, match=r"public\.resources has 0 rows and not 7"):
        restore(empty_database.admin, file, "a person")
    assert migrations.status(empty_database.admin).applied == ()

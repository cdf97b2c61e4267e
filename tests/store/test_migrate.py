"""The migration runner: once, whole, in order, and never on a guess."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from reconciler.errors import DatabaseUnavailable, MigrationError
from reconciler.store.database import migrate as migrations
from reconciler.store.database.migrate import available, migrate, status
from reconciler.store.database.opening import NAME, open_database
from reconciler.store.database.queries import sql_files, sql_root
from reconciler.store.database.session import Actor
from reconciler.store.embedded import EmbeddedServer
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables

pytestmark = pytest.mark.every_server


@pytest.fixture
def world(empty_database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(empty_database.admin, autocommit=True) as connection:
        yield Tables(connection)


def files(monkeypatch: pytest.MonkeyPatch, **contents: bytes) -> None:
    """Lets the runner find these migrations, by file name without its ending, and no others."""

    def found(folder: str) -> list[tuple[str, bytes]]:
        if folder == "migrations":
            return [(f"{name.strip('_')}.sql", content) for name, content in contents.items()]
        return [] if folder == "seed" else sql_files(folder)

    monkeypatch.setattr(migrations, "sql_files", found)


def test_nothing_becomes_the_schema_and_the_second_run_does_nothing(empty_database: TestDatabase) -> None:
    before = status(empty_database.admin)
    assert (before.applied, before.pending[-1]) == ((), "seed")
    applied = migrate(empty_database.admin)
    assert applied == [item.name for item in available()]
    assert migrate(empty_database.admin) == []
    after = status(empty_database.admin)
    assert (set(after.applied), after.pending, after.edited, after.unknown) == (set(applied), (), (), ())


def test_many_at_once_apply_each_file_once(empty_database: TestDatabase) -> None:
    done: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: done.append(migrate(empty_database.admin)), daemon=True)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(len, done)) == [0, 0, 0, len(available())]


def test_a_file_that_fails_leaves_nothing_behind(
    empty_database: TestDatabase, world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(
        monkeypatch,
        _0001_good=b"CREATE TABLE good ()",
        _0002_bad=b"CREATE TABLE bad (); SELECT 1/0; CREATE TABLE worse ()",
    )
    with pytest.raises(MigrationError, match=r"0002_bad\.sql could not be applied.*division by zero"):
        migrate(empty_database.admin)
    found = status(empty_database.admin)
    assert (found.applied, found.pending[0]) == (("0001_good.sql",), "0002_bad.sql")
    assert world.all("SELECT to_regclass('good')::text, to_regclass('bad')::text") == [("good", None)]


def test_a_file_is_sent_as_it_is(
    empty_database: TestDatabase, world: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(monkeypatch, _0001_odd=b"CREATE TABLE odd AS SELECT '100 % of :it, %(x)s, \xc3\xa9'::text AS said")
    migrate(empty_database.admin)
    assert world.one("SELECT said FROM odd") == "100 % of :it, %(x)s, é"


def test_an_applied_file_that_was_edited_is_refused(
    empty_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(monkeypatch, _0001_a=b"CREATE TABLE a ()")
    migrate(empty_database.admin)
    files(monkeypatch, _0001_a=b"CREATE TABLE a () ", _0002_b=b"CREATE TABLE b ()")
    with pytest.raises(MigrationError, match=r"edited afterwards: 0001_a\.sql"):
        migrate(empty_database.admin)
    assert status(empty_database.admin).pending[0] == "0002_b.sql"


def test_a_database_newer_than_the_code_is_refused(
    empty_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(monkeypatch, _0001_a=b"CREATE TABLE a ()", _0002_b=b"CREATE TABLE b ()")
    migrate(empty_database.admin)
    files(monkeypatch, _0001_a=b"CREATE TABLE a ()")
    with pytest.raises(MigrationError, match=r"newer than this version of reconciler: it has 0002_b\.sql"):
        migrate(empty_database.admin)


@pytest.mark.parametrize("names", [["0001_a", "0003_c"], ["0001_a", "0001_b"], ["1_a"], ["0001_A"]])
def test_files_are_numbered_without_a_gap(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "sql_files", lambda _: [(f"{name}.sql", b"") for name in names])
    with pytest.raises(MigrationError):
        available()


def test_a_changed_seed_is_applied_again(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = b"INSERT INTO relationship_types (name) VALUES ('backs_up') ON CONFLICT DO NOTHING;"
    monkeypatch.setattr(
        migrations,
        "sql_files",
        lambda folder: [*sql_files(folder), *([("99_more.sql", extra)] if folder == "seed" else [])],
    )
    assert status(database.admin).pending == ("seed",)
    assert migrate(database.admin) == ["seed"]
    with psycopg.connect(database.admin) as connection:
        assert Tables(connection).one("SELECT count(*) FROM relationship_types WHERE name = 'backs_up'") == 1


def test_the_seed_may_be_repeated_when_everything_refers_to_it(database: TestDatabase) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        world = Tables(connection).begin()
        world.resource("vm/web-1", "running", cpu_cores=2)
        world.run("DELETE FROM schema_migrations WHERE version = 0")
        count = "SELECT count(*) FROM resource_state_transitions"
        before = world.one(count)
        assert migrate(database.admin) == ["seed"]
        assert world.one(count) == before


@pytest.mark.usefixtures("template")  # which made the server's roles
def test_a_user_who_owns_the_database_and_may_create_roles_is_enough(postgres: EmbeddedServer) -> None:
    user, name = f"admin_{uuid4().hex[:8]}", f"owned_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as connection:
        for text in (
            "CREATE ROLE {user} LOGIN CREATEROLE PASSWORD 'x'",
            "CREATE DATABASE {name} OWNER {user}",
        ):
            connection.execute(sql.SQL(text).format(user=sql.Identifier(user), name=sql.Identifier(name)))
        # Roles belong to the server; here they are there already, so the user must be a member.
        connection.execute(
            sql.SQL("GRANT reconciler_owner, reconciler_vault, reconciler_runtime TO {}").format(
                sql.Identifier(user)
            )
        )
        dsn = f"{postgres.superuser_dsn(name)} user={user} password=x"
        assert migrate(dsn) == [item.name for item in available()]
        with open_database(dsn, Path("/nonexistent")) as opened, opened.store.transaction(Actor("ada")) as tx:
            assert opened.runtime_role == "reconciler_runtime"
            assert tx.value("session.standing") == user
            assert tx.execute("inventory.set_fingerprint", name="none", fingerprint=None) == 0
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_user_who_may_not_is_told_what_is_needed(
    postgres: EmbeddedServer, empty_database: TestDatabase, template: str
) -> None:
    user = f"nobody_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.superuser_dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(user)))
    with pytest.raises(MigrationError, match=f"the database user `{user}` may not do this") as caught:
        migrate(f"{empty_database.admin} user={user} password=x")
    assert "CREATEROLE" in (caught.value.hint or "")


def test_a_url_is_migrated_only_when_told_to(empty_database: TestDatabase) -> None:
    with pytest.raises(MigrationError, match="not up to date") as caught:
        open_database(empty_database.admin, Path("/nonexistent"))
    assert "reconciler db migrate" in (caught.value.hint or "")
    with open_database(empty_database.admin, Path("/nonexistent"), auto_migrate=True) as opened:
        assert not opened.is_embedded
        with opened.store.read() as tx:
            assert tx.rows("ids.endpoints") == []


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        open_database("postgresql://ada:hunter2@host:not-a-port/db", Path("/nonexistent"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(DatabaseUnavailable) as caught:
        open_database("hunter2", Path("/nonexistent"))
    assert "hunter2" not in str(caught.value)


def test_without_a_url_a_database_is_made_and_found_again(postgres: EmbeddedServer) -> None:
    home = postgres.place.home.parent / f"home-{uuid4().hex[:8]}"
    home.mkdir()
    try:
        with open_database(None, home) as first, first.store.transaction(Actor("ada")) as tx:
            assert first.is_embedded
            assert f"dbname={NAME}" in first.runtime_url
            assert tx.row("session.standing") == ("reconciler_runtime", True, False, False)
            uid = tx.value("installation.uid")
        with open_database(None, home) as second, second.store.read() as tx:
            assert tx.value("installation.uid") == uid
    finally:
        EmbeddedServer.stop(home / "postgresql", force=True)


def test_the_sql_ships_with_the_package() -> None:
    """The build's configuration takes all of `sql`; what is found here is what it takes."""
    folders = {item.name for item in sql_root().iterdir() if item.is_dir()}
    assert {"bootstrap", "database", "migrations", "queries", "schema", "seed"} <= folders

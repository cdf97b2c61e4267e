"""Every wait of ours has a bound, and its end says who was in the way."""

from __future__ import annotations

import psycopg
import pytest

from reconciler.errors import MigrationError
from reconciler.model.inventory import Endpoint
from reconciler.store.database import migrate as migrations
from reconciler.store.database.faults import LockedOut
from reconciler.store.database.session import Actor, Store
from reconciler.store.inventory.rows import write
from tests.rigs.core_world import ACTOR, CoreWorld
from tests.rigs.databases import TestDatabase


def test_every_session_of_ours_has_bounds(store: Store) -> None:
    with store.transaction(Actor("ada")) as tx:
        settings = ("lock_timeout", "idle_in_transaction_session_timeout", "client_connection_check_interval")
        for name in settings:
            assert tx._connection.execute("SELECT current_setting(%s)", [name]).fetchall() != [("0",)], name


def wait(world: CoreWorld, holds: str) -> None:
    with world.store.transaction(ACTOR) as tx:
        tx._connection.execute("SET LOCAL lock_timeout = '200ms'")
        if holds == "a row":
            write(tx, Endpoint("hetzner-1", "hetzner-main", "hetzner", "https://elsewhere"))
        else:
            tx.rows("observations.one_at_a_time", endpoint="hetzner-1")


@pytest.mark.parametrize("holds", ["a row", "an advisory lock"])
def test_whoever_holds_a_lock_is_named_with_what_to_do(world: CoreWorld, holds: str) -> None:
    with psycopg.connect(world.database.admin, application_name="psql") as other:
        if holds == "a row":
            other.execute("UPDATE provider_endpoints SET url = url")
        else:
            other.execute("SELECT pg_advisory_lock(hashtextextended('observation of hetzner-1', 0))")
            other.commit()
        pid = other.info.backend_pid
        with pytest.raises(LockedOut, match=rf"pid {pid} \(\w+, psql, idle") as caught:
            wait(world, holds)
        assert f"pg_terminate_backend({pid})" in str(caught.value.hint)


def test_a_migration_waits_for_no_reader_for_ever(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TRIES", 1)
    change = migrations.Migration(2, "0002_more.sql", b"ALTER TABLE resources ADD COLUMN more text;")
    files = [*migrations.available(), change]
    monkeypatch.setattr(migrations, "available", lambda: files)
    with psycopg.connect(database.admin, application_name="a report") as reader:
        reader.execute("SELECT count(*) FROM resources")
        with pytest.raises(MigrationError, match=rf"pid {reader.info.backend_pid} \(\w+, a report, idle in"):
            migrations.migrate(database.admin)
        reader.rollback()
        assert migrations.migrate(database.admin) == ["0002_more.sql"]

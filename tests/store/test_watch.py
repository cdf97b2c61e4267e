"""Promises of what the daemon asks the database: a lost session is noticed, and a source has one reader."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec
from reconciler.store.database.session import Store
from reconciler.store.work.watch import Levels, beat, levels, turn
from reconciler.store.work.workers import worker
from tests.rigs.databases import TestDatabase


def test_a_source_is_read_by_one_process_at_a_time(store: Store, database: TestDatabase) -> None:
    with Store.open(database.runtime, max_size=2) as other:
        with turn(store, "fleet") as mine:
            assert mine
            with turn(other, "fleet") as theirs:
                assert not theirs
            with turn(other, "another") as theirs:
                assert theirs
        with turn(other, "fleet") as theirs:
            assert theirs


def test_a_turn_is_given_back_when_its_holder_fails(store: Store, database: TestDatabase) -> None:
    with pytest.raises(ManifestError), turn(store, "fleet"):
        read_source(SourceSpec(paths=("/nowhere",)), Path("/nowhere"))
    with Store.open(database.runtime, max_size=2) as other, turn(other, "fleet") as theirs:
        assert theirs


def test_a_heartbeat_is_noted_and_says_when_the_session_that_proves_life_is_gone(
    store: Store, database: TestDatabase
) -> None:
    with worker(store, "daemon") as me, psycopg.connect(database.admin, autocommit=True) as connection:
        before = connection.execute("SELECT seen_at FROM workers").fetchone()
        assert beat(store, me, "test")
        after = connection.execute("SELECT seen_at FROM workers").fetchone()
        assert before is not None
        assert after is not None
        assert after > before
        connection.execute("UPDATE workers SET lock_key = lock_key + 1")  # as if the lock were not held
        assert not beat(store, me, "test")
        connection.execute("UPDATE workers SET lock_key = lock_key - 1")
        assert beat(store, me, "test")


def test_an_empty_database_has_nothing_to_watch(store: Store) -> None:
    with store.read() as tx:
        assert levels(tx) == Levels()

"""What may differ is never missing from the list of it, in whichever order people settle and change."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from reconciler.model.resource import Desired
from reconciler.store.database.session import Store
from reconciler.store.recorded.resources import settle
from tests.rigs.core_world import OBSERVER, CoreWorld
from tests.store.test_observations import manage, net

ADDRESS = "network/a"
WANTS = (
    b"INSERT INTO desired_resources"
    b" (source_id, address, resource_type_id, provider_endpoint_id, name, spec_hash,"
    b" file, path, line, column_number, valid_from_revision)"
    b" SELECT source_id, address, resource_type_id, provider_endpoint_id, name, %s,"
    b" file, path, line, column_number, valid_from_revision FROM desired_resources ORDER BY id DESC LIMIT 1"
)
CLOSES = (
    b"UPDATE desired_resources SET valid_to_revision = valid_from_revision + 1"
    b" WHERE valid_to_revision IS NULL"
)
DELETES = (
    b"UPDATE resources SET deleted_at = now(), presence = 'absent',"
    b" state_id = (SELECT id FROM resource_states WHERE name = 'deleted') WHERE address = 'network/a'"
)


@pytest.fixture
def settled(world: CoreWorld) -> Desired:
    """A network that is wanted, recorded, and known to agree."""
    wanted = net()
    manage(world, wanted)
    with world.store.transaction(OBSERVER) as tx:
        settle(tx, [(wanted.address, wanted.hash())])
    assert listed(world) == []
    with somebody(world) as other:
        other.execute("SELECT note_unsettled(ARRAY['network/a'])")
    world.rows(
        "INSERT INTO revisions (id, source_id, content_hash, catalog_hash, actor)"
        " OVERRIDING SYSTEM VALUE SELECT max(id) + 1, min(source_id), '', '', 'ada' FROM revisions"
        " RETURNING id"
    )
    return wanted


def listed(world: CoreWorld) -> list[str]:
    return [address for (address,) in world.rows("SELECT * FROM unsettled_roots()")]


@contextmanager
def somebody(world: CoreWorld) -> Iterator[psycopg.Connection]:
    """A transaction of somebody else, which commits at the end of the block."""
    with psycopg.connect(world.database.admin) as connection:
        yield connection


def until_blocked(world: CoreWorld) -> None:
    """Until a session waits for another's lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(5_000):
        if world.rows(waiting) != [(0,)]:
            return
    raise AssertionError("nobody waits")


def settles(store: Store, wanted: Desired) -> None:
    with store.transaction(OBSERVER) as tx:
        settle(tx, [(wanted.address, wanted.hash())])


def changes_hands(tx: psycopg.Connection) -> None:
    tx.execute(CLOSES)
    tx.execute(WANTS, [b"another"])


def test_what_is_wanted_anew_while_somebody_settles_the_former_is_listed(
    world: CoreWorld, settled: Desired
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with somebody(world) as other:
            changes_hands(other)
            done = threads.submit(settles, world.store, settled)
            until_blocked(world)
        done.result()
    assert listed(world) == [ADDRESS]


def test_what_is_wanted_anew_after_somebody_settled_the_former_is_listed(
    world: CoreWorld, settled: Desired
) -> None:
    def change() -> None:
        with somebody(world) as other:
            changes_hands(other)

    with ThreadPoolExecutor(1) as threads:
        with world.store.transaction(OBSERVER) as tx:
            settle(tx, [(settled.address, settled.hash())])
            done = threads.submit(change)
            until_blocked(world)
        done.result()
    assert listed(world) == [ADDRESS]


def test_what_is_deleted_while_somebody_settles_it_is_listed_as_long_as_it_is_wanted(
    world: CoreWorld, settled: Desired
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with somebody(world) as other:
            other.execute(DELETES)
            done = threads.submit(settles, world.store, settled)
            until_blocked(world)
        done.result()
    assert listed(world) == [ADDRESS]
    assert world.rows(
        "SELECT address, desired, recorded FROM v_drift UNION ALL"
        " SELECT address, desired, recorded FROM v_pending"
    ) == [(ADDRESS, "present", "absent")]


def test_what_is_gone_on_both_sides_leaves_no_note(world: CoreWorld, settled: Desired) -> None:
    with somebody(world) as other:
        other.execute(CLOSES)
    assert listed(world) == [ADDRESS]
    assert world.rows("SELECT address, desired, recorded FROM v_pending") == [(ADDRESS, "absent", "present")]
    with somebody(world) as other:
        other.execute(DELETES)
    assert listed(world) == []


def test_a_deletion_leaves_the_note_of_what_is_wanted_again_meanwhile(
    world: CoreWorld, settled: Desired
) -> None:
    def delete() -> None:
        with somebody(world) as other:
            other.execute(DELETES)

    with somebody(world) as other:
        other.execute(CLOSES)
    with ThreadPoolExecutor(1) as threads:
        with somebody(world) as other:
            other.execute(WANTS, [b"another"])
            done = threads.submit(delete)
            until_blocked(world)
        done.result()
    assert listed(world) == [ADDRESS]


def test_what_a_settling_finds_changed_stays_listed(world: CoreWorld, settled: Desired) -> None:
    with somebody(world) as other:
        changes_hands(other)
    settles(world.store, settled)
    assert listed(world) == [ADDRESS]

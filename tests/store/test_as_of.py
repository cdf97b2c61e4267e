"""The past as of a mark: row by row what the tables held then, whoever was writing at that moment."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg import errors as pg

from tests.rigs.databases import TestDatabase
from tests.rigs.examples import often
from tests.rigs.tables import Tables

pytestmark = pytest.mark.every_server

RESOURCES = """
SELECT id, uid, resource_type_id, provider_endpoint_id, address, name, state_id, external_id, management,
  presence, is_root, source_id, location_id, datacenter_id, prevent_destroy, on_remove, allow_downtime,
  replace_policy, create_before_destroy, created_at, deleted_at
FROM resources{place} ORDER BY id
"""
ATTRIBUTES = """
SELECT resource_id, resource_type_id, attribute_definition_id, ordinal, data_type, value_string,
  value_integer, value_decimal, value_boolean, value_datetime, value_credential, value_fingerprint,
  value_target_type, value_key, value_inner_key
FROM {table} ORDER BY resource_id, attribute_definition_id, ordinal
"""
TAGS = "SELECT resource_id, tag_id FROM {table} ORDER BY 1, 2"
TIES = "SELECT parent_resource_id, child_resource_id, relationship_type_id FROM {table} ORDER BY 1, 2, 3"


@dataclass(frozen=True)
class Fleet:
    """Every row of the four tables whose past can be read."""

    resources: list[tuple[Any, ...]]
    attributes: list[tuple[Any, ...]]
    tags: list[tuple[Any, ...]]
    ties: list[tuple[Any, ...]]


def now(world: Tables) -> Fleet:
    return Fleet(
        world.all(RESOURCES, place=""),
        world.all(ATTRIBUTES, table="resource_attributes"),
        world.all(TAGS, table="resource_tags"),
        world.all(TIES, table="resource_relationships"),
    )


def as_of(world: Tables, mark: int) -> Fleet:
    return Fleet(
        world.all(RESOURCES, place=f"_as_of({mark})"),
        world.all(ATTRIBUTES, table=f"attributes_as_of({mark})"),
        world.all(TAGS, table=f"tags_as_of({mark})"),
        world.all(TIES, table=f"relationships_as_of({mark})"),
    )


def mark(world: Tables) -> int:
    found: int = world.one("SELECT take_mark('hand')")
    return found


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection).begin()


@dataclass
class Writer:
    """Changes the fleet at random, a few rows a transaction, and gives every third transaction up."""

    world: Tables
    chance: random.Random
    by_hand: bool
    made: int = 0

    def turn(self) -> None:
        with self.world.connection.transaction(force_rollback=self.chance.random() < 0.3):
            if not self.by_hand:
                self.world.run("SELECT set_config('reconciler.actor', 'w', true)")
                self.world.run("SELECT set_config('reconciler.cause', 'observation', true)")
            for _ in range(self.chance.randint(1, 4)):
                self.change()

    def change(self) -> None:
        world, chance = self.world, self.chance
        ids = [row[0] for row in world.all("SELECT id FROM resources WHERE deleted_at IS NULL ORDER BY id")]
        pick = chance.choice(ids)
        match chance.randint(0, 12):
            case 0:
                self.made += 1
                name = f"vm/{chance.getrandbits(40):x}"
                world.resource(name, "running", cpu_cores=chance.randint(1, 9), labels="x")
            case 1 | 2:
                world.run(
                    "UPDATE resource_attributes SET value_integer = %s WHERE resource_id = %s"
                    " AND data_type = 'integer'",
                    chance.randint(1, 9),
                    pick,
                )
            case 3:
                world.run("DELETE FROM resource_attributes WHERE resource_id = %s AND ordinal = 0", pick)
            case 4:
                world.run(
                    "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id,"
                    " ordinal, data_type, value_string)"
                    " SELECT r.id, r.resource_type_id, ad.id, %s, 'string', %s"
                    " FROM resources r, attribute_definitions ad, resource_types t WHERE r.id = %s"
                    " AND ad.name = 'labels' AND t.id = r.resource_type_id AND t.name = 'vm'"
                    " ON CONFLICT DO NOTHING",
                    chance.randint(0, 3),
                    f"v{chance.getrandbits(60):x}",
                    pick,
                )
            case 5:
                world.run("DELETE FROM resource_tags WHERE resource_id = %s", pick)
                world.run("DELETE FROM resource_relationships WHERE child_resource_id = %s", pick)
            case 6:
                world.run("DELETE FROM resource_tags WHERE resource_id = %s", pick)
                world.tag(pick, "env", chance.choice(["prod", "test"]))
            case 7:
                world.run(
                    "UPDATE resources SET prevent_destroy = NOT prevent_destroy, external_id = %s"
                    " WHERE id = %s",
                    f"{chance.getrandbits(60):x}",
                    pick,
                )
            case 8:
                world.state(pick, chance.choice(["stopped", "running"]))
            case 9 if len(ids) > 4:
                world.run("UPDATE resources SET deleted_at = clock_timestamp() WHERE id = %s", pick)
            case _:
                other = chance.choice(ids)
                if other != pick:
                    world.run(
                        "INSERT INTO resource_relationships SELECT %s, %s, id FROM relationship_types"
                        " WHERE name = 'depends_on' ON CONFLICT DO NOTHING",
                        other,
                        pick,
                    )


def write(dsn: str, seed: int, by_hand: bool, done: threading.Event, problems: list[Exception]) -> None:
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            world = Tables(connection)
            world.endpoint = world.one("SELECT id FROM provider_endpoints")
            writer = Writer(world, random.Random(seed), by_hand)  # noqa: S311 - no secret
            while not done.is_set():
                try:
                    writer.turn()
                except psycopg.DatabaseError as error:
                    if not expected(error):
                        raise
    except Exception as error:  # noqa: BLE001 - raised again by the test
        problems.append(error)


def expected(error: psycopg.Error) -> bool:
    """Two writers were in each other's way, or wanted what the guards refuse."""
    refused = isinstance(error, pg.DeadlockDetected | pg.UniqueViolation)
    return refused or (error.sqlstate or "").startswith("RC")


@pytest.mark.parametrize("seed", range(often(2)))
def test_at_every_mark_the_past_is_what_was_seen_then(database: TestDatabase, seed: int) -> None:
    """Three programs and a person write without a pause; each mark is taken with a copy of everything."""
    with (
        psycopg.connect(database.admin, autocommit=True) as connection,
        psycopg.connect(database.admin, autocommit=False) as taking,
    ):
        world = Tables(connection).begin()
        for number in range(8):
            world.resource(f"vm/web-{number}", "running", cpu_cores=number + 1, memory_mb=512)
        taking.isolation_level = IsolationLevel.REPEATABLE_READ
        taker = Tables(taking)
        done, problems = threading.Event(), list[Exception]()
        writers = [
            threading.Thread(
                target=write, args=(database.admin, seed * 10 + number, number == 3, done, problems)
            )
            for number in range(4)
        ]
        for writer in writers:
            writer.start()
        copies: dict[int, Fleet] = {}
        overlaps = 0
        try:
            while len(copies) < 12 and not problems:
                written = world.one("SELECT last_value FROM history_change")
                with taking.transaction():
                    # The first statement takes the transaction's snapshot, which is the mark's.
                    overlaps += taker.one("SELECT count(*) FROM pg_snapshot_xip(pg_current_snapshot())")
                    seen = now(taker)
                    copies[mark(taker)] = seen
                while world.one("SELECT last_value FROM history_change") < written + 5 and not problems:
                    pass
        finally:
            done.set()
            for writer in writers:
                writer.join()
        assert problems == []
        assert overlaps  # or it was no trial
        assert any(seen.tags for seen in copies.values())
        assert any(seen.ties for seen in copies.values())
        for number, seen in copies.items():
            assert as_of(world, number) == seen


def test_a_mark_does_not_see_what_was_under_way(world: Tables, database: TestDatabase) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    with psycopg.connect(database.admin) as other:
        slow = Tables(other)
        slow.run("UPDATE resource_attributes SET value_integer = 3 WHERE resource_id = %s", vm)
        before = mark(world)
        other.commit()
    after = mark(world)
    cores = "SELECT value_integer FROM attributes_as_of(%s)"
    assert (world.one(cores, before), world.one(cores, after)) == (2, 3)
    began = "SELECT max(changed_at) < (SELECT taken_at FROM marks WHERE id = %s) FROM changesets"
    assert world.one(began, before)  # a reading by instants would have seen it


def test_a_single_resource_is_read_by_itself(world: Tables) -> None:
    web, db = (
        world.resource("vm/web-1", "running", cpu_cores=2),
        world.resource("vm/db", "running", cpu_cores=4),
    )
    world.tag(web, "env", "prod")
    world.relate(db, web, "depends_on")
    then = mark(world)
    world.run("UPDATE resource_attributes SET value_integer = 8")
    world.run("DELETE FROM resource_tags")
    world.run("DELETE FROM resource_relationships")
    one = f"{then}, ARRAY[{web}::bigint]"
    assert world.all("SELECT resource_id, value_integer FROM attributes_as_of({one})", one=one) == [(web, 2)]
    assert world.all("SELECT address FROM resources_as_of({one})", one=one) == [("vm/web-1",)]
    assert world.all("SELECT resource_id FROM tags_as_of({one})", one=one) == [(web,)]
    assert len(world.all("SELECT FROM relationships_as_of({one})", one=one)) == 1


def test_a_mark_of_a_change_is_the_last_one_while_nothing_changes(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    look = "SELECT take_mark('change')"
    first = world.one(look)
    assert world.one(look) == first
    world.run("UPDATE resources SET observed_at = now() WHERE id = %s", vm)  # no history, so no change
    assert world.one(look) == first
    world.state(vm, "stopped")
    assert world.one(look) > first


def test_a_mark_is_not_taken_within_a_change(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    with world.connection.transaction(force_rollback=True):
        world.state(vm, "stopped")
        with pytest.raises(psycopg.DatabaseError, match="its own transaction") as caught:
            mark(world)
    assert caught.value.sqlstate == "RC016"


def test_marks_hold_in_another_cluster(world: Tables) -> None:
    """As after a restore: transactions are numbered anew, far below the old ones."""
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    first = mark(world)
    world.run("UPDATE resource_attributes SET value_integer = 3")
    second = mark(world)
    far = 1_000_000_000
    with world.connection.transaction():
        world.run("SET LOCAL session_replication_role = replica")
        world.run("UPDATE cluster_epochs SET system_identifier = 1")
        world.run("UPDATE changesets SET xact = ((xact::text)::bigint + %s)::text::xid8", far)
        world.run(
            "UPDATE marks SET snapshot = (((pg_snapshot_xmin(snapshot)::text)::bigint + %s) || ':' ||"
            " ((pg_snapshot_xmax(snapshot)::text)::bigint + %s) || ':')::pg_snapshot",
            far,
            far,
        )
    world.run("UPDATE resource_attributes SET value_integer = 4 WHERE resource_id = %s", vm)
    third = mark(world)
    world.run("UPDATE resource_attributes SET value_integer = 5 WHERE resource_id = %s", vm)
    cores = "SELECT value_integer FROM attributes_as_of(%s)"
    assert [world.one(cores, number) for number in (first, second, third)] == [2, 3, 4]
    assert world.all("SELECT id FROM cluster_epochs ORDER BY 1") == [(1,), (2,)]


def test_the_months_before_a_mark_are_not_needed(world: Tables) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2)
    then = mark(world)
    seen = now(world)
    boundary = world.one("SELECT last_value FROM history_change")
    world.run("UPDATE resource_attributes SET value_integer = 3")
    world.run("UPDATE resources SET external_id = 'x'")
    with world.connection.transaction():
        world.run("SET LOCAL session_replication_role = replica")
        for table in ("resource", "resource_state", "resource_attribute"):
            world.run("DELETE FROM {table}_history WHERE change <= %s", boundary, table=table)
    assert as_of(world, then) == seen


@pytest.mark.parametrize(
    "past", ["resources_as_of", "attributes_as_of", "tags_as_of", "desired_as_of", "resources_changed"]
)
def test_a_mark_that_there_is_not_is_no_other_name_for_now(world: Tables, past: str) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2)
    world.desire("vm/web-1", b"1")
    mark(world)
    with pytest.raises(psycopg.DatabaseError, match="there is no mark 4711") as caught:
        world.all("SELECT * FROM {past}(4711)", past=past)
    assert caught.value.sqlstate == "RC016"
    world.all("SELECT * FROM {past}(NULL)", past=past)  # the present

"""What histories promise: nothing changes without a row, and nobody can take one back."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.store.database.session import Actor, Store
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables, begun

MADE = "JOIN changesets s ON s.changed_at = h.changed_at AND s.id = h.changeset_id"
pytestmark = pytest.mark.every_server


world = pytest.fixture(begun)


def events(world: Tables, resource: int) -> list[tuple[str, str, str | None, str | None]]:
    return world.all(
        "SELECT what, name, before, after FROM v_history WHERE resource_id = %s ORDER BY change", resource
    )


def test_every_change_of_a_resource_leaves_its_row(world: Tables) -> None:
    network = world.resource("network/n1")
    vm = world.resource("vm/web-1", "pending")
    world.attribute(vm, "cpu_cores", 2)
    world.state(vm, "running")
    world.run("UPDATE resource_attributes SET value_integer = 4 WHERE resource_id = %s", vm)
    world.tag(vm, "env", "prod")
    world.relate(network, vm, "connected_to")
    world.run("DELETE FROM resource_tags WHERE resource_id = %s", vm)
    world.run("DELETE FROM resource_relationships WHERE child_resource_id = %s", vm)
    world.run("DELETE FROM resource_attributes WHERE resource_id = %s", vm)
    assert events(world, vm) == [
        ("resource", "insert", None, "managed present id-web-1"),
        ("state", "state", None, "pending"),
        ("attribute", "cpu_cores", None, "2"),
        ("state", "state", "pending", "running"),
        ("attribute", "cpu_cores", "2", "4"),
        ("tag", "env", None, "prod"),
        ("relationship", "connected_to", None, "network/n1"),
        ("tag", "env", "prod", None),
        ("relationship", "connected_to", "network/n1", None),
        ("attribute", "cpu_cores", "4", None),
    ]


def test_an_update_that_changes_nothing_writes_nothing(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    before = events(world, vm)
    world.run("UPDATE resource_attributes SET value_integer = 2")
    world.run("UPDATE resources SET name = name, state_id = state_id, observed_at = now()")
    assert events(world, vm) == before


def test_an_attribute_moved_to_another_place_is_one_gone_and_one_come(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", labels="edge")
    world.run("UPDATE resource_attributes SET ordinal = 1 WHERE resource_id = %s", vm)
    rows = world.all("SELECT action, ordinal FROM resource_attribute_history ORDER BY ordinal, action")
    assert rows == [("delete", 0), ("insert", 0), ("insert", 1)]


def test_a_bulk_load_is_recorded_row_by_row(world: Tables) -> None:
    ids = [world.resource(f"vm/web-{n}", "running") for n in range(3)]
    type_id, attribute = world.all(
        "SELECT t.id, ad.id FROM resource_types t, attribute_definitions ad"
        " WHERE t.name = 'vm' AND ad.name = 'cpu_cores'"
    )[0]
    copy_text = (
        "COPY resource_attributes (resource_id, resource_type_id, attribute_definition_id, data_type,"
        " value_integer) FROM STDIN"
    )
    with world.connection.cursor() as cursor, cursor.copy(copy_text) as copy:
        for number, resource in enumerate(ids, 1):
            copy.write_row((resource, type_id, attribute, "integer", number))
    assert world.all("SELECT resource_id, new_integer FROM resource_attribute_history ORDER BY 1") == list(
        zip(ids, (1, 2, 3), strict=True)
    )
    assert [row[0] for row in world.all("SELECT cpu_cores FROM virtual_machines ORDER BY resource_id")] == [
        1,
        2,
        3,
    ]


def test_history_says_who_why_and_on_behalf_of_what(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running")
    operation, revision = uuid4(), world.revision()
    with store.transaction(Actor("ada", "resize", "operation", operation, revision)) as tx:
        assert tx.execute("observations.presence", ids=[vm], presence="unknown") == 1
    row = world.all(
        "SELECT actor, reason, cause, operation_id, revision_id, db_user FROM resource_history h {made}"
        " WHERE resource_id = %s ORDER BY change DESC LIMIT 1",
        vm,
        made=MADE,
    )
    assert row == [("ada", "resize", "operation", operation, revision, "reconciler_runtime")]


def test_a_person_at_a_prompt_is_recorded_too_and_makes_the_planner_look_again(world: Tables) -> None:
    world.cause("observation")
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    disk = world.resource("vm/web-1/disk/scsi0", size_gb=10)
    world.run("UPDATE resources SET recorded_hash = 'x' WHERE id = %s", vm)
    world.run("UPDATE resource_attributes SET value_integer = 3 WHERE resource_id = %s", vm)
    assert world.one("SELECT recorded_hash FROM resources WHERE id = %s", vm) == b"x"
    world.cause("")
    world.run("UPDATE resource_attributes SET value_integer = 11 WHERE resource_id = %s", disk)
    assert world.one("SELECT recorded_hash FROM resources WHERE id = %s", vm) is None
    actor, cause, user = world.all(
        "SELECT actor, cause, db_user FROM resource_attribute_history h {made} ORDER BY change DESC LIMIT 1",
        made=MADE,
    )[0]
    assert (actor, cause) == (user, "manual")


def test_a_tag_set_by_hand_makes_the_planner_look_again(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    world.run("UPDATE resources SET recorded_hash = 'x' WHERE id = %s", vm)
    version = world.one("SELECT version FROM resources WHERE id = %s", vm)
    world.tag(vm, "env", "prod")
    assert world.all("SELECT recorded_hash, version FROM resources WHERE id = %s", vm) == [
        (None, version + 1)
    ]


def test_one_transaction_is_one_instant_and_its_changes_are_in_order(world: Tables) -> None:
    with world.connection.transaction():
        vm = world.resource("vm/web-1", "pending", cpu_cores=2)
        world.state(vm, "running")
    rows = world.all("SELECT DISTINCT changed_at FROM v_history WHERE resource_id = %s", vm)
    assert len(rows) == 1
    assert [name for _, name, _, _ in events(world, vm)] == ["insert", "state", "cpu_cores", "state"]


@pytest.mark.parametrize(
    "table",
    [
        "resource_history",
        "resource_state_history",
        "resource_attribute_history",
        "resource_tag_history",
        "resource_relationship_history",
        "provider_credential_history",
        "changesets",
    ],
)
def test_the_program_can_read_history_and_nothing_else(
    world: Tables, database: TestDatabase, table: str
) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2)
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        runtime = Tables(connection)
        runtime.all("SELECT * FROM {table}", table=table)
        partitions = world.all(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", table
        )
        for name in [table, *[row[0] for row in partitions]]:
            for text in ("DELETE FROM {table}", "UPDATE {table} SET changed_at = now()", "TRUNCATE {table}"):
                with pytest.raises(pg.InsufficientPrivilege):
                    runtime.run(text, table=name)
            with pytest.raises(pg.InsufficientPrivilege):
                runtime.run("INSERT INTO {table} DEFAULT VALUES", table=name)


@pytest.mark.parametrize("table", ["resources", "resource_attributes", "resource_tags", "resource_history"])
def test_not_even_the_owner_truncates(world: Tables, table: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as caught:
        world.run("TRUNCATE {table} CASCADE", table=table)
    assert caught.value.sqlstate == "RC002"


def test_a_deleted_resource_takes_its_parts_along_and_ends_its_ties(world: Tables) -> None:
    network = world.resource("network/n1")
    vm = world.resource("vm/web-1", "running")
    disk = world.resource("vm/web-1/disk/scsi0", size_gb=10)
    world.relate(network, vm, "connected_to")
    with world.connection.transaction():
        world.state(vm, "deleted")
        world.run("UPDATE resources SET deleted_at = now(), presence = 'absent' WHERE id = %s", vm)
    gone = world.all("SELECT address FROM resources WHERE deleted_at IS NOT NULL ORDER BY address")
    assert gone == [("vm/web-1",), ("vm/web-1/disk/scsi0",)]
    assert world.all("SELECT parent_resource_id, child_resource_id FROM resource_relationships") == [
        (vm, disk)
    ]
    assert events(world, vm)[-1] == ("relationship", "connected_to", "network/n1", None)
    assert ("state", "state", "available", "deleted") in events(world, disk)
    world.resource("vm/web-1", "running")  # the address is free again


def test_a_credential_keeps_its_history_without_values(world: Tables) -> None:
    world.run(
        "INSERT INTO provider_credentials (name, source, environment_variable) VALUES ('c',"
        " 'environment', 'A')"
    )
    world.run("UPDATE provider_credentials SET environment_variable = 'B'")
    world.run("UPDATE provider_credentials SET updated_at = now()")
    world.run("UPDATE provider_credentials SET fingerprint = '0123456789ab'")
    assert world.all(
        "SELECT action, environment_variable, fingerprint FROM provider_credential_history ORDER BY change"
    ) == [("insert", "A", None), ("update", "B", None), ("update", "B", "0123456789ab")]


def test_the_past_can_be_rebuilt(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    then = world.one("SELECT clock_timestamp()")
    world.run("UPDATE resource_attributes SET value_integer = 8")
    world.state(vm, "stopped")
    was = world.all(
        """
        SELECT DISTINCT ON (h.resource_id, h.attribute_definition_id, h.ordinal) h.new_integer
        FROM resource_attribute_history AS h
        WHERE h.changed_at <= %s
        ORDER BY h.resource_id, h.attribute_definition_id, h.ordinal, h.change DESC
        """,
        then,
    )
    state = world.one(
        "SELECT s.name FROM resource_state_history h JOIN resource_states s ON s.id = h.to_state_id"
        " WHERE h.changed_at <= %s ORDER BY h.change DESC LIMIT 1",
        then,
    )
    assert (was, state) == ([(2,)], "running")

"""Trends: what the views count, and how far back they look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from reconciler.store.database.session import Store
from reconciler.store.history.trends import Trend, trend
from tests.rigs.tables import Tables, begun

pytestmark = pytest.mark.every_server
world = pytest.fixture(begun)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def rows(store: Store, what: Trend, days: int = 30) -> list[dict[str, Any]]:
    with store.read() as tx:
        return trend(tx, what, days, 50)


def look(world: Tables, text: str, *params: object) -> None:
    """A change that a look found."""
    with world.connection.transaction():
        world.run("SELECT set_config('reconciler.cause', 'observation', true)")
        world.run("SELECT set_config('reconciler.reason', 'a look', true)")
        world.run(text, *params)


def operation(world: Tables, resource: int, kind: str, status: str, **more: object) -> str:
    """An operation that took a minute; gives its id."""
    worker, number = uuid4(), str(uuid4())
    world.run(
        "INSERT INTO workers (id, host, pid, kind, lock_key) SELECT %s, 'h', 1, 'cli', count(*) FROM workers",
        worker,
    )
    world.run(
        "INSERT INTO resource_operations (id, resource_id, operation_type_id, worker_id, claim_epoch,"
        " request_hash, actor, intended_at)"
        " SELECT %s, %s, t.id, %s, 1, '', 'ann', now() - interval '1 minute'"
        " FROM operation_types t WHERE t.name = %s",
        number,
        resource,
        worker,
        kind,
    )
    world.run("UPDATE resource_operations SET status = 'sending', sent_at = now() WHERE id = %s", number)
    world.run(
        "UPDATE resource_operations SET status = %s, finished_at = intended_at + interval '1 minute',"
        " error_code = %s, error_message = %s WHERE id = %s",
        status,
        more.get("code"),
        more.get("message"),
        number,
    )
    return number


def test_changes_and_drift_are_counted_by_day_and_attribute(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2, memory_mb=512)
    world.run("UPDATE resource_attributes SET value_integer = 4 WHERE value_integer = 2")
    look(world, "UPDATE resource_attributes SET value_integer = 8 WHERE value_integer = 4")
    found = {row["attribute"]: row for row in rows(store, "changes")}
    cores = found["cpu_cores"]
    assert (cores["day"], cores["endpoint"], cores["resource_type"]) == (TODAY, "e1", "vm")
    assert (cores["changes"], cores["resources"], cores["drift"], cores["by_hand"]) == (3, 1, 1, 2)
    (drifter,) = rows(store, "drifters")
    assert (drifter["address"], drifter["drift"], drifter["attributes"]) == ("vm/web-1", 1, "cpu_cores")
    world.run("UPDATE attribute_definitions SET is_bookkeeping = TRUE WHERE name = 'cpu_cores'")
    assert rows(store, "drifters") == []
    assert {row["attribute"] for row in rows(store, "changes")} == {"memory_mb"}
    world.run("UPDATE resources SET management = 'unmanaged' WHERE id = %s", vm)
    assert rows(store, "changes") == []


def test_a_part_drifts_for_its_machine(world: Tables, store: Store) -> None:
    world.resource("vm/web-1", "running")
    world.resource("vm/web-1/disk/scsi0", "available", size_gb=10)
    look(world, "UPDATE resource_attributes SET value_integer = 20")
    (drifter,) = rows(store, "drifters")
    assert (drifter["address"], drifter["attributes"]) == ("vm/web-1", "size_gb")


def test_operations_and_failures_are_counted_by_class(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running")
    for status in ("done", "done", "failed", "ambiguous"):
        more = {"code": "conflict", "message": "busy"} if status in ("failed", "ambiguous") else {}
        operation(world, vm, "update", status, **more)
    (row,) = rows(store, "operations")
    assert (row["operations"], row["done"], row["failed"], row["in_doubt"]) == (4, 2, 1, 1)
    assert (row["average_seconds"], row["slowest_twentieth_seconds"]) == (60.0, 60.0)
    (failure,) = rows(store, "failures")
    assert (failure["error_code"], failure["failures"], failure["resources"]) == ("conflict", 2, 1)
    assert failure["last_message"] == "busy"


def test_capacity_is_what_managed_machines_and_their_disks_take(world: Tables, store: Store) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2, memory_mb=2048, power_state="running")
    world.resource("vm/web-1/disk/scsi0", "available", size_gb=10)
    world.resource("container/c1", "running", cpu_cores=1, memory_mb=1024, power_state="stopped")
    world.resource("volume/data", "available", size_gb=5)
    gone = world.resource("vm/web-2", "running", cpu_cores=64)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", gone)
    (row,) = rows(store, "capacity")
    assert row == {
        "datacenter": "unplaced",
        "endpoint": "e1",
        "machines": 2,
        "running": 1,
        "cpu_cores": 3,
        "memory_mib": 3072,
        "disk_gib": 15,
    }


def test_deletions_say_who_and_approvals_for_what(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running")
    world.resource("vm/web-1/disk/scsi0", "available")
    done = operation(world, vm, "delete", "done")
    with world.connection.transaction():
        for name, value in (("actor", "ann"), ("cause", "operation"), ("operation", done)):
            world.run("SELECT set_config(%s, %s, true)", f"reconciler.{name}", value)
        world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", vm)
    (row,) = rows(store, "deletions")
    assert (row["address"], row["how"], row["actor"]) == ("vm/web-1", "delete", "ann")
    plan = world.one("INSERT INTO plans (hash, actor) VALUES (repeat('0', 64), 'bob') RETURNING id")
    world.run(
        "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
        " VALUES (gen_random_uuid(), %s, repeat('0', 64), 'joe', sha256(''))",
        plan,
    )
    (approval,) = rows(store, "approvals")
    assert (approval["plan_id"], approval["approved_by"], approval["planned_by"]) == (plan, "joe", "bob")
    assert (approval["used_at"], approval["steps"]) == (None, 0)


def test_trends_look_no_further_back_than_they_are_told(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running")
    operation(world, vm, "update", "failed", code="conflict", message="busy")
    world.run("SET session_replication_role = replica")
    world.run("UPDATE resource_operations SET intended_at = intended_at - interval '40 days'")
    assert rows(store, "failures") == []
    assert len(rows(store, "failures", days=60)) == 1


def test_the_first_sight_of_an_object_is_no_drift(world: Tables, store: Store) -> None:
    look(
        world,
        "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id, external_id,"
        " presence, is_root, management)"
        " SELECT t.id, %s, 'vm/a', 'a', s.id, '7', 'present', true, 'unmanaged'"
        " FROM resource_types t, resource_states s WHERE t.name = 'vm' AND s.name = 'running'",
        world.endpoint,
    )
    look(
        world,
        "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id, ordinal,"
        " data_type, value_integer) SELECT r.id, r.resource_type_id, ad.id, 0, 'integer', 4"
        " FROM resources r, attribute_definitions ad WHERE ad.name = 'cpu_cores'",
    )
    world.run("UPDATE resources SET management = 'managed'")
    assert [row["drift"] for row in rows(store, "changes")] in ([], [0])


def test_a_deletion_names_who_approved_the_plan_that_it_was_planned_anew_from(
    world: Tables, store: Store
) -> None:
    vm = world.resource("vm/web-1", "running")
    steps = []
    with world.connection.transaction():
        for approved in (True, False):
            plan = world.one("INSERT INTO plans (hash, actor) VALUES (repeat('0', 64), 'bob') RETURNING id")
            steps.append(
                world.one(
                    "INSERT INTO plan_steps (plan_id, position, address, operation_type_id, endpoint, impact,"
                    " summary, hash) SELECT %s, 0, 'vm/web-1', t.id, 'e1', 'online', 's', repeat('1', 64)"
                    " FROM operation_types t WHERE t.name = 'delete' RETURNING id",
                    plan,
                )
            )
            if approved:
                world.run(
                    "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
                    " VALUES (gen_random_uuid(), %s, repeat('0', 64), 'joe', sha256(''))",
                    plan,
                )
                world.run("UPDATE plan_approvals SET used_at = now()")
    number = uuid4()
    world.run("INSERT INTO workers (id, host, pid, kind, lock_key) VALUES (%s, 'h', 1, 'cli', 7)", uuid4())
    world.run(
        "INSERT INTO resource_operations (id, resource_id, operation_type_id, plan_step_id, worker_id,"
        " claim_epoch, request_hash, actor) SELECT %s, %s, s.operation_type_id, s.id, w.id, 1, '', 'ann'"
        " FROM plan_steps s, workers w WHERE s.id = %s",
        number,
        vm,
        steps[1],
    )
    with world.connection.transaction():
        world.run(
            "SELECT set_config('reconciler.cause', 'operation', true),"
            " set_config('reconciler.operation', %s, true)",
            str(number),
        )
        world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", vm)
    (gone,) = rows(store, "deletions")
    assert (gone["address"], gone["how"], gone["approved_by"]) == ("vm/web-1", "delete", "joe")

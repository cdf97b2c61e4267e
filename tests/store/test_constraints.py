"""What the database refuses, whoever writes."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.errors import DatabaseError, DatabaseUnavailable
from reconciler.model.inventory import Credential, Location
from reconciler.store.database.faults import ConstraintViolated
from reconciler.store.database.session import Actor, Store
from reconciler.store.inventory.rows import credentials, write
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables, begun, refused

OBJECT_STATES = (
    "pending",
    "creating",
    "available",
    "updating",
    "deleting",
    "missing",
    "failed",
    "quarantined",
)


world = pytest.fixture(begun)


def operation(world: Tables, resource: int) -> UUID:
    worker, made = uuid4(), uuid4()
    world.run(
        "INSERT INTO workers (id, host, pid, kind, lock_key) VALUES (%s, 'h', 1, 'cli', %s)",
        worker,
        worker.int % 2**62,
    )
    world.run(
        "INSERT INTO resource_operations (id, resource_id, operation_type_id, worker_id, claim_epoch,"
        " request_hash,"
        " actor) SELECT %s, %s, id, %s, 1, '', 'ada' FROM operation_types WHERE name = 'create'",
        made,
        resource,
        worker,
    )
    return made


def move(world: Tables, made: UUID, *statuses: str) -> None:
    for status in statuses:
        over = status not in ("intended", "sending", "accepted")
        world.run(
            "UPDATE resource_operations SET status = %s, finished_at = CASE WHEN %s THEN now() END"
            " WHERE id = %s",
            status,
            over,
            made,
        )


@pytest.mark.every_server
@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("cpu_cores", {"data_type": "string", "value_string": "'two'"}),
        ("cpu_cores", {"data_type": "integer", "value_string": "'two'"}),
        ("cpu_cores", {"data_type": "integer"}),
        ("cpu_cores", {"data_type": "integer", "value_integer": "2", "value_string": "'two'"}),
        ("cpu_cores", {"data_type": "boolean", "value_boolean": "true"}),
        ("price", {"data_type": "integer", "value_integer": "2"}),
        ("size_gb", {"data_type": "integer", "value_integer": "2"}),
        ("cpu_cores", {"data_type": "number", "value_integer": "2"}),
        ("cpu_cores", {"data_type": "integer", "value_integer": "2", "value_credential": "'c'"}),
        ("labels", {"data_type": "string", "value_string": "'a'", "value_credential": "'c'"}),
        ("labels", {"data_type": "string", "value_string": "'a'", "value_fingerprint": "'0123456789ab'"}),
        ("labels", {"data_type": "string", "value_credential": "'c'", "value_fingerprint": "'#'"}),
        ("labels", {"data_type": "string", "value_credential": "'c'", "value_target_type": "'network'"}),
        ("labels", {"data_type": "string", "value_string": "'a'", "value_target_type": "'nothing'"}),
        ("labels", {"data_type": "string", "value_string": "'a'", "value_inner_key": "'b'"}),
        ("labels", {"data_type": "string", "value_credential": "'c'", "value_key": "'b'"}),
    ],
)
def test_an_attribute_has_one_value_of_its_own_type_and_of_a_type_that_has_it(
    world: Tables, attribute: str, values: dict[str, str]
) -> None:
    vm = world.resource("vm/web-1", "running")
    columns = ", ".join(values)
    given = ", ".join(f"'{v}'" if k == "data_type" else v for k, v in values.items())
    with pytest.raises((pg.CheckViolation, pg.ForeignKeyViolation)):
        world.run(
            "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id,"
            " {columns})"
            " SELECT r.id, r.resource_type_id, ad.id, {given} FROM resources r, attribute_definitions ad"
            " WHERE r.id = %s AND ad.name = %s",
            vm,
            attribute,
            columns=columns,
            given=given,
        )


def test_an_attribute_cannot_claim_another_type_for_its_resource(world: Tables) -> None:
    volume = world.resource("volume/data")
    with pytest.raises(pg.ForeignKeyViolation):
        world.run(
            "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id,"
            " data_type,"
            " value_integer) SELECT %s, t.id, ad.id, 'integer', 2 FROM resource_types t,"
            " attribute_definitions ad"
            " WHERE t.name = 'vm' AND ad.name = 'cpu_cores'",
            volume,
        )


@pytest.mark.parametrize("address", ["vm/web-1", "vm/web-1/disk/scsi0"])
def test_one_live_resource_has_an_address_and_strangers_may_share_it(world: Tables, address: str) -> None:
    world.resource("vm/web-1", "running")
    if address != "vm/web-1":
        world.resource(address)
    text = (
        "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id,"
        " is_root, management)"
        " SELECT resource_type_id, provider_endpoint_id, address, name, state_id, is_root, %s FROM resources"
        " WHERE address = %s LIMIT 1"
    )
    world.run(text, "unmanaged", address)
    world.run(text, "unmanaged", address)
    refused(world, "23505", text, "managed", address)
    refused(world, "23505", text, "quarantined", address)


def test_one_live_root_is_recorded_for_a_provider_object(world: Tables) -> None:
    first = world.resource("vm/web-1", "running")
    world.resource("vm/web-2", "running")
    text = "UPDATE resources SET external_id = 'id-web-1' WHERE address = 'vm/web-2'"
    refused(world, "23505", text)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", first)
    assert world.run(text) == 1


def test_a_part_is_in_one_thing_only(world: Tables) -> None:
    world.resource("vm/web-1", "running")
    other = world.resource("vm/web-2", "running")
    disk = world.resource("vm/web-1/disk/scsi0")
    with pytest.raises(pg.UniqueViolation):
        world.relate(other, disk, "contains")
    with pytest.raises(pg.CheckViolation):
        world.relate(disk, disk, "depends_on")


@pytest.mark.parametrize(
    "start", ["pending", "running", "stopped", "paused", "creating", "failed", "missing"]
)
@pytest.mark.parametrize("found", ["running", "stopped", "paused", "missing", "failed", "quarantined"])
def test_observation_may_find_a_machine_in_any_state(world: Tables, start: str, found: str) -> None:
    vm = world.resource("vm/web-1", "running" if start == "missing" else start)
    if start == "missing":
        world.state(vm, "missing")
    world.state(vm, found)
    world.state(vm, found)


def test_deleted_is_final(world: Tables) -> None:
    volume = world.resource("volume/data")
    world.state(volume, "deleted")
    for state in OBJECT_STATES:
        message = refused(
            world,
            "RC001",
            "UPDATE resources SET state_id = (SELECT id FROM resource_states WHERE name = %s) WHERE id = %s",
            state,
            volume,
        )
        assert f"volume/data cannot go from the state deleted to {state}" in message


@pytest.mark.parametrize(
    ("address", "state"), [("volume/v", "running"), ("vm/v", "available"), ("vm/v", "deleted")]
)
def test_a_state_of_another_family_or_an_end_is_no_beginning(world: Tables, address: str, state: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        world.resource(address, state)
    assert caught.value.sqlstate == "RC001"


def test_a_machine_is_never_merely_available(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    with pytest.raises(psycopg.Error, match="cannot go from the state running to available"):
        world.state(vm, "available")


def test_of_many_moves_in_one_statement_each_is_judged(world: Tables) -> None:
    machines = [world.resource(f"vm/web-{number}", "running") for number in range(3)]
    volume, gone = world.resource("volume/data"), world.resource("volume/gone")
    world.state(gone, "deleted")
    text = (
        "UPDATE resources SET state_id = (SELECT id FROM resource_states WHERE name = 'missing')"
        " WHERE id = ANY(%s::bigint[])"
    )
    message = refused(world, "RC001", text, [*machines, volume, gone])
    assert "volume/gone cannot go from the state deleted to missing" in message
    assert world.run(text, [*machines, volume]) == 4


def test_a_quarantine_is_one_row_s_and_not_its_type_s(world: Tables) -> None:
    held, decided = (world.resource(f"vm/web-{number}", "running") for number in (1, 2))
    for vm in (held, decided):
        world.state(vm, "quarantined")
    world.run("UPDATE resources SET management = 'quarantined' WHERE id = %s", held)
    world.cause("observation")
    text = (
        "UPDATE resources SET state_id = (SELECT id FROM resource_states WHERE name = 'running')"
        " WHERE id = ANY(%s::bigint[])"
    )
    message = refused(world, "RC001", text, [held, decided])
    assert "vm/web-1 can leave the state quarantined only by a person's decision" in message
    assert world.run(text, [decided]) == 1


def test_only_a_person_ends_a_quarantine(world: Tables) -> None:
    vm = world.resource("vm/web-1", "quarantined")
    manage = "UPDATE resources SET management = %s WHERE id = %s"
    world.run(manage, "quarantined", vm)
    for cause in ("observation", "operation"):
        world.cause(cause)
        with pytest.raises(psycopg.Error, match="only by a person's decision"):
            world.state(vm, "running")
    world.cause("manual")
    world.run(manage, "managed", vm)
    world.cause("observation")
    world.state(vm, "running")  # decided, and so the state follows what is seen again


def test_a_version_counts_what_a_plan_must_not_overlook(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    count = "SELECT version FROM resources WHERE id = %s"
    for change in (
        "recorded_hash = 'a'",
        "external_id = 'other'",
        "management = 'quarantined'",
        "presence = 'unknown'",
        "prevent_destroy = true",
        "on_remove = 'retain'",
        "allow_downtime = true",
        "replace_policy = 'allowed'",
        "create_before_destroy = true",
        "deleted_at = now()",
    ):
        before = world.one(count, vm)
        world.run("UPDATE resources SET {change} WHERE id = %s", vm, change=change)
        assert world.one(count, vm) == before + 1, change
    for change in ("observed_at = now()", "claim_epoch = claim_epoch + 1", "settled_recorded_hash = 'a'"):
        before = world.one(count, vm)
        world.run("UPDATE resources SET {change} WHERE id = %s", vm, change=change)
        assert world.one(count, vm) == before, change


def test_an_identity_never_changes(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    refused(world, "RC003", "UPDATE resources SET uid = gen_random_uuid() WHERE id = %s", vm)
    refused(world, "RC003", "UPDATE resources SET is_root = false WHERE id = %s", vm)


def test_a_resource_has_one_open_operation(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    first = operation(world, vm)
    for status in ("intended", "sending", "accepted"):
        if status != "intended":
            move(world, first, status)
        with pytest.raises(pg.UniqueViolation, match="one_open_operation"):
            operation(world, vm)
    move(world, first, "done")
    second = operation(world, vm)
    assert world.all("SELECT operation_id, status, address FROM v_open_operations") == [
        (second, "intended", "vm/web-1")
    ]


@pytest.mark.parametrize(
    "way",
    [
        ("sending", "accepted", "sending", "accepted", "done"),
        ("sending", "done"),
        ("sending", "ambiguous", "sending", "done"),
        ("sending", "ambiguous", "failed"),
        ("interrupted",),
    ],
)
def test_an_operation_goes_the_ways_that_executions_go(world: Tables, way: tuple[str, ...]) -> None:
    move(world, operation(world, world.resource("vm/web-1", "running")), *way)


@pytest.mark.parametrize(
    "way",
    [
        ("accepted",),
        ("ambiguous",),
        ("sending", "intended"),
        ("sending", "done", "sending"),
        ("sending", "failed", "done"),
        ("sending", "accepted", "intended"),
        ("interrupted", "sending"),
    ],
)
def test_an_operation_goes_no_other_way(world: Tables, way: tuple[str, ...]) -> None:
    made = operation(world, world.resource("vm/web-1", "running"))
    move(world, made, *way[:-1])
    with pytest.raises(psycopg.Error, match="cannot go from") as caught:
        move(world, made, way[-1])
    assert caught.value.sqlstate == "RC004"


def test_an_operation_begins_as_intended(world: Tables) -> None:
    made = operation(world, world.resource("vm/web-1", "running"))
    move(world, made, "sending", "done")
    refused(
        world,
        "RC004",
        "INSERT INTO resource_operations (resource_id, operation_type_id, status, worker_id, claim_epoch,"
        " request_hash, actor) SELECT resource_id, operation_type_id, 'sending', worker_id, 1, '', 'ada'"
        " FROM resource_operations",
    )


@pytest.mark.parametrize("status", ["done", "failed", "interrupted"])
def test_an_operation_that_has_ended_is_as_fixed_as_the_history(world: Tables, status: str) -> None:
    made = operation(world, world.resource("vm/web-1", "running"))
    world.run(
        "INSERT INTO resource_operation_calls (operation_id, position, status) VALUES (%s, 0, 'done')", made
    )
    world.run(
        "INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)"
        " VALUES (%s, 'external_id', 'string', '1')",
        made,
    )
    world.run("UPDATE resource_operations SET status = 'sending'")
    world.run("UPDATE resource_operations SET status = %s, finished_at = now() - interval '1 second'", status)
    refused(world, "RC004", "UPDATE resource_operations SET error_message = 'another'")
    refused(world, "RC004", "UPDATE resource_operations SET current_call = 7")
    refused(world, "RC004", "UPDATE resource_operations SET finished_at = now()")
    refused(world, "RC004", "UPDATE resource_operation_calls SET error_message = 'another'")
    refused(world, "RC004", "UPDATE resource_operation_results SET value_string = '2'")
    refused(
        world,
        "RC004",
        "INSERT INTO resource_operation_calls (operation_id, position, status) VALUES (%s, 1, 'done')",
        made,
    )
    refused(world, "RC004", "INSERT INTO resource_operation_tasks VALUES (%s, 0, 'UPID')", made)


def test_an_approval_is_used_once(world: Tables) -> None:
    plan = world.one("INSERT INTO plans (hash, actor) VALUES (repeat('0', 64), 'ada') RETURNING id")
    approve = "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac) VALUES"
    approve += " ('00000000-0000-0000-0000-000000000001', %s, repeat('0', 64), 'bob', sha256(''))"
    world.run(approve, plan)
    refused(world, "23505", approve, plan)
    world.run("UPDATE plan_approvals SET used_at = now()")
    refused(world, "RC005", "UPDATE plan_approvals SET used_at = NULL")
    refused(world, "23505", approve, plan)


def test_an_id_is_given_out_once_and_for_all(world: Tables, database: TestDatabase) -> None:
    reserve = (
        "INSERT INTO external_id_reservations (provider_endpoint_id, resource_type_id, external_id,"
        " resource_uid)"
        " SELECT %s, id, '900001', gen_random_uuid() FROM resource_types WHERE name = 'vm'"
    )
    world.run(reserve, world.endpoint)
    refused(world, "23505", reserve, world.endpoint)
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        for text in (
            "DELETE FROM external_id_reservations",
            "UPDATE external_id_reservations SET external_id = '1'",
        ):
            with pytest.raises(pg.InsufficientPrivilege):
                Tables(connection).run(text)


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM resources",
        "DELETE FROM resource_operations",
        "DELETE FROM desired_resources",
        "UPDATE desired_resources SET spec_hash = ''",
        "DELETE FROM provider_credentials",
        "DELETE FROM plans",
        "UPDATE plans SET hash = ''",
        "UPDATE plan_steps SET pin = 0",
        "UPDATE plan_calls SET path = ''",
        "DELETE FROM tags",
        "DELETE FROM installation",
        "UPDATE installation SET uid = gen_random_uuid()",
        "UPDATE revisions SET message = ''",
        "UPDATE virtual_machines SET cpu_cores = 1",
        "INSERT INTO resource_state_transitions VALUES ('machine', 9, 4)",
        "UPDATE schema_migrations SET sha256 = sha256",
        "SELECT * FROM vault.secrets",
        "ALTER TABLE resources DISABLE TRIGGER ALL",
        "CREATE TABLE mine ()",
    ],
)
def test_the_program_may_not(database: TestDatabase, text: str) -> None:
    with (
        psycopg.connect(database.runtime, autocommit=True) as connection,
        pytest.raises(pg.InsufficientPrivilege),
    ):
        connection.execute(text.encode())


@pytest.mark.every_server
def test_extension_tables_follow_their_attributes(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2, public_ipv4="192.0.2.7")
    row = "SELECT cpu_cores, memory_mb, primary_ipv4::text FROM virtual_machines WHERE resource_id = %s"
    assert world.all(row, vm) == [(2, None, "192.0.2.7/32")]
    world.attribute(vm, "memory_mb", 2048)
    world.run("UPDATE resource_attributes SET value_integer = 4 WHERE value_integer = 2")
    world.run("DELETE FROM resource_attributes WHERE value_string IS NOT NULL")
    assert world.all(row, vm) == [(4, 2048, None)]


@pytest.mark.parametrize(
    ("address", "attribute", "value", "sqlstate"),
    [
        ("vm/web-1", "cpu_cores", 0, "23514"),
        ("vm/web-1", "memory_mb", -1, "23514"),
        ("vm/web-1", "public_ipv4", "not an address", "22P02"),
        ("vm/web-1", "public_ipv4", "2001:db8::1", "23514"),
        ("network/n1", "ip_range", "10.0.0.5/16", "22P02"),
        ("volume/data", "size_gb", 0, "23514"),
    ],
)
def test_extension_tables_guard_the_attributes(
    world: Tables, address: str, attribute: str, value: str | int, sqlstate: str
) -> None:
    resource = world.resource(address, "running" if address.startswith("vm") else "available")
    with pytest.raises(psycopg.Error) as caught:
        world.attribute(resource, attribute, value)
    assert caught.value.sqlstate == sqlstate
    assert world.all("SELECT * FROM resource_attributes") == []


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE virtual_machines SET cpu_cores = 64",
        "DELETE FROM virtual_machines",
        "INSERT INTO virtual_machines (resource_id) SELECT id FROM resources",
        "TRUNCATE virtual_machines",
    ],
)
def test_nobody_writes_an_extension_table_by_hand(world: Tables, text: str) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2)
    assert "Write the attribute in resource_attributes" in refused(world, "RC008", text)


def test_rows_that_are_all_key_are_not_updated(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    world.tag(vm, "env", "prod")
    refused(world, "RC007", "UPDATE tags SET value = 'dev'")


def test_a_time_zone_must_exist(world: Tables) -> None:
    text = "INSERT INTO locations (name, time_zone) VALUES (%s, %s)"
    world.run(text, "here", "Europe/Berlin")
    refused(world, "RC006", text, "there", "Europe/Atlantis")
    refused(world, "RC006", "UPDATE locations SET time_zone = 'FOO+3'")


@pytest.mark.parametrize(
    "values",
    [
        "'environment', NULL, NULL",
        "'environment', 'A', '/f'",
        "'file', 'A', NULL",
        "'stored', 'A', NULL",
        "'x', 'A', NULL",
    ],
)
def test_a_credential_has_the_one_place_that_fits_its_source(world: Tables, values: str) -> None:
    text = "INSERT INTO provider_credentials (name, source, environment_variable, file_path) VALUES ('c', "
    refused(world, "23514", f"{text}{values})")


def test_errors_say_what_they_mean(store: Store, world: Tables) -> None:
    def give_a_default_of_the_wrong_type() -> None:
        values = dict.fromkeys(f"value_{kind}" for kind in ("string", "decimal", "boolean", "datetime"))
        with store.transaction(Actor("ada")) as tx:
            row = {
                "provider_type": "test",
                "resource_type": "vm",
                "attribute": "price",
                "ordinal": 0,
                **values,
            }
            tx.batch("catalog.put_defaults", [{**row, "data_type": "integer", "value_integer": 2}])

    with pytest.raises(ConstraintViolated, match="a default is of another data type") as caught:
        give_a_default_of_the_wrong_type()
    assert caught.value.constraint == "provider_type_attribute_defaults_typed"
    with pytest.raises(DatabaseError, match="there is no time zone"), store.transaction(Actor("ada")) as tx:
        write(tx, Location("x", time_zone="Nowhere"))
    with pytest.raises(DatabaseError, match="read-only"), store.read() as tx:
        tx.execute("inventory.delete_provider_datacenter", provider="p1", datacenter="d1")


def test_a_database_that_is_gone_is_unavailable_not_wrong(database: TestDatabase) -> None:
    with pytest.raises(DatabaseUnavailable):
        Store.open(database.runtime.replace(database.name, "no_such_database"))


def test_a_session_that_is_ended_under_a_transaction_is_unavailable(world: Tables, store: Store) -> None:
    def work() -> None:
        with store.transaction(Actor("ada")) as tx:
            tx.rows("ids.endpoints")
            world.all(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'reconciler_runtime' AND datname = current_database()"
            )
            tx.rows("ids.endpoints")

    with pytest.raises(DatabaseUnavailable):
        work()
    with store.read() as tx:
        assert tx.rows("ids.endpoints") == [("e1", world.endpoint)]


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    def work() -> None:
        with store.transaction(Actor("ada")) as tx:
            write(tx, Credential("c"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with store.read() as tx:
        assert credentials(tx) == ()


def test_batch_copy_and_stream_move_rows_in_bulk(world: Tables, store: Store) -> None:
    ties = [{"name": f"tie_{n}", "description": ""} for n in range(10)]
    with store.transaction(Actor("ada")) as tx:
        assert tx.batch("catalog.put_relationship_types", ties) == 10
        assert (
            tx.many("catalog.insert_part", ({"name": f"p{n}", "sha256": bytes(32)} for n in range(10))) == 10
        )
    vm = world.resource("vm/web-1", "running")
    type_id, attribute = world.all(
        "SELECT t.id, ad.id FROM resource_types t, attribute_definitions ad WHERE t.name = 'vm' AND"
        " ad.name = 'labels'"
    )[0]
    rows = [(vm, type_id, attribute, n, "string", f"l{n}", *(None,) * 9) for n in range(2500)]
    with store.transaction(Actor("ada")) as tx:
        assert tx.copy("observations.copy_attributes", rows) == 2500
    with store.read() as tx:
        found = sum(1 for _ in tx.stream("observations.attribute_rows", ids=[vm]))
    assert found == 2500


def test_a_part_that_nothing_contains_any_more_is_gone(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    disk = world.resource("vm/web-1/disk/scsi0", "available")
    world.run("UPDATE resources SET recorded_hash = '\\x00' WHERE id = %s", vm)
    world.run("DELETE FROM resource_relationships WHERE child_resource_id = %s", disk)
    assert world.all("SELECT deleted_at IS NULL FROM resources WHERE id = %s", disk) == [(False,)]
    assert world.all("SELECT recorded_hash FROM resources WHERE id = %s", vm) == [(None,)]

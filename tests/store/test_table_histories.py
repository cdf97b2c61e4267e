"""Inventory, sources, holds and catalog: every change is on record, by whom and why, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.model.catalog import Catalog, Mutability, index_rules
from reconciler.store.catalog_rows import sync
from reconciler.store.database.session import Actor, Store
from reconciler.store.history.events import events
from reconciler.store.inventory import rows as inventory
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables
from tests.store.test_catalog_rows import hashes, packaged, small
from tests.store.test_inventory import DATACENTER, ENDPOINT, LOCATION, fill

pytestmark = pytest.mark.every_server

HISTORIES = {
    "installation": "installation_history",
    "providers": "provider_history",
    "provider_credentials": "provider_credential_history",
    "provider_credential_hosts": "provider_credential_host_history",
    "provider_endpoints": "provider_endpoint_history",
    "provider_endpoint_settings": "provider_endpoint_setting_history",
    "provider_declarations": "provider_declaration_history",
    "locations": "location_history",
    "datacenters": "datacenter_history",
    "datacenter_capabilities": "datacenter_capability_history",
    "provider_datacenters": "provider_datacenter_history",
    "manifest_sources": "manifest_source_history",
    "holds": "hold_history",
    "pins": "pin_history",
    "plan_approvals": "plan_approval_history",
    "provider_types": "provider_type_history",
    "provider_type_settings": "provider_type_setting_history",
    "relationship_types": "relationship_type_history",
    "resource_types": "resource_type_history",
    "resource_type_parents": "resource_type_parent_history",
    "resource_type_keys": "resource_type_key_history",
    "attribute_definitions": "attribute_definition_history",
    "attribute_reference_types": "attribute_reference_type_history",
    "provider_resource_types": "provider_resource_type_history",
    "resource_type_attributes": "resource_type_attribute_history",
    "provider_type_attributes": "provider_type_attribute_history",
    "provider_type_attribute_defaults": "provider_type_attribute_default_history",
    "provider_type_attribute_allowed_values": "provider_type_attribute_allowed_value_history",
}
CATALOG = list(HISTORIES)[15:]


def called(table: str, column: str) -> str:
    """What the history of a table calls a column of it."""
    match table, column:
        case "provider_credentials", "id":
            return "credential_id"
        case "manifest_sources", "id":
            return "source_id"
        case "plan_approvals", "id":
            return "approval_id"
        case _, "id":
            return HISTORIES[table].removesuffix("_history") + "_id"
        case _:
            return column


# A row for each table that `Tables.begin` leaves empty.
ROWS = (
    "INSERT INTO provider_credentials (name, source) VALUES ('c1', 'stored')",
    "INSERT INTO provider_credential_hosts SELECT id, 'h1', now(), 'ada' FROM provider_credentials",
    "INSERT INTO provider_endpoint_settings (provider_endpoint_id, name, data_type, value_string)"
    " SELECT id, 'zone', 'string', 'eu' FROM provider_endpoints",
    "INSERT INTO provider_declarations SELECT 'endpoint', 'e1', id FROM manifest_sources",
    "INSERT INTO locations (name) VALUES ('l1')",
    "INSERT INTO datacenters (location_id, name) SELECT id, 'd1' FROM locations",
    "INSERT INTO datacenter_capabilities (datacenter_id, name, value_boolean)"
    " SELECT id, 'gpu', TRUE FROM datacenters",
    "INSERT INTO provider_datacenters SELECT p.id, d.id, 'x1' FROM providers p, datacenters d",
    "INSERT INTO holds (address, owner, reason) VALUES ('vm/web-1', 'ada', 'a look')",
    "INSERT INTO revisions (source_id, content_hash, catalog_hash, actor)"
    " SELECT id, 'x', 'y', 'ada' FROM manifest_sources",
    "INSERT INTO revisions (source_id, content_hash, catalog_hash, actor, kind, back_to_revision)"
    " SELECT source_id, 'x', 'y', 'ada', 'rollback', id FROM revisions LIMIT 1",
    "INSERT INTO pins (address, source_id, revision_id, path, owner)"
    " SELECT 'vm/web-1', source_id, id, 'a.yaml', 'ada' FROM revisions WHERE kind = 'rollback'",
    "INSERT INTO plans (uid, hash, actor, status) SELECT gen_random_uuid(), repeat('a', 64), 'ada', 'saved'",
    "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
    " SELECT gen_random_uuid(), id, hash, 'ada', sha256('x') FROM plans",
    "INSERT INTO provider_type_settings (provider_type_id, name, position, data_type, cardinality, format)"
    " SELECT id, 'zone', 0, 'string', 'one', 'plain' FROM provider_types",
    "INSERT INTO resource_type_parents SELECT d.id, v.id, 0 FROM resource_types d, resource_types v"
    " WHERE d.name = 'disk' AND v.name = 'vm'",
    "INSERT INTO resource_type_keys SELECT t.id, ad.id, 0 FROM resource_types t, attribute_definitions ad"
    " WHERE t.name = 'disk' AND ad.name = 'size_gb'",
    "INSERT INTO attribute_reference_types SELECT ad.id, t.id, 0"
    " FROM attribute_definitions ad, resource_types t WHERE ad.name = 'engine' AND t.name = 'vm'",
    "INSERT INTO provider_type_attribute_defaults (provider_type_id, resource_type_id,"
    " attribute_definition_id, data_type, value_boolean)"
    " SELECT r.provider_type_id, r.resource_type_id, ad.id, 'boolean', TRUE"
    " FROM provider_type_attributes r JOIN attribute_definitions ad ON ad.id = r.attribute_definition_id"
    " WHERE ad.name = 'protected'",
    "INSERT INTO provider_type_attribute_allowed_values (provider_type_id, resource_type_id,"
    " attribute_definition_id, ordinal, data_type, value_boolean)"
    " SELECT provider_type_id, resource_type_id, attribute_definition_id, 0, data_type, value_boolean"
    " FROM provider_type_attribute_defaults",
)
# What somebody at a prompt sets, in every row of the table.
SETS = {
    "installation": ("key_id", "'k2'"),
    "providers": ("display_name", "'Another'"),
    "provider_credentials": ("fingerprint", "'0123456789ab'"),
    "provider_credential_hosts": ("bound_by", "'eve'"),
    "provider_endpoints": ("url", "'https://elsewhere'"),
    "provider_endpoint_settings": ("value_string", "'us'"),
    "provider_declarations": ("source_id", "(SELECT max(id) FROM manifest_sources)"),
    "locations": ("city", "'Berlin'"),
    "datacenters": ("description", "'A room.'"),
    "datacenter_capabilities": ("value_boolean", "FALSE"),
    "provider_datacenters": ("external_name", "'x2'"),
    "manifest_sources": ("branch", "'main'"),
    "holds": ("reason", "'another look'"),
    "plan_approvals": ("used_at", "'2026-11-01 12:00 UTC'"),
    "provider_types": ("description", "'A cloud.'"),
    "provider_type_settings": ("description", "'Where.'"),
    "relationship_types": ("description", "'A tie.'"),
    "resource_types": ("description", "'A thing.'"),
    "resource_type_parents": ("position", "7"),
    "resource_type_keys": ("position", "7"),
    "attribute_definitions": ("description", "'A number.'"),
    "attribute_reference_types": ("position", "7"),
    "provider_resource_types": ("stores_tags", "FALSE"),
    "provider_type_attributes": ("pattern", "'x'"),
    "provider_type_attribute_defaults": ("value_boolean", "FALSE"),
    "provider_type_attribute_allowed_values": ("value_boolean", "FALSE"),
}
# Children first; the other tables' rows are referred to, so that nobody deletes them.
DELETED = (
    "provider_credential_hosts",
    "provider_endpoint_settings",
    "provider_declarations",
    "provider_datacenters",
    "datacenter_capabilities",
    "datacenters",
    "locations",
    "provider_credentials",
    "holds",
    "plan_approvals",
    "provider_type_settings",
    "resource_type_parents",
    "resource_type_keys",
    "attribute_reference_types",
    "provider_type_attribute_allowed_values",
    "provider_type_attribute_defaults",
    "provider_type_attributes",
    "resource_type_attributes",
    "provider_resource_types",
)
WHO = "h.action, s.actor, s.reason, s.cause, s.operation_id, s.revision_id, s.db_user"
MADE = "JOIN changesets s ON s.changed_at = h.changed_at AND s.id = h.changeset_id"


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        made = Tables(connection).begin()
        for row in ROWS:
            made.run(row)
        made.run("INSERT INTO manifest_sources (name, kind) VALUES ('s2', 'folder')")
        yield made


@contextmanager
def bare(database: TestDatabase) -> Iterator[Tables]:
    """A prompt at a database in which nothing is but what the program writes."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection)


def last_change(world: Tables) -> int:
    """The number of the last change there was in any history."""
    number: int = world.one("SELECT last_value FROM history_change")
    return number


def counts(world: Tables, tables: list[str] | None = None) -> dict[str, int]:
    return {
        table: world.one("SELECT count(*) FROM {history}", history=HISTORIES[table])
        for table in tables or HISTORIES
    }


# -- which tables have one ------------------------------------------------------------------------------

# What is a record itself, is written once, follows from what has history, or changes with the program alone.
WITHOUT = {
    "catalog_parts",  # a memory of what was compared
    "access_grants",  # its own: a grant is revoked, never changed and never deleted
    "rehearsals",  # nobody sees a row of it
    "unsettled_addresses",  # follows from what has a history
    "attribute_projections",
    "extension_types",
    "operation_types",
    "resource_initial_states",
    "resource_state_transitions",
    "resource_states",
    "schema_migrations",
    "revisions",
    "desired_attributes",
    "desired_cleared_attributes",
    "desired_collections",
    "desired_ignored_attributes",
    "desired_relationships",
    "desired_resources",
    "desired_tags",
    "plan_blocked",
    "plan_call_parameter_paths",
    "plan_call_parameters",
    "plan_calls",
    "plan_inventory_approvals",
    "plan_inventory_steps",
    "plan_inventory_values",
    "plan_messages",
    "plan_sources",
    "plan_step_approvals",
    "plan_step_change_values",
    "plan_step_changes",
    "plan_step_requirements",
    "plan_steps",
    "plans",
    "resource_operation_calls",
    "resource_operation_results",
    "resource_operation_tasks",
    "resource_operations",
    "workers",
    "cluster_epochs",
    "marks",
    "observed_tasks",  # a history itself: a row is written once, by its function alone
    "history_archives",  # a record itself, which the tables' owner alone writes
    "resource_archives",  # the same
    "archived_resources",  # what its resource's history says already
    "archive_moves",  # nobody sees a row of it
    "endpoint_observation_types",
    "endpoint_observations",
    "external_id_reservations",
    "resource_failures",
    "resource_pending_attributes",
    "tags",
    "clusters",
    "containers",
    "networks",
    "storage_volumes",
    "virtual_machines",
}


def test_every_table_that_can_change_has_history(world: Tables) -> None:
    tables = world.all(
        "SELECT c.relname, array_agg(t.tgname::text) FILTER (WHERE t.tgname LIKE 'write\\_history%%')"
        " FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition"
        " AND c.relname NOT LIKE '%%\\_history' GROUP BY c.relname"
    )
    without = {table for table, triggers in tables if not triggers}
    assert without == WITHOUT
    thrice = {"write_history_insert", "write_history_update", "write_history_delete"}
    assert {table for table, found in tables if found and thrice <= set(found)} == {
        *HISTORIES,
        "resources",
        "resource_attributes",
    }


def test_a_history_has_every_column_of_its_table(world: Tables) -> None:
    columns: dict[str, dict[str, tuple[str, bool]]] = {}
    for table, name, kind, required in world.all(
        "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull"
        " FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped"
    ):
        columns.setdefault(table, {})[name] = (kind, required)
    for table, history in HISTORIES.items():
        for name, kind in columns[table].items():
            if name not in ("created_at", "updated_at"):
                assert columns[history].get(called(table, name)) == kind, f"{table}.{name}"


# -- by hand --------------------------------------------------------------------------------------------


def test_what_somebody_changes_at_a_prompt_is_recorded(world: Tables) -> None:
    user = world.one("SELECT session_user::text")
    for table, (column, value) in SETS.items():
        history, under = HISTORIES[table], called(table, column)
        before = last_change(world)
        changed = world.run(
            "UPDATE {t} SET {c} = {v} WHERE {c} IS DISTINCT FROM {v}", t=table, c=column, v=value
        )
        assert changed, table
        rows = world.all(
            "SELECT {who} FROM {h} h {made} WHERE change > %s", before, who=WHO, h=history, made=MADE
        )
        assert rows == [("update", user, None, "manual", None, None, user)] * changed, table
        assert (
            world.one(
                "SELECT count(*) FROM {history} WHERE change > %s AND {c} = {v}",
                before,
                history=history,
                c=under,
                v=value,
            )
            == changed
        ), table


def test_an_update_that_changes_nothing_leaves_no_row(world: Tables) -> None:
    found = counts(world)
    for table, (column, _) in SETS.items():
        assert world.run("UPDATE {t} SET {c} = {c}", t=table, c=column)
        assert world.run("UPDATE {t} SET {c} = {c} WHERE FALSE", t=table, c=column) == 0
    for table in ("providers", "provider_endpoints", "provider_credentials"):
        world.run("UPDATE {t} SET updated_at = now() + interval '1 hour'", t=table)
    assert counts(world) == found


def test_what_comes_and_goes_is_recorded_with_what_it_was_last(world: Tables) -> None:
    found = counts(world)
    for table in HISTORIES:
        assert found[table] >= world.one("SELECT count(*) FROM {t}", t=table) > 0, table
    for table in DELETED:
        before = last_change(world)
        gone = world.run("DELETE FROM {t}", t=table)
        assert gone > 0
        rows = world.all(
            "SELECT action, cause FROM {h} h {made} WHERE change > %s", before, h=HISTORIES[table], made=MADE
        )
        assert rows == [("delete", "manual")] * gone, table
    assert world.all("SELECT owner, reason FROM hold_history WHERE action = 'delete'") == [("ada", "a look")]


def test_what_goes_with_another_row_is_recorded_too(world: Tables) -> None:
    world.run("DELETE FROM provider_type_attributes")
    assert world.all("SELECT action FROM provider_type_attribute_default_history ORDER BY change") == [
        ("insert",),
        ("insert",),
        ("delete",),
        ("delete",),
    ]
    world.run("UPDATE attribute_definitions SET data_type = 'decimal' WHERE name = 'engine'")
    rows = world.all("SELECT data_type FROM resource_type_attribute_history WHERE action = 'update'")
    assert rows == [("decimal",)] * 2


def test_another_key_is_one_row_gone_and_another_come(world: Tables) -> None:
    world.run("UPDATE provider_endpoint_settings SET name = 'region'")
    assert world.all("SELECT action, name FROM provider_endpoint_setting_history ORDER BY change") == [
        ("insert", "zone"),
        ("delete", "zone"),
        ("insert", "region"),
    ]


def test_a_history_knows_three_actions(world: Tables) -> None:
    for history in HISTORIES.values():
        with pytest.raises(pg.CheckViolation):
            world.run("UPDATE {h} SET action = 'upsert'", h=history)


# -- who may ---------------------------------------------------------------------------------------------


def test_the_program_reads_these_histories_and_changes_none(world: Tables, database: TestDatabase) -> None:
    assert world.one("SELECT count(*) FROM hold_history") == 1
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        runtime = Tables(connection)
        for history in HISTORIES.values():
            assert runtime.one("SELECT count(*) FROM {history}", history=history) > 0
            for text in (
                "DELETE FROM {history}",
                "UPDATE {history} SET action = 'x'",
                "INSERT INTO {history} DEFAULT VALUES",
                "TRUNCATE {history}",
                "ALTER TABLE {history} DISABLE TRIGGER ALL",
                "DROP TABLE {history}",
            ):
                with pytest.raises(pg.InsufficientPrivilege):
                    runtime.run(text, history=history)
        for table in HISTORIES:
            with pytest.raises(pg.InsufficientPrivilege):
                runtime.run("ALTER TABLE {t} DISABLE TRIGGER write_history_update", t=table)


@pytest.mark.parametrize(
    "function",
    [
        "write_row_history('hold_history', '{id}', '{id}', '{hold_id}')",
        "write_resource_history()",
        "write_attribute_history()",
        "write_tag_history()",
        "write_relationship_history()",
    ],
)
def test_nobody_writes_history_by_way_of_a_table_of_his_own(database: TestDatabase, function: str) -> None:
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE mine (id bigint)")
        text = f"CREATE TRIGGER t AFTER INSERT ON mine REFERENCING NEW TABLE AS n EXECUTE FUNCTION {function}"
        with pytest.raises(pg.InsufficientPrivilege):
            connection.execute(text.encode())


def test_not_even_the_owner_truncates(world: Tables) -> None:
    for table in [*HISTORIES, *HISTORIES.values()]:
        with pytest.raises(psycopg.DatabaseError) as caught:
            world.run("TRUNCATE {t} CASCADE", t=table)
        assert caught.value.sqlstate == "RC002", table


# -- by the program ---------------------------------------------------------------------------------------


def test_the_program_says_who_changed_an_endpoint_and_why(store: Store, database: TestDatabase) -> None:
    with store.transaction(Actor("ada", "first", "manifest")) as tx:
        sync(tx, small(), hashes())
        fill(tx)
    with bare(database) as world:
        found = counts(world)
        with store.transaction(Actor("bob", "again", "manifest")) as tx:
            fill(tx)
        assert counts(world) == found
        moved = replace(
            ENDPOINT, url="https://b.example.com", settings={**ENDPOINT.settings, "zone": "us", "extra": 1}
        )
        placed = replace(DATACENTER, capabilities={"racks": Decimal(12)})
        before = last_change(world)
        with store.transaction(Actor("bob", "a move", "manifest")) as tx:
            assert inventory.write(tx, moved)
            assert inventory.write(tx, placed)
            assert inventory.write(tx, replace(LOCATION, city="Potsdam"))
        rows = world.all(
            "SELECT address, name, before, after, actor, reason, cause, db_user FROM v_inventory_history"
            " WHERE change > %s ORDER BY change",
            before,
        )
        assert {row[4:] for row in rows} == {("bob", "a move", "manifest", "reconciler_runtime")}
        assert {row[:4] for row in rows} == {
            ("endpoint/main", "url", "https://api.example.com", "https://b.example.com"),
            ("endpoint/main", "setting zone", "eu", "us"),
            ("endpoint/main", "setting extra", None, "1"),
            ("datacenter/dc1", "capability gpu", "true", None),
            ("location/here", "city", "Berlin", "Potsdam"),
        }
        # 12 became the decimal 12: another type, and the same text.
        assert world.all("SELECT count(*) FROM datacenter_capability_history WHERE name = 'racks'") == [(2,)]
        with store.transaction(Actor("eve", "gone", "manifest")) as tx:
            tx._connection.execute("UPDATE provider_endpoints SET deleted_at = now() WHERE name = 'main'")
            assert inventory.write(tx, replace(placed, providers=()))
        rows = world.all("SELECT address, name, after IS NULL FROM v_inventory_history WHERE actor = 'eve'")
        assert sorted(rows) == [
            ("endpoint/main", "removed_at", False),
            ("provider/cloud", "datacenter dc1", True),
        ]


def test_holds_and_sources_have_their_history(world: Tables, store: Store) -> None:
    hold = {"address": "vm/a", "tag_key": None, "tag_value": None, "until": None, "while_wanted": False}
    with store.transaction(Actor("ada", "a freeze", "manual")) as tx:
        tx.rows("pauses.hold", endpoint="e1", resource_type="vm", owner="ada", reason="frozen", **hold)
    with store.transaction(Actor("bob", "thawed", "manual")) as tx:
        assert tx.execute("pauses.release", word=str(world.one("SELECT max(id) FROM holds")))
        assert tx.execute("sources.forget", id=world.source)
    number = world.one("SELECT max(id) FROM holds")
    with store.read() as tx:
        thawed, frozen = events(tx, 100, f"hold/{number}")
        given_up, *_ = events(tx, 100, "source/s1")
    assert {(item.name, item.after) for item in frozen.changes} == {
        ("address", "vm/a"),
        ("endpoint", "e1"),
        ("resource_type", "vm"),
        ("owner", "ada"),
        ("reason", "frozen"),
    }
    assert [(made.actor, made.reason) for made in frozen.changesets] == [("ada", "a freeze")]
    assert [(item.name, item.before) for item in thawed.changes] == [("released_at", None)]
    assert [(made.actor, made.reason) for made in thawed.changesets] == [("bob", "thawed")]
    assert (given_up.changes[0].name, given_up.changesets[0].actor) == ("forgotten_at", "bob")


def test_a_catalog_that_is_brought_in_again_leaves_no_row(store: Store, database: TestDatabase) -> None:
    with bare(database) as world:
        with store.transaction(Actor("ada", "first", "catalog")) as tx:
            sync(tx, packaged(), hashes("1"))
        found = counts(world)
        for table in CATALOG:
            assert found[table] >= world.one("SELECT count(*) FROM {t}", t=table) > 0, table
        with store.transaction(Actor("ada", "another version", "catalog")) as tx:
            assert sync(tx, packaged(), hashes("2"))
        assert counts(world) == found


def changed(catalog: Catalog) -> Catalog:
    """The small catalog, with one rule that says something else."""
    rule = catalog.rules["box", "test"]["size"]
    box = replace(rule, mutability=Mutability.NEEDS_STOP, default=3, allowed_values=(1, 3), maximum=8)
    return replace(catalog, rules=index_rules([box]))


def test_only_what_a_new_version_says_otherwise_is_recorded(store: Store, database: TestDatabase) -> None:
    with bare(database) as world:
        with store.transaction(Actor("ada", "first", "catalog")) as tx:
            sync(tx, small(), hashes("1"))
        before = last_change(world)
        with store.transaction(Actor("bob", "version 2", "catalog")) as tx:
            sync(tx, changed(small()), hashes("2"))
        rows = world.all(
            "SELECT address, name, before, after, actor, reason, cause FROM v_catalog_history"
            " WHERE change > %s ORDER BY change, name",
            before,
        )
        assert {row[4:] for row in rows} == {("bob", "version 2", "catalog")}
        assert {row[:4] for row in rows} == {
            ("resource_type/box", "size at test: mutability", "in_place", "needs_stop"),
            ("resource_type/box", "size at test: maximum", "9", "8"),
            ("resource_type/box", "size at test: default 0", "2", "3"),
            ("resource_type/box", "size at test: allowed 1", "2", "3"),
            ("resource_type/box", "size at test: allowed 2", "9", None),
        }
        assert last_change(world) == before + 4


def test_a_type_that_leaves_the_catalog_is_retired_on_record(store: Store, database: TestDatabase) -> None:
    with bare(database) as world:
        nothing = Catalog(relationship_types=small().relationship_types)
        for number, catalog in enumerate((small(), nothing, small())):
            with store.transaction(Actor(f"v{number}", "", "catalog")) as tx:
                sync(tx, catalog, hashes(str(number)))
        assert world.all(
            "SELECT actor, action, retired_at IS NOT NULL FROM resource_type_history h {made}"
            " ORDER BY change",
            made=MADE,
        ) == [("v0", "insert", False), ("v1", "update", True), ("v2", "update", False)]
        for history in ("provider_type_attribute_history", "provider_resource_type_history"):
            assert world.all(
                "SELECT actor, action FROM {h} h {made} ORDER BY change", h=history, made=MADE
            ) == [
                ("v0", "insert"),
                ("v1", "delete"),
                ("v2", "insert"),
            ]


def test_the_seed_says_that_a_migration_wrote_it(database: TestDatabase) -> None:
    with bare(database) as world:
        rows = world.all("SELECT DISTINCT action, reason FROM relationship_type_history h {made}", made=MADE)
        assert rows == [("insert", "migration")]

"""The schema as it stands: what it is made of, who owns it, and the four queries it was designed for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import psycopg
import pytest

from reconciler.store.database import diagram
from reconciler.store.database import migrate as migrations
from reconciler.store.database.diagram import check
from reconciler.store.database.faults import MEANINGS
from reconciler.store.database.queries import query, sql_files
from tests.rigs.databases import TestDatabase
from tests.rigs.promised import ALL_VMS, ATTRIBUTES_OF, DEPENDANTS_OF, MANY_CORES
from tests.rigs.tables import Tables

# What a schema consists of, as texts that are the same in two databases exactly where the schema is.
CATALOG = {
    "relations": """
        SELECT c.oid::regclass::text, c.relkind, c.relowner::regrole::text, c.reloptions::text,
               c.relrowsecurity, c.relacl::text, obj_description(c.oid, 'pg_class'), pg_get_partkeydef(c.oid)
        FROM pg_class c WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace)
          AND NOT c.relispartition""",
    "columns": """
        SELECT a.attrelid::regclass::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
               a.attnotnull, a.attidentity, a.attacl::text, pg_get_expr(d.adbin, d.adrelid),
               col_description(a.attrelid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND a.attnum > 0
          AND NOT a.attisdropped AND NOT c.relispartition""",
    "constraints": """
        SELECT k.conname, k.conrelid::regclass::text, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.connamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND NOT c.relispartition""",
    "indexes": """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND NOT c.relispartition""",
    "triggers": """
        SELECT t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger t WHERE NOT t.tgisinternal""",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proowner::regrole::text,
               p.proacl::text, obj_description(p.oid, 'pg_proc')
        FROM pg_proc p WHERE p.pronamespace IN ('public'::regnamespace, 'vault'::regnamespace)""",
    "views": """
        SELECT c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_class c
        WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace""",
    "sequences": "SELECT sequencename::text, start_value, increment_by, data_type::text FROM pg_sequences",
    "schemas": "SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace"
    " WHERE nspname IN ('public', 'vault')",
}


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection)


@pytest.mark.every_server
@pytest.mark.parametrize("what", CATALOG)
def test_the_migrations_make_the_schema_that_is_written_down(
    world: Tables, empty_database: TestDatabase, what: str
) -> None:
    with migrations.connect(empty_database.admin) as connection:
        connection.execute(query("migrations.settings"))
        with connection.transaction():
            for folder in ("bootstrap", "schema", "seed"):
                for _, content in sql_files(folder):
                    connection.execute(content)
        written = Tables(connection).all(CATALOG[what])
    migrated = world.all(CATALOG[what])
    assert sorted(map(repr, migrated)) == sorted(map(repr, written))
    assert len(migrated) > 0


def test_every_table_column_view_function_says_what_it_is(world: Tables) -> None:
    undescribed = world.all(
        """
        SELECT c.oid::regclass::text, a.attname
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p', 'v')
          AND c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND NOT c.relispartition
          AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
        UNION ALL
        SELECT p.oid::regprocedure::text, NULL FROM pg_proc p
        WHERE p.pronamespace IN ('public'::regnamespace, 'vault'::regnamespace)
          AND obj_description(p.oid, 'pg_proc') IS NULL
        """
    )
    assert undescribed == []


def test_no_column_holds_a_structure_and_every_time_has_a_zone(world: Tables) -> None:
    offending = world.all(
        """
        SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) AND a.attnum > 0
          AND c.relkind IN ('r', 'p', 'v')
          AND (t.typname IN ('json', 'jsonb', 'hstore', 'xml', 'timestamp') OR t.typtype = 'c'
               OR t.typelem <> 0 AND t.typcategory = 'A')
        """
    )
    assert offending == []


def test_the_program_works_as_a_role_that_owns_and_bypasses_nothing(world: Tables) -> None:
    assert world.all(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles"
        " WHERE rolname = 'reconciler_runtime'"
    ) == [(False, False, False, False, True)]
    assert world.one("SELECT count(*) FROM pg_class WHERE relowner = 'reconciler_runtime'::regrole") == 0
    assert (
        world.all(
            "SELECT b.rolname FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid"
            " WHERE m.member = 'reconciler_runtime'::regrole"
        )
        == []
    )
    owners = world.all(
        "SELECT DISTINCT c.relnamespace::regnamespace::text, c.relowner::regrole::text FROM pg_class c"
        " WHERE c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) ORDER BY 1"
    )
    assert owners == [("public", "reconciler_owner"), ("vault", "reconciler_vault")]


def test_views_have_the_rights_of_whoever_asks(world: Tables) -> None:
    views = world.all(
        "SELECT relname, reloptions::text FROM pg_class WHERE relkind = 'v' AND relnamespace ="
        " 'public'::regnamespace"
    )
    assert {options for _, options in views} == {"{security_invoker=true}"}
    assert len(views) >= 10


def test_functions_with_their_owners_rights_pin_their_search_path(world: Tables) -> None:
    loose = world.all(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef"
        " AND pronamespace IN ('public'::regnamespace, 'vault'::regnamespace)"
        " AND NOT EXISTS"
        " (SELECT FROM unnest(proconfig) AS s WHERE s LIKE 'search_path=pg_catalog,%pg_temp')"
    )
    assert loose == []


def test_foreign_keys_that_point_at_growing_tables_are_indexed(world: Tables) -> None:
    """Otherwise every update or deletion there reads the whole table that points at it."""
    unindexed = world.all(
        """
        SELECT k.conrelid::regclass::text, k.conname
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'f' AND NOT c.relispartition
          AND k.confrelid IN ('resources'::regclass, 'desired_resources'::regclass, 'plans'::regclass,
            'plan_steps'::regclass, 'plan_calls'::regclass, 'resource_operations'::regclass)
          AND NOT EXISTS (
            SELECT FROM pg_index i
            WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]
          )
        """
    )
    assert unindexed == []


def _dicts(world: Tables, text: str, *params: object) -> list[dict[str, object]]:
    cursor = world.connection.execute(text.encode(), params or None)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.mark.every_server
def test_the_promised_queries_give_the_right_rows(world: Tables) -> None:
    world.begin()
    small = world.resource("vm/small", "running", cpu_cores=2, memory_mb=4096)
    big = world.resource("vm/big", "stopped", cpu_cores=16, memory_mb=65536, protected=True)
    world.resource("container/huge", "running", cpu_cores=32)
    gone = world.resource("vm/gone", "running", cpu_cores=64)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", gone)
    database = world.resource("database/orders", engine="postgresql")
    shop = world.resource("service/shop")
    world.relate(database, shop, "depends_on")
    world.relate(database, big, "hosted_on")

    machines = {str(row["name"]): row for row in _dicts(world, ALL_VMS)}
    assert set(machines) == {"small", "big"}
    assert (machines["big"]["cpu_cores"], machines["big"]["memory_mb"]) == (16, 65536)
    assert (machines["small"]["provider"], machines["small"]["provider_type"]) == ("p1", "test")

    attributes = {row["name"]: (row["value"], row["unit"]) for row in _dicts(world, ATTRIBUTES_OF, big)}
    assert attributes == {
        "cpu_cores": ("16", "cores"),
        "memory_mb": ("65536", "MiB"),
        "protected": ("true", None),
    }

    # It does not leave out what is deleted, and finds no containers.
    assert {row["id"] for row in _dicts(world, MANY_CORES)} == {big, gone}
    assert small not in {row["id"] for row in _dicts(world, MANY_CORES)}

    assert [(row["id"], row["relationship"]) for row in _dicts(world, DEPENDANTS_OF, database)] == [
        (shop, "depends_on")
    ]


def test_drift_is_what_moved_and_pending_is_what_is_wanted_anew(world: Tables) -> None:
    world.begin()
    drifted = world.resource("vm/drifted", "running", cpu_cores=8, memory_mb=1024)
    world.desire("vm/drifted", b"1", cpu_cores=4, memory_mb=1024)
    world.run("UPDATE resources SET applied_desired_hash = '1' WHERE id = %s", drifted)
    changed = world.resource("vm/changed", "running", cpu_cores=2)
    world.desire("vm/changed", b"2", cpu_cores=6)
    world.tag(changed, "env", "dev")
    world.run("UPDATE desired_resources SET names_tags = TRUE WHERE address = 'vm/changed'")
    world.run("UPDATE resources SET applied_desired_hash = 'old' WHERE id = %s", changed)
    world.tag(drifted, "by", "hand")  # a manifest that names no tags leaves them alone
    world.desire("vm/new", b"3", cpu_cores=1)
    removed = world.resource("vm/removed", "running")
    world.run("UPDATE resources SET source_id = %s WHERE id = %s", world.source, removed)
    settled = world.resource("vm/settled", "running", cpu_cores=1)
    world.desire("vm/settled", b"4", cpu_cores=1)
    world.run(
        "UPDATE resources SET recorded_hash = 'r', settled_recorded_hash = 'r', settled_desired_hash = '4',"
        " applied_desired_hash = '4' WHERE id = %s",
        settled,
    )
    assert world.all("SELECT address, what, attribute, desired, recorded FROM v_drift") == [
        ("vm/drifted", "attribute", "cpu_cores", "4", "8")
    ]
    assert world.all("SELECT address, what, attribute, desired, recorded FROM v_pending ORDER BY 1, 2") == [
        ("vm/changed", "attribute", "cpu_cores", "6", "2"),
        ("vm/changed", "tag", "env", None, "dev"),
        ("vm/new", "resource", None, "present", "absent"),
        ("vm/removed", "resource", None, "absent", "present"),
    ]


def test_what_a_manifest_ignores_is_no_drift(world: Tables) -> None:
    world.begin()
    vm = world.resource("vm/web-1", "running", cpu_cores=8)
    desired = world.desire("vm/web-1", b"1", cpu_cores=4)
    world.run("UPDATE resources SET applied_desired_hash = '1' WHERE id = %s", vm)
    world.run("INSERT INTO desired_ignored_attributes VALUES (%s, 'cpu_cores')", desired)
    assert world.all("SELECT * FROM v_differences") == []


def test_a_lost_object_is_drift(world: Tables) -> None:
    world.begin()
    vm = world.resource("vm/web-1", "running", cpu_cores=4)
    world.desire("vm/web-1", b"1", cpu_cores=4)
    world.run("UPDATE resources SET applied_desired_hash = '1', presence = 'absent' WHERE id = %s", vm)
    assert world.all("SELECT address, what, desired, recorded FROM v_drift") == [
        ("vm/web-1", "resource", "present", "absent")
    ]


def test_views_answer_with_names(world: Tables) -> None:
    world.begin()
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    disk = world.resource("vm/web-1/disk/scsi0", size_gb=10)
    world.tag(vm, "env", "prod")
    assert world.all(
        "SELECT address, state, provider, endpoint, contained_in FROM v_resources ORDER BY 1"
    ) == [
        ("vm/web-1", "running", "p1", "e1", None),
        ("vm/web-1/disk/scsi0", "available", "p1", "e1", "vm/web-1"),
    ]
    assert world.all("SELECT address, attribute, value, unit FROM v_attributes ORDER BY 1") == [
        ("vm/web-1", "cpu_cores", "2", "cores"),
        ("vm/web-1/disk/scsi0", "size_gb", "10", "GiB"),
    ]
    assert world.all("SELECT parent, relationship, child FROM v_relationships") == [
        ("vm/web-1", "contains", "vm/web-1/disk/scsi0")
    ]
    assert world.all("SELECT address, key, value FROM v_tags") == [("vm/web-1", "env", "prod")]
    assert world.all("SELECT size_gb FROM storage_volumes WHERE resource_id = %s", disk) == [(10,)]


def test_the_names_of_constraints_in_messages_exist(world: Tables) -> None:
    names = {row[0] for row in world.all("SELECT conname FROM pg_constraint")}
    names |= {row[0] for row in world.all("SELECT relname FROM pg_class WHERE relkind = 'i'")}
    assert set(MEANINGS) - names == set()


def test_sql_files_hold_no_path_and_no_structure_types() -> None:
    pattern = re.compile(rb"\b(jsonb?|hstore|xml)\b", re.IGNORECASE)
    for folder in ("bootstrap", "schema", "migrations", "queries", "seed"):
        for name, content in sql_files(folder):
            assert not pattern.search(content), name


def test_the_diagram_is_drawn_from_this_schema(database: TestDatabase) -> None:
    assert check(database.admin) == []


def test_the_diagram_s_command_says_whether_it_is_the_schema_s(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["diagram", "--check", database.admin])
    assert (diagram.main(), capsys.readouterr().out) == (0, "")
    with psycopg.connect(database.admin) as connection:
        connection.execute("CREATE TABLE public.added (id integer PRIMARY KEY)")
    assert diagram.main() == 1
    assert "added" in capsys.readouterr().out

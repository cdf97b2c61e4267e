"""Promises of the examination: what no constraint can hold is broken, each once, and found as just that."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from reconciler.store.care.checks import CHECKS
from reconciler.store.care.doctor import Finding, examine
from tests.rigs.core import want, with_parts
from tests.rigs.core_world import CoreWorld
from tests.store.test_observations import manage

PLACES = {
    ":web": "(SELECT id FROM resources WHERE address = 'vm/web')",
    ":disk": "(SELECT id FROM resources WHERE address LIKE 'vm/%/disk/%')",
    ":net": "(SELECT id FROM resources WHERE address = 'network/net')",
}
ROLE = "reconciler_runtime"


@pytest.fixture
def fleet(world: CoreWorld) -> CoreWorld:
    """A machine with a disk and a tag, and a network, all recorded; two processes that are gone."""
    web = with_parts(
        want("vm/web", "proxmox", cpu_cores=2, memory_mb=2048),
        "disk",
        {"slot": "scsi0", "size_mib": 8192},
    )
    manage(world, replace(web, tags={"team": "a"}))
    manage(world, want("network/net", ip_range="10.0.0.0/16"))
    return world


def broken(world: CoreWorld, statement: str) -> None:
    """As somebody could who passes every trigger over."""
    with psycopg.connect(world.database.admin) as connection:
        for name, place in PLACES.items():
            statement = statement.replace(name, place)
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode())


def found(world: CoreWorld) -> list[tuple[str, str, str]]:
    return [(each.check, each.where, each.what) for each in examine(world.database.admin)]


@pytest.mark.every_server
def test_what_is_sound_is_found_so(fleet: CoreWorld) -> None:
    assert found(fleet) == []


BROKEN = [
    (
        "projections",
        "UPDATE virtual_machines SET cpu_cores = 64 WHERE resource_id = :web",
        "cpu_cores is 64, and",
    ),
    (
        "projections",
        "UPDATE networks SET cidr = '10.9.0.0/16' WHERE resource_id = :net",
        "cidr is 10.9.0.0/16",
    ),
    ("projections", "DELETE FROM networks WHERE resource_id = :net", "no row in networks"),
    ("parts", "DELETE FROM resource_relationships WHERE child_resource_id = :disk", "nothing contains it"),
    (
        "parts",
        "INSERT INTO resource_relationships VALUES (:net, :web, 1)",
        "is a root, and network/net contains it",
    ),
    ("parts", "INSERT INTO resource_relationships VALUES (:disk, :web, 1)", "contains itself"),
    (
        "parts",
        "UPDATE resources SET address = 'vm/other/disk/scsi0' WHERE id = :disk",
        "is not below that of vm/web",
    ),
    ("parts", "UPDATE resources SET deleted_at = now() WHERE id = :web", "which contains it, is deleted"),
    ("orphans", "UPDATE provider_endpoints SET deleted_at = now()", "its endpoint proxmox-1 is removed"),
    (
        "orphans",
        "INSERT INTO resource_relationships VALUES (:net, :web, 2);"
        " UPDATE resources SET deleted_at = now() WHERE id = :net",
        "which is deleted",
    ),
    ("orphans", "UPDATE manifest_sources SET forgotten_at = now()", "is forgotten"),
    (
        "operations",
        "UPDATE resource_operations SET status = 'sending', finished_at = NULL WHERE resource_id = :web",
        "that process is gone",
    ),
    (
        "claims",
        "UPDATE resources SET claimed_at = now(), claimed_by = (SELECT min(id::text)::uuid FROM workers)",
        "which is gone",
    ),
    ("sequences", "SELECT setval('resources_id_seq', 1)", "its next number is 2"),
    ("sequences", "SELECT setval('history_change', 1)", "its next number is 2"),
    ("grants", "GRANT DELETE ON resource_history TO reconciler_runtime", "may delete it"),
    ("grants", "GRANT SELECT ON vault.secrets TO reconciler_runtime", "only have the functions of the vault"),
    ("grants", "GRANT SELECT ON resources TO PUBLIC", "everybody has a right on it"),
    ("grants", "ALTER TABLE holds OWNER TO postgres", "it belongs to postgres"),
    ("grants", "ALTER FUNCTION project_attributes(bigint[]) RESET search_path", "no search path of its own"),
    (
        "guards",
        "ALTER TABLE resources DISABLE TRIGGER guard_update",
        "the trigger guard_update is switched off",
    ),
    ("guards", "ALTER TABLE resources DISABLE ROW LEVEL SECURITY", "row-level security is switched off"),
    ("guards", "ALTER TABLE resources NO FORCE ROW LEVEL SECURITY", "does not hold for its owner"),
    ("guards", "ALTER TABLE holds ADD CONSTRAINT short CHECK (id < 9) NOT VALID", "was never checked"),
    (
        "guards",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'holds_live'::regclass",
        "is invalid",
    ),
    (
        "history",
        "UPDATE resources SET external_id = 'another' WHERE id = :net",
        "its own columns are others",
    ),
    ("history", "UPDATE resources SET state_id = 11 WHERE id = :net", "it is failed, and the last"),
    ("history", "DELETE FROM resource_tags WHERE resource_id = :web", "the tag team is gone"),
    ("history", "DELETE FROM resource_history WHERE resource_id = :net", "no history says how it came"),
    (
        "attribute history",
        "UPDATE resource_attributes SET value_string = '10.8.0.0/16' WHERE resource_id = :net"
        " AND value_string = '10.0.0.0/16'",
        "has another value",
    ),
    ("attribute history", "DELETE FROM resource_attributes WHERE resource_id = :disk", "is gone"),
    (
        "attribute history",
        "DELETE FROM resource_attribute_history WHERE resource_id = :net",
        "no history says how it came",
    ),
]


@pytest.mark.parametrize(("check", "statement", "said"), BROKEN)
def test_what_is_broken_is_found(fleet: CoreWorld, check: str, statement: str, said: str) -> None:
    broken(fleet, statement)
    of_it = [each for each in found(fleet) if each[0] == check and said in each[2]]
    assert of_it, found(fleet)


def test_every_check_is_broken_once() -> None:
    apart = {"roles", "partitions"}  # below: one is the whole server's, the other is broken by what it is
    assert {check for check, _, _ in BROKEN} | apart == {check.name for check in CHECKS}


def test_a_role_that_may_too_much_is_found(fleet: CoreWorld) -> None:
    with psycopg.connect(fleet.database.admin) as connection:
        connection.execute("ALTER ROLE reconciler_vault LOGIN")
        rows = connection.execute(_roles()).fetchall()
        connection.rollback()  # it belongs to every test of this server
    assert rows == [("reconciler_vault", "it can log in, and is nobody's")]


def _roles() -> bytes:
    from reconciler.store.database.queries import query

    return query("doctor.roles")


def test_a_month_without_a_place_is_found_whatever_tables_are_named(fleet: CoreWorld) -> None:
    ((name, month),) = fleet.rows(
        "SELECT c.relname, to_char(now() + interval '1 month', 'YYYY-MM') FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'resource_tag_history'::regclass"
        " AND c.relname = 'resource_tag_history' || to_char(now() + interval '1 month', '_YYYY_MM')"
    )
    broken(fleet, f"ALTER TABLE resource_tag_history DETACH PARTITION {name}")
    assert found(fleet) == [
        ("partitions", "resource_tag_history", f"no partition is attached for {month}"),
        (
            "partitions",
            "resource_tag_history",
            f"the table {name} is named as a partition of it, and is not attached",
        ),
    ]


def test_what_follows_from_what_is_there_is_mended_and_nothing_else(fleet: CoreWorld) -> None:
    for _, statement, _ in BROKEN[:2]:
        broken(fleet, statement)
    broken(fleet, "SELECT setval('resources_id_seq', 1)")
    broken(fleet, "UPDATE resources SET external_id = 'another' WHERE id = :net")
    mended = examine(fleet.database.admin, mend=True)
    assert {(each.check, each.mended) for each in mended} == {
        ("projections", True),
        ("sequences", True),
        ("history", False),
    }
    assert [each[0] for each in found(fleet)] == ["history"]
    assert fleet.rows("SELECT cpu_cores FROM virtual_machines") == [(2,)]


def test_of_another_schema_only_that_is_said(fleet: CoreWorld) -> None:
    broken(fleet, "UPDATE schema_migrations SET sha256 = sha256(''::bytea) WHERE version = 1")
    (finding,) = examine(fleet.database.admin)
    assert isinstance(finding, Finding)
    assert (finding.check, finding.what) == (
        "migrations",
        "0001_initial.sql was applied with other contents",
    )

"""Promises of the examination: what no constraint can hold is broken, each once, and found as just that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from reconciler.store.archive import months
from reconciler.store.archive.months import OWNER_ROLE, archive_months, restore_file
from reconciler.store.care.checks import CHECKS
from reconciler.store.care.doctor import Finding, examine
from reconciler.store.database.session import Actor, Store
from reconciler.store.history.partitions import move_strays
from tests.rigs.core import want, with_parts
from tests.rigs.core_world import CoreWorld
from tests.store.test_observations import manage

PLACES = {
    ":web": "(SELECT id FROM resources WHERE address = 'vm/web')",
    ":disk": "(SELECT id FROM resources WHERE address LIKE 'vm/%/disk/%')",
    ":net": "(SELECT id FROM resources WHERE address = 'network/net')",
}
ROLE = "reconciler_runtime"
ACTOR = Actor("ada", "archive", "maintenance")
NO_MONTH = "a month to come, or the default, has no partition"
HISTORIES = [
    "resource_attribute_history",
    "resource_history",
    "resource_relationship_history",
    "resource_state_history",
    "resource_tag_history",
    "changesets",
]


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


UNLISTED = (
    "UPDATE resources SET settled_desired_hash = 'former', settled_recorded_hash = recorded_hash"
    " WHERE id = :net; DELETE FROM unsettled_addresses"
)
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
    ("unsettled", UNLISTED, "is in no list of what may differ"),
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
    ("archive", "INSERT INTO resource_archives (file) VALUES ('/a.csv.gz')", "nothing was taken out by it"),
    ("sequences", "SELECT setval('resources_id_seq', 1)", "its next number is 2"),
    ("sequences", "SELECT setval('history_change', 1)", "its next number is 2"),
    ("grants", "GRANT DELETE ON resource_history TO reconciler_runtime", "may delete it"),
    ("grants", "GRANT SELECT ON vault.secrets TO reconciler_runtime", "only have the functions of the vault"),
    (
        "grants",
        "GRANT SELECT ON vault.secrets TO reconciler_planner",
        "reconciler_planner has a right on it, and should only have the functions of the vault",
    ),
    (
        "grants",
        "GRANT SELECT (ciphertext) ON vault.secrets TO reconciler_runtime",
        "reconciler_runtime has a right on it, and should only have the functions of the vault",
    ),
    (
        "grants",
        "GRANT UPDATE ON vault.secret_reads TO reconciler_auditor",
        "reconciler_auditor has a right on it",
    ),
    (
        "grants",
        "GRANT UPDATE (address) ON resource_history TO reconciler_runtime",
        "reconciler_runtime may update it",
    ),
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


@pytest.mark.parametrize("role", ["reconciler_owner", "reconciler_vault"])
def test_a_role_that_is_a_member_by_way_of_another_is_found(fleet: CoreWorld, role: str) -> None:
    with psycopg.connect(fleet.database.admin) as connection:
        connection.execute("CREATE ROLE between_the_two")
        connection.execute(f"GRANT {role} TO between_the_two".encode())
        connection.execute("GRANT between_the_two TO reconciler_planner")
        rows = connection.execute(_roles()).fetchall()
        connection.rollback()  # they belong to every test of this server
    assert rows == [("reconciler_planner", "it is a member of what owns the tables or the vault")]


def _roles() -> bytes:
    from reconciler.store.database.queries import query

    return query("doctor.roles")


def test_a_month_without_a_place_is_found_whatever_tables_are_named(fleet: CoreWorld) -> None:
    ((name,),) = fleet.rows(
        "SELECT c.relname FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'resource_tag_history'::regclass"
        " AND c.relname = 'resource_tag_history' || to_char(now() + interval '1 month', '_YYYY_MM')"
    )
    broken(fleet, f"ALTER TABLE resource_tag_history DETACH PARTITION {name}")
    assert found(fleet) == [
        ("partitions", "resource_tag_history", NO_MONTH),
        (
            "partitions",
            "resource_tag_history",
            f"the table {name} is named as a partition of it, and is not attached",
        ),
    ]


def test_a_history_without_a_default_is_found_and_mended(fleet: CoreWorld) -> None:
    ((name,),) = fleet.rows(
        "SELECT partition_name FROM v_history_partitions WHERE is_default AND history = 'changesets'"
    )
    broken(fleet, f"DROP TABLE {name}")
    assert found(fleet) == [("partitions", "changesets", NO_MONTH)]
    (finding,) = examine(fleet.database.admin, mend=True)
    assert finding.mended
    assert "goes into the default, and without that it fails" in finding.why
    assert found(fleet) == []


def test_rows_without_a_month_are_found_and_left_to_who_knows_the_clock(fleet: CoreWorld) -> None:
    broken(fleet, "UPDATE resource_tag_history SET changed_at = '2031-01-01Z'")
    (finding,) = examine(fleet.database.admin, mend=True)
    assert (finding.where, finding.mended) == ("resource_tag_history", False)
    assert "rows without a month: 1, of 2031-01-01" in finding.what
    assert "reconciler db partitions --move" in finding.mend
    assert move_strays(fleet.store, "ada").count == 1
    assert found(fleet) == []


@pytest.fixture
def aged(fleet: CoreWorld) -> CoreWorld:
    """The fleet came in March 2024, when the rest began; in April some of it was changed, and more came."""
    with psycopg.connect(fleet.database.admin) as connection:
        connection.execute("SET ROLE reconciler_owner")
        for history in HISTORIES:
            for month in ("2024-03-01Z", "2024-04-01Z"):
                connection.execute("SELECT make_history_month(%s, %s)", (history, month))
    dated(fleet, "2024-03-07 12:00Z")
    with psycopg.connect(fleet.database.admin) as connection:
        for statement in (
            "UPDATE resource_attributes SET value_integer = 3 WHERE value_integer = 2",
            "UPDATE resources SET prevent_destroy = true WHERE address = 'vm/web'",
            "DELETE FROM resource_tags",
        ):
            assert connection.execute(statement.encode()).rowcount == 1
    manage(fleet, want("network/later", ip_range="10.1.0.0/16"))
    dated(fleet, "2024-04-07 12:00Z")
    return fleet


def dated(world: CoreWorld, at: str) -> None:
    """All that is of this year happened then."""
    columns = [*((history, "changed_at") for history in HISTORIES), ("resources", "created_at")]
    for table, column in columns:
        text = "UPDATE :table SET :column = ':at' WHERE :column > '2025-01-01'"
        broken(world, text.replace(":table", table).replace(":column", column).replace(":at", at))


def archived(world: CoreWorld, folder: Path) -> None:
    with Store.open(world.database.admin, role=OWNER_ROLE) as owner:
        list(archive_months(owner, ACTOR, datetime(2024, 6, 1, tzinfo=UTC), folder))


def test_a_database_whose_past_is_in_files_is_sound_whichever_month_came_back(
    aged: CoreWorld, tmp_path: Path
) -> None:
    assert found(aged) == []
    archived(aged, tmp_path)
    assert found(aged) == []
    files = sorted(tmp_path.iterdir())
    for month in ("2024-03", "2024-04"):
        with Store.open(aged.database.admin, role=OWNER_ROLE) as owner:
            for path in [path for path in files if month in path.name]:
                restore_file(owner, ACTOR, path)
        assert found(aged) == []
    assert len(aged.rows("SELECT FROM history_archives WHERE restored_at IS NOT NULL")) == len(files) > 10
    broken(aged, "UPDATE resources SET external_id = 'another' WHERE id = :net")
    assert [each[0] for each in found(aged)] == ["history"], "with all of it back, it is compared again"


def test_a_month_whose_archiver_was_killed_is_named_with_what_takes_it_up(
    aged: CoreWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(months, "_holds", killed)
        with pytest.raises(Killed):
            archived(aged, tmp_path)
    (finding,) = examine(aged.database.admin)
    (file,) = tmp_path.iterdir()
    assert (finding.check, finding.where) == ("partitions", "resource_attribute_history")
    assert finding.what == (
        f"its month 2024-03 is in {file}, and its table was not dropped: reconciler db archive"
    )
    assert "reconciler db archive takes it up" in finding.mend
    archived(aged, tmp_path)
    assert found(aged) == []


def test_what_follows_from_what_is_there_is_mended_and_nothing_else(fleet: CoreWorld) -> None:
    for _, statement, _ in BROKEN[:2]:
        broken(fleet, statement)
    broken(fleet, "SELECT setval('resources_id_seq', 1)")
    broken(fleet, UNLISTED)
    broken(fleet, "UPDATE resources SET external_id = 'another' WHERE id = :net")
    mended = examine(fleet.database.admin, mend=True)
    assert {(each.check, each.mended) for each in mended} == {
        ("projections", True),
        ("unsettled", True),
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

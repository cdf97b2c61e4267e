"""Deleted resources: out into files, back from them row by row, and never in neither of the two."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import ArchiveError, DatabaseError
from reconciler.store.archive import resources
from reconciler.store.archive.bundles import read_bundle
from reconciler.store.archive.resources import (
    archive_resources,
    due_resources,
    files_of,
    resource_archives,
    restore_resources,
)
from reconciler.store.care.doctor import examine
from reconciler.store.database.faults import TryAgain
from reconciler.store.database.session import Actor, Store
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables, begun

pytestmark = pytest.mark.every_server

ACTOR = Actor("ada", "archive", "maintenance")
ODD = 'a "quoted" text\nof two lines, with \\N and ünïcode\r\n# and what looks like a remark'
EXTENSIONS = ["virtual_machines", "containers", "networks", "storage_volumes", "clusters"]
HISTORIES = [
    "changesets",
    "resource_history",
    "resource_state_history",
    "resource_attribute_history",
    "resource_tag_history",
    "resource_relationship_history",
]

world = pytest.fixture(begun)


@pytest.fixture
def owner(database: TestDatabase) -> object:
    with Store.open(database.admin, role="reconciler_owner") as store:
        yield store


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def deleted(world: Tables, address: str) -> None:
    world.run(
        "UPDATE resources SET deleted_at = now(), presence = 'absent',"
        " state_id = (SELECT id FROM resource_states WHERE name = 'deleted') WHERE address = %s",
        address,
    )


def operated(world: Tables, resource: int, status: str = "done") -> None:
    """An operation with a call, a task and a result, which ended so."""
    worker = world.one(
        "INSERT INTO workers (id, host, pid, kind, lock_key)"
        " SELECT gen_random_uuid(), 'h', 1, 'cli', count(*) FROM workers RETURNING id"
    )
    operation = world.one(
        "INSERT INTO resource_operations (resource_id, operation_type_id, worker_id, claim_epoch,"
        " request_hash, actor) SELECT %s, min(id), %s, 1, '\\x00', 'ada' FROM operation_types RETURNING id",
        resource,
        worker,
    )
    world.run("UPDATE resource_operations SET status = 'sending' WHERE id = %s", operation)
    world.run("INSERT INTO resource_operation_calls VALUES (%s, 0, 'done')", operation)
    world.run("INSERT INTO resource_operation_tasks VALUES (%s, 0, 'UPID:x')", operation)
    world.run(
        "INSERT INTO resource_operation_results (operation_id, name, data_type, value_string)"
        " VALUES (%s, 'external_id', 'string', '7')",
        operation,
    )
    world.run(
        "UPDATE resource_operations SET status = %s, finished_at = now() WHERE id = %s", status, operation
    )


@pytest.fixture
def gone(world: Tables) -> Tables:
    """`vm/old` and all that hung on it, deleted; `vm/web` lives, of which a disk was taken."""
    old = world.resource("vm/old", "running", cpu_cores=2, memory_mb=512, labels=ODD)
    disk = world.resource("vm/old/disk/root", size_gb=20)
    world.attribute(old, "labels", "", ordinal=1)
    web = world.resource("vm/web", "running", cpu_cores=4, labels="")
    world.resource("vm/web/disk/data", size_gb=5)
    net = world.resource("network/lan", ip_range="10.0.0.0/8")
    world.relate(net, old, "attached_to")
    world.relate(net, web, "attached_to")
    world.tag(old, "env", "prod")
    world.tag(web, "env", "prod")
    for each in (old, disk, web):
        operated(world, each)
    operated(world, old, "failed")
    world.run(
        "INSERT INTO resource_failures (resource_id, operation_type_id, failures, error_code, error_message)"
        " SELECT %s, min(id), 3, 'limit', 'no more' FROM operation_types",
        old,
    )
    world.run(
        "INSERT INTO resource_pending_attributes"
        " SELECT %s, id FROM attribute_definitions WHERE name = 'cpu_cores'",
        old,
    )
    world.run(
        "INSERT INTO observed_tasks SELECT s.changed_at, s.id, %s, 'stopped', 'UPID', 'qmstop',"
        " 'root@pam', now(), now(), TRUE FROM changesets AS s ORDER BY s.changed_at, s.id LIMIT 1",
        old,
    )
    world.run("SELECT take_mark('hand')")
    deleted(world, "vm/old")
    deleted(world, "vm/web/disk/data")
    world.run("SELECT take_mark('hand')")
    return world


def tables(world: Tables) -> list[str]:
    return [name for (name,) in world.all("SELECT table_name FROM archived_tables() ORDER BY place")]


def rows(world: Tables, names: list[str]) -> dict[str, list[tuple[object, ...]]]:
    return {each: sorted(world.all("SELECT t::text FROM {each} AS t", each=each)) for each in names}


def everything(world: Tables) -> dict[str, list[tuple[object, ...]]]:
    return rows(world, [*tables(world), *EXTENSIONS, *HISTORIES, "external_id_reservations", "tags"])


def wrong(database: TestDatabase) -> list[str]:
    """What the doctor finds, but for the workers of these tests, which never lived."""
    return [f"{each.check}: {each.where}: {each.what}" for each in examine(database.admin)]


def test_what_is_gone_goes_into_a_file_and_comes_back_row_by_row(
    gone: Tables, owner: Store, tmp_path: Path, database: TestDatabase
) -> None:
    before = everything(gone)
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert gone.all("SELECT address FROM resources ORDER BY 1") == [("network/lan",), ("vm/web",)]
    left = everything(gone)
    assert all(left[each] == before[each] for each in HISTORIES), "leaving is no change"
    assert all(len(left[each]) < len(before[each]) for each in tables(gone))
    assert len(left["virtual_machines"]) == 1
    assert left["storage_volumes"] == []
    assert (done.resource_count, done.restored_at) == (3, None)
    assert done.row_count == sum(len(before[each]) - len(left[each]) for each in tables(gone))
    (path,) = tmp_path.iterdir()
    assert path == Path(done.file)
    with gzip.open(path, "rt", newline="") as file:
        text = file.read()
    assert "# table: resource_attributes\n" in text
    assert ODD.replace('"', '""') in text
    assert wrong(database) == []
    restore_resources(owner, ACTOR, path)
    assert everything(gone) == before
    assert wrong(database) == []
    with owner.read() as tx:
        assert all(each.restored_at for each in resource_archives(tx))
        assert due_resources(tx, soon(), again=False) == ()
        assert len(due_resources(tx, soon())) == 3


def test_it_comes_back_into_tables_that_have_gained_columns(
    gone: Tables, owner: Store, tmp_path: Path
) -> None:
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    gone.run("ALTER TABLE resource_failures ADD COLUMN colour text NOT NULL DEFAULT 'blue'")
    restore_resources(owner, ACTOR, Path(done.file))
    assert gone.all("SELECT failures, colour FROM resource_failures") == [(3, "blue")]
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    gone.run("ALTER TABLE resource_failures DROP COLUMN colour")
    with pytest.raises(DatabaseError, match="no longer has: colour"):
        restore_resources(owner, ACTOR, Path(done.file))
    assert gone.one("SELECT count(*) FROM resources") == 2


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("at", ["_bundle", "write_bundle", "_written", "_remove", "_the"])
@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_loses_nothing_and_doubles_nothing(
    gone: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, after: bool
) -> None:
    before = everything(gone)
    whole = getattr(resources, at)

    def killed(*args: object) -> None:
        if after:
            whole(*args)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(resources, at, killed)
        with pytest.raises(Killed):
            list(archive_resources(owner, ACTOR, soon(), tmp_path))
    list(archive_resources(owner, ACTOR, soon(), tmp_path))
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    (path,) = tmp_path.iterdir()
    assert gone.all("SELECT file, removed_at IS NOT NULL FROM resource_archives") == [(str(path), True)]
    restore_resources(owner, ACTOR, path)
    assert everything(gone) == before


def test_a_file_that_was_begun_and_no_longer_fits_takes_nothing(
    gone: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(resources, "_remove", killed)
        with pytest.raises(Killed):
            list(archive_resources(owner, ACTOR, soon(), tmp_path))
    (stale,) = tmp_path.iterdir()
    gone.run("UPDATE resource_attributes SET value_integer = 16 WHERE value_integer = 2")
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert Path(done.file) != stale
    assert b",16," in gzip.decompress(Path(done.file).read_bytes())
    with pytest.raises(DatabaseError, match="nothing of that file is away"):
        restore_resources(owner, ACTOR, stale)


def test_a_value_that_changes_while_a_file_is_written_is_not_lost(
    gone: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = resources._written
    changes = iter(("UPDATE resource_attributes SET value_integer = 16 WHERE value_integer = 2",))

    def written(*args: object) -> Path:
        for statement in changes:
            gone.run(statement)
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(resources, "_written", written)
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert gone.one("SELECT count(*) FROM resource_archives") == 1
    restore_resources(owner, ACTOR, Path(done.file))
    assert gone.one("SELECT cpu_cores FROM virtual_machines WHERE resource_id = 1") == 16


def test_a_row_that_somebody_holds_puts_it_off(
    gone: Tables, owner: Store, tmp_path: Path, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "LOCK_TRIES", 1)
    before = everything(gone)
    with psycopg.connect(database.admin) as other:
        other.execute("UPDATE resource_attributes SET value_integer = 16 WHERE value_integer = 2")
        with pytest.raises(TryAgain):
            list(archive_resources(owner, ACTOR, soon(), tmp_path))
        other.rollback()
    assert everything(gone) == before
    assert len(list(archive_resources(owner, ACTOR, soon(), tmp_path))) == 1


def test_two_do_not_archive_at_once(gone: Tables, owner: Store, tmp_path: Path) -> None:
    first = archive_resources(owner, ACTOR, soon(), tmp_path)
    next(first)
    with pytest.raises(TryAgain, match="another process"):
        list(archive_resources(owner, ACTOR, soon(), tmp_path))
    assert list(first) == []


@pytest.mark.parametrize(
    "hindrance",
    [
        "UPDATE resources SET deleted_at = now() + interval '1 day' WHERE address = 'vm/old'",
        "UPDATE resources SET claimed_by = (SELECT id FROM workers LIMIT 1), claimed_at = now()"
        " WHERE address = 'vm/old/disk/root'",
        "INSERT INTO resource_relationships SELECT 1, id, (SELECT id FROM relationship_types"
        " WHERE name = 'depends_on') FROM resources WHERE address = 'vm/web'",
        "INSERT INTO resource_operations (resource_id, operation_type_id, worker_id, claim_epoch,"
        " request_hash, actor) SELECT 2, min(t.id), (SELECT id FROM workers LIMIT 1), 1, '', 'ada'"
        " FROM operation_types AS t",
    ],
    ids=["later", "claimed", "tied", "open"],
)
def test_what_is_not_over_stays(gone: Tables, owner: Store, tmp_path: Path, hindrance: str) -> None:
    gone.run(hindrance)
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert done.resource_count == 1  # the disk of the machine that lives
    assert gone.one("SELECT count(*) FROM resources WHERE address LIKE 'vm/old%%'") == 2


def test_what_is_in_doubt_stays(gone: Tables, owner: Store, tmp_path: Path) -> None:
    operated(gone, gone.ids["vm/old"], "ambiguous")
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert done.resource_count == 1
    assert list(archive_resources(owner, ACTOR, soon(), tmp_path)) == []


def test_it_goes_in_batches_whatever_stands_in_front(
    gone: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated(gone, gone.ids["vm/old"], "ambiguous")  # the oldest
    for number in range(3):
        gone.resource(f"network/n{number}")
        deleted(gone, f"network/n{number}")
    monkeypatch.setattr(resources, "BATCH", 2)
    done = list(archive_resources(owner, ACTOR, soon(), tmp_path))
    assert [each.resource_count for each in done] == [2, 2]
    assert len(list(tmp_path.iterdir())) == 2


def test_an_address_is_made_again_and_archived_again(gone: Tables, owner: Store, tmp_path: Path) -> None:
    (first,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    again = gone.resource("vm/old", "running", cpu_cores=8)
    deleted(gone, "vm/old")
    (second,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    with owner.read() as tx:
        assert files_of(tx, "vm/old") == (Path(first.file), Path(second.file))
    for each in (second, first):
        restore_resources(owner, ACTOR, Path(each.file))
    assert gone.all("SELECT id FROM resources WHERE address = 'vm/old' ORDER BY 1") == [(1,), (again,)]
    # What came back goes again when a person says so, and its row here is the same one.
    (third,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    assert third.resource_count == 4
    assert gone.one("SELECT count(*) FROM archived_resources WHERE restored_at IS NULL") == 4


def test_a_part_does_not_come_back_before_its_root(gone: Tables, owner: Store, tmp_path: Path) -> None:
    (first,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    restore_resources(owner, ACTOR, Path(first.file))
    operated(gone, gone.ids["vm/old"], "ambiguous")
    (parts,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    gone.run("DELETE FROM resource_relationships WHERE relationship_type_id <> 1")
    deleted(gone, "vm/web")
    (root,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    with pytest.raises(DatabaseError, match="it has parts of vm/web") as caught:
        restore_resources(owner, ACTOR, Path(parts.file))
    assert root.file in str(caught.value.hint)
    for each in (root, parts):
        restore_resources(owner, ACTOR, Path(each.file))
    assert gone.one("SELECT count(*) FROM archived_resources WHERE restored_at IS NULL") == 0


@pytest.mark.parametrize("damage", ["cut", "changed", "a row less", "no archive", "another's"])
def test_a_damaged_file_is_refused(gone: Tables, owner: Store, tmp_path: Path, damage: str) -> None:
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    path = Path(done.file)
    text = gzip.decompress(path.read_bytes())
    wrong = {
        "cut": path.read_bytes()[:-20],
        "changed": gzip.compress(text.replace(b"20", b"21")),
        "a row less": gzip.compress(text[: text.rindex(b"# table")]),
        "no archive": gzip.compress(b"something else\n"),
        "another's": gzip.compress(
            text.replace(read_bundle(path).installation.encode(), b"00000000-0000-0000-0000-000000000000")
        ),
    }
    path.write_bytes(wrong[damage])
    with pytest.raises((ArchiveError, DatabaseError)):
        restore_resources(owner, ACTOR, path)
    assert gone.one("SELECT count(*) FROM resources") == 2


def test_rows_that_are_there_do_not_come_twice(gone: Tables, owner: Store, tmp_path: Path) -> None:
    before = everything(gone)
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    restore_resources(owner, ACTOR, Path(done.file))
    with pytest.raises(DatabaseError, match="nothing of that file is away"):
        restore_resources(owner, ACTOR, Path(done.file))
    assert everything(gone) == before


def test_the_program_itself_takes_nothing_out(gone: Tables, store: Store, tmp_path: Path) -> None:
    before = everything(gone)
    with pytest.raises(DatabaseError):
        list(archive_resources(store, ACTOR, soon(), tmp_path))
    assert everything(gone) == before


def test_nobody_but_the_owner_says_that_rows_only_move(gone: Tables, database: TestDatabase) -> None:
    """The setting is anybody's, and says nothing without the row that only the owner writes."""
    with psycopg.connect(database.runtime) as runtime:
        runtime.execute("SELECT set_config('reconciler.archive', 'moving', true)")
        runtime.execute("DELETE FROM resource_tags")
        (written,) = runtime.execute(
            "SELECT count(*) FROM resource_tag_history WHERE action = 'delete'"
        ).fetchone() or (0,)
        assert written == 2
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            runtime.execute("INSERT INTO archive_moves VALUES (pg_current_xact_id())")


def test_everything_that_hangs_on_a_resource_leaves_with_it(gone: Tables) -> None:
    """What refers to a resource or an operation is listed, or follows by itself."""
    referring = gone.all(
        "SELECT DISTINCT c.conrelid::regclass::text FROM pg_constraint AS c"
        " WHERE c.contype = 'f' AND c.confrelid::regclass::text IN"
        " ('resources', 'resource_operations', 'resource_operation_calls') AND c.confdeltype <> 'c'"
    )
    assert {name for (name,) in referring} <= set(tables(gone))


def test_the_past_is_refused_where_what_lived_then_is_in_the_archive(
    gone: Tables, owner: Store, tmp_path: Path
) -> None:
    alive, dead = (mark for (mark,) in gone.all("SELECT id FROM marks ORDER BY id"))
    reads = [
        "SELECT t::text FROM resources_as_of(%s, %s) AS t ORDER BY 1",
        "SELECT t::text FROM attributes_as_of(%s, %s) AS t ORDER BY 1",
        "SELECT t::text FROM tags_as_of(%s, %s) AS t ORDER BY 1",
        "SELECT t::text FROM relationships_as_of(%s, %s) AS t ORDER BY 1",
    ]
    web, net = gone.ids["vm/web"], gone.ids["network/lan"]
    asked = [
        (mark, ids)
        for mark in (alive, dead)
        for ids in (None, [1], [web], [net], [gone.ids["vm/web/disk/data"]])
    ]
    before = {(read, *map(str, ask)): gone.all(read, *ask) for read in reads for ask in asked}
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    for read in reads:
        for ids in (None, [1], [web], [gone.ids["vm/web/disk/data"]]):
            with pytest.raises(psycopg.Error, match="in the archive") as caught:
                gone.all(read, alive, ids)
            assert caught.value.sqlstate == "RC023"
            assert f"db archive restore {done.file}" in str(caught.value.diag.message_hint)
        # Nothing that left concerns it; its tie to what left is said by the history.
        assert gone.all(read, alive, [net]) == before[read, str(alive), str([net])]
        # What lived when it had gone is as it was.
        for ids in ([web], [net]):
            found = gone.all(read, dead, ids)
            was = before[read, str(dead), str(ids)]
            assert found == [row for row in was if "relationships" not in read or row in found]
    assert gone.all("SELECT address FROM resources_as_of(%s) ORDER BY 1", dead) == [
        ("network/lan",),
        ("vm/web",),
    ]
    # Of what came after a mark nothing is missing there.
    born = gone.one("SELECT take_mark('hand')")
    gone.resource("vm/late", "running", cpu_cores=1)
    deleted(gone, "vm/late")
    restore_resources(owner, ACTOR, Path(done.file))
    for read in reads:
        for ask in asked:
            assert gone.all(read, *ask) == before[(read, *map(str, ask))]
    gone.run(
        "UPDATE resources SET claimed_by = (SELECT id FROM workers LIMIT 1), claimed_at = now() WHERE id = 1"
    )
    list(archive_resources(owner, ACTOR, soon(), tmp_path, again=False))
    assert gone.one("SELECT count(*) FROM archived_resources WHERE address = 'vm/late'") == 1
    assert len(gone.all("SELECT * FROM resources_as_of(%s)", born)) > 0


def test_history_and_trends_still_say_who_deleted_it(gone: Tables, owner: Store, tmp_path: Path) -> None:
    events = "SELECT change, name, before, after FROM history_of_resource(1, NULL, NULL, 1000) ORDER BY 1, 2"
    told, trend = gone.all(events), gone.all("SELECT address, actor FROM v_trend_deletions")
    called = gone.all("SELECT id FROM resources_called('vm/old')")
    view = gone.all("SELECT change, address, what, name, before, after FROM v_history ORDER BY 1, 3, 4")
    list(archive_resources(owner, ACTOR, soon(), tmp_path))
    assert gone.all(events) == told
    assert trend == [("vm/old", "postgres")]
    assert gone.all("SELECT address, actor FROM v_trend_deletions") == trend
    assert gone.all("SELECT id FROM resources_called('vm/old')") == called == [(1,)]
    assert (
        gone.all("SELECT change, address, what, name, before, after FROM v_history ORDER BY 1, 3, 4") == view
    )


def test_without_the_month_of_its_deletion_the_past_is_refused_up_to_that_months_end(
    gone: Tables, owner: Store, tmp_path: Path
) -> None:
    """The changeset that deleted it went into a file first: what is known is the last one of its month."""
    last = gone.one("SELECT max(xact)::text FROM changesets")
    gone.run("UPDATE resources SET deleted_at = '2024-03-07Z' WHERE deleted_at IS NOT NULL")
    gone.run("SET ROLE reconciler_owner")
    gone.run("DELETE FROM resource_history")
    gone.run(
        "INSERT INTO history_archives (history, partition_name, from_at, to_at, file, row_count, byte_count,"
        " sha256, last_epoch, last_xact) VALUES ('changesets', 'x', '2024-03-01Z', '2024-04-01Z', 'f', 1, 1,"
        " decode(repeat('00', 32), 'hex'), 1, %s::text::xid8)",
        last,
    )
    gone.run("RESET ROLE")
    list(archive_resources(owner, ACTOR, datetime(2024, 6, 1, tzinfo=UTC), tmp_path))
    assert gone.all("SELECT DISTINCT epoch, xact::text, is_known FROM archived_resources") == [
        (1, last, False)
    ]


def test_what_is_open_elsewhere_makes_no_later_mark_unreadable(
    gone: Tables, owner: Store, tmp_path: Path
) -> None:
    """A transaction of another database, which was open all the while, says nothing of what a mark saw."""
    (seen,) = gone.all(
        "INSERT INTO marks (epoch, snapshot, kind, actor, db_user)"
        " VALUES (1, '3:999999999:3', 'hand', 'x', 'x') RETURNING id"
    )
    list(archive_resources(owner, ACTOR, soon(), tmp_path))
    assert len(gone.all("SELECT * FROM resources_as_of(%s)", *seen)) == 2


def test_the_doctor_names_what_is_in_both_or_in_neither(
    gone: Tables, owner: Store, tmp_path: Path, database: TestDatabase
) -> None:
    (done,) = archive_resources(owner, ACTOR, soon(), tmp_path)
    restore_resources(owner, ACTOR, Path(done.file))
    gone.run("UPDATE archived_resources SET restored_at = NULL WHERE address = 'vm/old'")
    gone.run("INSERT INTO resource_archives (file) VALUES ('/begun')")
    assert any("archive: /begun: it was begun" in each for each in wrong(database))
    assert f"archive: vm/old: it is in the database, and counts as away, in {done.file}" in wrong(database)
    gone.run("UPDATE archived_resources SET id = 99, restored_at = now() WHERE address = 'vm/old'")
    assert f"archive: vm/old: it came back from {done.file}, and is not in the database" in wrong(database)

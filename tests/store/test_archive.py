"""Old months of the histories: out into files, back from them, and never in neither of the two."""

from __future__ import annotations

import gzip
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import ArchiveError, DatabaseError
from reconciler.store.archive import months
from reconciler.store.archive.files import verify
from reconciler.store.archive.months import archive_months, archives, due, restore_file
from reconciler.store.database.session import Actor, Store
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables, begun

pytestmark = pytest.mark.every_server

ACTOR = Actor("ada", "archive", "maintenance")
MONTH = datetime(2024, 3, 1, tzinfo=UTC)
BEFORE = datetime(2024, 6, 1, tzinfo=UTC)
HISTORIES = [
    "resource_attribute_history",
    "resource_history",
    "resource_relationship_history",
    "resource_state_history",
    "resource_tag_history",
    "changesets",
]
ODD = 'a "quoted" text\nof two lines, with \\N and ünïcode\r\n# and what looks like a remark'

world = pytest.fixture(begun)


@pytest.fixture
def owner(database: TestDatabase) -> object:
    with Store.open(database.admin, role="reconciler_owner") as store:
        yield store


@pytest.fixture
def aged(world: Tables) -> Tables:
    """All that happened so far happened in March 2024, with odd texts and empty ones in it."""
    web = world.resource("vm/web-1", "running", cpu_cores=2, labels=ODD)
    world.resource("vm/web-2", "running", cpu_cores=4, labels="")
    world.tag(web, "env", "prod")
    for history in HISTORIES:
        world.run("SET ROLE reconciler_owner")
        world.run("SELECT make_history_month('{of}', '2024-03-01Z')", of=history)
        world.run("RESET ROLE")
        world.run("UPDATE {of} SET changed_at = '2024-03-07 12:00Z'", of=history)
    world.run("UPDATE resource_attributes SET value_integer = 8 WHERE value_integer = 4")  # this month
    return world


def everything(world: Tables) -> dict[str, list[tuple[object, ...]]]:
    return {each: sorted(world.all("SELECT t::text FROM {each} AS t", each=each)) for each in HISTORIES}


def test_a_month_goes_into_files_and_comes_back_row_by_row(
    aged: Tables, owner: Store, tmp_path: Path
) -> None:
    before = everything(aged)
    done = list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    assert [each.history for each in done] == HISTORIES
    assert all(each.dropped_at and not each.restored_at for each in done)
    assert aged.one("SELECT count(*) FROM pg_class WHERE relname LIKE '%%2024_03' AND relkind = 'r'") == 0
    left = everything(aged)
    assert all(len(left[each.history]) == len(before[each.history]) - each.row_count for each in done)
    assert sum(each.row_count for each in done) > 10
    with gzip.open(tmp_path / "resource_attribute_history-2024-03.csv.gz", "rt", newline="") as file:
        text = file.read()
    assert "# history: resource_attribute_history\n# from: 2024-03-01T00:00:00+00:00\n" in text
    assert ODD.replace('"', '""') in text
    for path in sorted(tmp_path.iterdir()):
        restore_file(owner, ACTOR, path)
    assert everything(aged) == before
    with owner.read() as tx:
        assert all(each.restored_at for each in archives(tx))
        assert due(tx, BEFORE, again=False) == ()
        assert len(due(tx, BEFORE)) == len(HISTORIES)
    assert aged.one("SELECT count(*) FROM pg_constraint WHERE conname = 'restored_month'") == 0


def test_what_has_gained_columns_since_takes_old_rows(aged: Tables, owner: Store, tmp_path: Path) -> None:
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    aged.run("ALTER TABLE resource_tag_history ADD COLUMN colour text NOT NULL DEFAULT 'blue'")
    contents = restore_file(owner, ACTOR, tmp_path / "resource_tag_history-2024-03.csv.gz")
    assert contents.rows == 1
    assert aged.all("SELECT key, colour FROM resource_tag_history") == [("env", "blue")]
    aged.run("ALTER TABLE resource_state_history DROP COLUMN to_state_id CASCADE")
    with pytest.raises(DatabaseError, match="no longer has: to_state_id"):
        restore_file(owner, ACTOR, tmp_path / "resource_state_history-2024-03.csv.gz")


@pytest.mark.parametrize(
    ("history", "why"), [("resource_tag_history", "pkey"), ("resource_attribute_history", "already")]
)
def test_rows_that_are_there_do_not_come_twice(
    aged: Tables, owner: Store, tmp_path: Path, history: str, why: str
) -> None:
    before = everything(aged)
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    path = tmp_path / f"{history}-2024-03.csv.gz"
    restore_file(owner, ACTOR, path)
    with pytest.raises(DatabaseError, match=why):
        restore_file(owner, ACTOR, path)
    assert everything(aged)[history] == before[history]


@pytest.mark.parametrize("damage", ["cut", "changed", "no archive"])
def test_a_damaged_file_is_refused(aged: Tables, owner: Store, tmp_path: Path, damage: str) -> None:
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    path = tmp_path / "resource_tag_history-2024-03.csv.gz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "changed":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"prod", b"test")))
    else:
        path.write_bytes(gzip.compress(b"something else\n"))
    with pytest.raises(ArchiveError, match=path.name):
        restore_file(owner, ACTOR, path)
    assert aged.one("SELECT count(*) FROM resource_tag_history") == 0


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_cannot_be_one_is_refused_and_nothing_is_taken(
    aged: Tables, owner: Store, tmp_path: Path, below: str
) -> None:
    before = everything(aged)
    (tmp_path / "file").write_text("somebody's own")
    with pytest.raises(ArchiveError, match=r"cannot be written: .*[Nn]o(t a)? (folder|directory)") as refused:
        list(archive_months(owner, ACTOR, BEFORE, tmp_path / "file" / below))
    assert "Nothing was taken from the database" in (refused.value.hint or "")
    assert everything(aged) == before
    assert (tmp_path / "file").read_text() == "somebody's own"


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("at", ["_written", "verify", "_detach", "_holds"])
@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_loses_nothing_and_can_begin_again(
    aged: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, after: bool
) -> None:
    before = everything(aged)
    whole = getattr(months, at)

    def killed(*args: object) -> None:
        if after:
            whole(*args)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(months, at, killed)
        with pytest.raises(Killed):
            list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    assert everything(aged) != before
    assert len(list(tmp_path.iterdir())) == len(HISTORIES)
    for path in tmp_path.iterdir():
        restore_file(owner, ACTOR, path)
    assert everything(aged) == before


def test_a_detached_month_whose_file_is_gone_is_put_back(
    aged: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(aged)

    def killed(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(months, "_holds", killed)
        with pytest.raises(Killed):
            list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    assert everything(aged) != before
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(ArchiveError, match="put back"):
        list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    assert everything(aged) == before


def test_no_file_is_written_over(aged: Tables, owner: Store, tmp_path: Path) -> None:
    taken = tmp_path / "resource_tag_history-2024-03.csv.gz"
    taken.write_bytes(b"somebody's own")
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    assert taken.read_bytes() == b"somebody's own"
    assert verify(tmp_path / "resource_tag_history-2024-03-2.csv.gz").rows == 1


def test_a_month_comes_back_after_what_came_for_it_meanwhile_has_a_place(
    aged: Tables, owner: Store, tmp_path: Path
) -> None:
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    aged.run(
        "INSERT INTO resource_tag_history (changed_at, changeset_id, resource_id, tag_id, key, value, action)"
        " VALUES ('2024-03-20Z', 1, 1, 1, 'a', 'b', 'insert')"
    )
    path = tmp_path / "resource_tag_history-2024-03.csv.gz"
    with pytest.raises(DatabaseError, match="1 rows of that month") as caught:
        restore_file(owner, ACTOR, path)
    assert "db partitions --move" in (caught.value.hint or "")
    aged.run("SELECT move_stray_history('resource_tag_history')")
    restore_file(owner, ACTOR, path)
    assert aged.one("SELECT count(*) FROM resource_tag_history WHERE changed_at < '2024-04-01Z'") == 2


def test_a_month_that_is_half_archived_is_not_brought_back(
    aged: Tables, owner: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(months, "_holds", killed)
        with pytest.raises(Killed):
            list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    with pytest.raises(DatabaseError, match="still there") as caught:
        restore_file(owner, ACTOR, tmp_path / "resource_attribute_history-2024-03.csv.gz")
    assert "reconciler db archive" in (caught.value.hint or "")


def test_this_month_is_never_archived(aged: Tables, owner: Store, tmp_path: Path) -> None:
    done = list(archive_months(owner, ACTOR, datetime(2999, 1, 1, tzinfo=UTC), tmp_path))
    assert {each.from_at for each in done} == {MONTH}


def test_the_program_itself_takes_nothing_out(aged: Tables, store: Store, tmp_path: Path) -> None:
    before = everything(aged)
    with pytest.raises(DatabaseError):
        list(archive_months(store, ACTOR, BEFORE, tmp_path))
    assert everything(aged) == before


def test_a_last_mark_that_cannot_be_read_is_no_reason_to_take_none(
    aged: Tables, owner: Store, tmp_path: Path
) -> None:
    """It was taken just before the months went, while something old was open in another database."""
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    aged.run(
        "INSERT INTO marks (taken_at, epoch, snapshot, kind, actor, db_user)"
        " SELECT min(detached_at), 1, '3:999999999:3', 'hand', 'x', 'x' FROM history_archives"
    )
    last = aged.one("SELECT max(id) FROM marks")
    with pytest.raises(psycopg.Error, match="in the archive"):
        aged.all("SELECT * FROM resources_as_of(%s)", last)
    assert aged.one("SELECT take_mark('change')") > last


def test_the_past_is_refused_where_its_changes_are_in_the_archive(
    aged: Tables, owner: Store, tmp_path: Path
) -> None:
    """As of a mark from before, the answer would be wrong without a word."""
    aged.run(
        "INSERT INTO marks (taken_at, epoch, snapshot, kind, actor, db_user)"
        " VALUES ('2024-03-01Z', 1, '1:1:', 'hand', 'x', 'x')"
    )
    old = aged.one("SELECT id FROM marks WHERE snapshot::text = '1:1:'")
    assert aged.all("SELECT * FROM resource_attributes LIMIT 1") != []
    assert aged.all("SELECT * FROM resources_as_of(%s)", old) == []
    list(archive_months(owner, ACTOR, BEFORE, tmp_path))
    new = aged.one("SELECT take_mark('hand')")
    assert len(aged.all("SELECT * FROM resources_as_of(%s)", new)) == 2
    # A transaction that was open all the while, be it in another database, holds no later mark up.
    aged.run(
        "INSERT INTO marks (epoch, snapshot, kind, actor, db_user)"
        " VALUES (1, '3:999999999:3', 'hand', 'x', 'x')"
    )
    assert len(aged.all("SELECT * FROM resources_as_of((SELECT max(id) FROM marks))")) == 2
    with pytest.raises(psycopg.Error, match="in the archive: 2024-03") as caught:
        aged.all("SELECT * FROM resources_as_of(%s)", old)
    assert "db archive restore 2024-03" in str(caught.value.diag.message_hint)
    for path in tmp_path.iterdir():
        restore_file(owner, ACTOR, path)
    assert aged.all("SELECT * FROM resources_as_of(%s)", old) == []


def test_it_works_while_others_read_and_write(
    aged: Tables, owner: Store, tmp_path: Path, database: TestDatabase
) -> None:
    stop = threading.Event()
    problems: list[BaseException] = []
    written = [0]

    def write() -> None:
        with psycopg.connect(database.admin, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    connection.execute("UPDATE resource_attributes SET value_integer = value_integer + 1")
                    written[0] += 1
                except psycopg.Error as error:
                    problems.append(error)

    def read() -> None:
        with psycopg.connect(database.admin, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    connection.execute("SELECT count(*) FROM v_history")
                except psycopg.Error as error:
                    problems.append(error)

    before = everything(aged)
    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        done = list(archive_months(owner, ACTOR, BEFORE, tmp_path))
        for path in sorted(tmp_path.iterdir()):
            restore_file(owner, ACTOR, path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert len(done) == len(HISTORIES)
    assert written[0] > 0
    after = everything(aged)
    assert all(set(before[each]) <= set(after[each]) for each in HISTORIES)
    assert (
        len(after["resource_attribute_history"]) == len(before["resource_attribute_history"]) + 2 * written[0]
    )

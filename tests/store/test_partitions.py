"""The histories' partitions: made ahead, told by what is attached; nothing is lost where none is there."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from reconciler.errors import DatabaseError
from reconciler.store.database.session import Actor, Store
from reconciler.store.history.partitions import (
    Done,
    make_partitions,
    move_strays,
    partitions,
    stray_words,
    strays,
)
from reconciler.store.work.watch import levels
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables, begun

pytestmark = pytest.mark.every_server

world = pytest.fixture(begun)
HISTORIES = [
    "changesets",
    "resource_attribute_history",
    "resource_history",
    "resource_relationship_history",
    "resource_state_history",
    "resource_tag_history",
]
THIS_MONTH = "to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"


def lose_months(world: Tables) -> None:
    """As if nobody had made any for a long time: no history has a month; what they had is in the defaults."""
    for history, name in world.all(
        "SELECT history, partition_name FROM v_history_partitions WHERE NOT is_default ORDER BY 1, 2"
    ):
        world.run("ALTER TABLE {of} DETACH PARTITION {name}", of=history, name=name)
        world.run("INSERT INTO {of} SELECT * FROM {name}", of=history, name=name)
        world.run("DROP TABLE {name}", name=name)


def everything(world: Tables) -> dict[str, list[tuple[object, ...]]]:
    return {each: sorted(world.all("SELECT t::text FROM {each} AS t", each=each)) for each in HISTORIES}


def test_what_a_history_is_is_read_from_the_server(world: Tables) -> None:
    assert [row[0] for row in world.all("SELECT history FROM v_histories ORDER BY 1")] == HISTORIES
    world.run(
        "CREATE TABLE more (id bigint, changed_at timestamptz NOT NULL) PARTITION BY RANGE (changed_at)"
    )
    world.run("ALTER TABLE more OWNER TO reconciler_owner")
    assert world.one("SELECT make_history_partitions(1, 'more')") == 2
    assert world.one("SELECT count(*) FROM v_history_partitions WHERE history = 'more'") == 3


def test_months_are_made_ahead_once_and_a_default_beside_them(world: Tables, store: Store) -> None:
    assert make_partitions(store, "daemon") == Done(0)
    assert make_partitions(store, "daemon", 5) == Done(2 * len(HISTORIES))
    assert make_partitions(store, "daemon", 5) == Done(0)
    with store.read() as tx:
        found = partitions(tx)
    assert sorted({each.history for each in found if each.is_default}) == HISTORIES
    assert len(found) == (6 + 1) * len(HISTORIES)


@pytest.mark.parametrize("ahead", [10_000, 25, -1])
def test_a_wrong_number_of_months_makes_no_table(store: Store, ahead: int) -> None:
    with pytest.raises(DatabaseError, match="0 to 24 months") as caught, store.transaction(Actor("x")) as tx:
        tx.value("partitions.make", months_ahead=ahead, history="resource_history")
    assert "default" in str(caught.value.hint)


def test_a_table_of_that_name_fools_nobody(world: Tables, store: Store) -> None:
    """An empty one that fits is attached; one with rows of another time is refused, and nothing is made."""
    world.resource("vm/web-1", "running")
    before = everything(world)
    lose_months(world)
    name = world.one(f"SELECT 'resource_history_' || {THIS_MONTH}")
    world.run(f"CREATE TABLE {name} (LIKE resource_history INCLUDING ALL)")
    world.run("INSERT INTO {name} SELECT * FROM resource_history LIMIT 1", name=name)
    world.run("UPDATE {name} SET changed_at = '1999-01-01'", name=name)
    world.run(f"ALTER TABLE {name} OWNER TO reconciler_owner")
    with pytest.raises(DatabaseError, match=f"{name} cannot be attached") as caught:
        make_partitions(store, "daemon")
    assert f"ALTER TABLE {name} RENAME" in str(caught.value.hint)
    assert everything(world) == before
    world.run("DELETE FROM {name}", name=name)
    make_partitions(store, "daemon")
    assert everything(world) == before
    assert world.one("SELECT count(*) FROM v_history_partitions WHERE partition_name = %s", name) == 1


def test_a_partition_with_other_bounds_than_its_name_says_is_refused(world: Tables, store: Store) -> None:
    lose_months(world)
    name = world.one(f"SELECT 'resource_history_' || {THIS_MONTH}")
    world.run(
        f"CREATE TABLE {name} PARTITION OF resource_history FOR VALUES FROM ('1999-01-01') TO ('1999-02-01')"
    )
    with pytest.raises(DatabaseError, match=f"partition that is called {name}") as caught:
        make_partitions(store, "daemon")
    assert "RENAME" in str(caught.value.hint)


def test_a_partition_of_a_year_is_as_good_as_its_months_and_half_a_month_is_refused(
    world: Tables, store: Store
) -> None:
    lose_months(world)
    world.run("DELETE FROM resource_tag_history")
    world.run(
        "CREATE TABLE all_of_it PARTITION OF resource_tag_history"
        " FOR VALUES FROM (MINVALUE) TO ('2100-01-01')"
    )
    make_partitions(store, "daemon")
    assert world.all(
        "SELECT partition_name FROM v_history_partitions"
        " WHERE history = 'resource_tag_history' AND NOT is_default"
    ) == [("all_of_it",)]
    world.run("ALTER TABLE resource_tag_history DETACH PARTITION all_of_it")
    world.run(
        "ALTER TABLE resource_tag_history ATTACH PARTITION all_of_it"
        " FOR VALUES FROM (MINVALUE) TO (date_trunc('month', now()) + interval '1 day')"
    )
    with pytest.raises(DatabaseError, match="covers only a part"):
        make_partitions(store, "daemon")


def test_without_a_month_changes_are_kept_and_an_alarm_says_so(world: Tables, store: Store) -> None:
    lose_months(world)
    vm = world.resource("vm/late", "running", cpu_cores=2)
    assert world.one("SELECT count(*) FROM v_history WHERE resource_id = %s", vm) == 3
    before = everything(world)
    with store.read() as tx:
        found = strays(tx)
        assert levels(tx).stray_history_rows == sum(each.rows for each in found) > 3
    assert "resource_history has" in stray_words(found)
    made = make_partitions(store, "daemon")
    assert made == Done(4 * len(HISTORIES))
    with store.read() as tx:
        assert strays(tx) == ()
        assert levels(tx).stray_history_rows == 0
    assert everything(world) == before


def test_what_a_wrong_clock_wrote_is_moved_when_told_to(world: Tables, store: Store) -> None:
    world.resource("vm/web-1", "running", cpu_cores=2)
    for year in ("1999-05-03", "2001-02-03", "2101-02-03"):
        world.run(
            "INSERT INTO resource_tag_history"
            " (changeset_id, changed_at, resource_id, tag_id, key, value, action)"
            " VALUES (1, %s, 1, 1, 'k', 'v', 'insert')",
            year,
        )
    before = everything(world)
    assert move_strays(store, "daemon", datetime.now(UTC)) == Done(2)
    with store.read() as tx:
        assert [(each.history, each.rows, each.first_at.year) for each in strays(tx)] == [
            ("resource_tag_history", 1, 2101)
        ]
    assert move_strays(store, "daemon") == Done(1)
    assert everything(world) == before
    assert (
        world.one(
            "SELECT count(*) FROM v_history_partitions WHERE partition_name LIKE '%%tag_history_2101_02'"
        )
        == 1
    )


def test_a_reader_of_all_months_puts_it_off_and_stops_no_writer(
    world: Tables, store: Store, database: TestDatabase
) -> None:
    world.run("DELETE FROM resource_attribute_history")
    with psycopg.connect(database.admin) as reader:
        reader.execute("SELECT count(*) FROM resource_attribute_history")
        done: list[Done] = []
        making = threading.Thread(target=lambda: done.append(make_partitions(store, "daemon", 4)))
        making.start()
        world.resource("vm/web-1", "running", cpu_cores=2)  # while it waits
        making.join()
    assert done == [Done(len(HISTORIES) - 1, ("resource_attribute_history",))]
    assert make_partitions(store, "daemon", 4) == Done(1)


def test_writers_go_on_while_their_months_are_made(
    world: Tables, store: Store, database: TestDatabase
) -> None:
    """A writer without a pause, and a reader of it all, while rows move to their months: none fails."""
    lose_months(world)
    vm = world.resource("vm/web-1", "running", cpu_cores=1)
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
            seen = 0
            while not stop.is_set():
                (count,) = connection.execute(
                    "SELECT count(*) FROM resource_attribute_history"
                ).fetchone() or (0,)
                if count < seen:
                    problems.append(AssertionError(f"{count} rows after {seen}"))
                seen = count

    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    try:
        while written[0] < 20 and not problems:
            threading.Event().wait(0.01)
        left: tuple[str, ...] = ("all",)
        while left:
            left = make_partitions(store, "daemon").put_off
        at = written[0]
        while written[0] < at + 20 and not problems:
            threading.Event().wait(0.01)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert (
        world.one("SELECT count(*) FROM resource_attribute_history WHERE resource_id = %s", vm)
        == written[0] + 1
    )
    with store.read() as tx:
        assert strays(tx) == ()

"""What reading a long history costs: by index, in few pages, and in the months that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from reconciler.store.database.queries import query
from reconciler.store.database.session import Store
from reconciler.store.embedded import EmbeddedServer
from reconciler.store.history.changes import resources_at
from reconciler.store.history.events import OF_A_CHANGESET, Asked, events
from tests.rigs.databases import TestDatabase, made_once, new_database
from tests.rigs.long_history import EACH, build
from tests.rigs.tables import Tables

RESOURCES, OPERATIONS = 20_000, 20_000
BIG = re.compile(r"(changesets|resource_\w*history)(_\d{4}_\d\d)?$")


@dataclass(frozen=True)
class Read:
    """What one query did: pages, whole tables that it went through, and the months that it looked into."""

    buffers: int
    whole: frozenset[str]
    months: frozenset[str]


@pytest.fixture(scope="module")
def long_past(postgres: EmbeddedServer, template: str) -> str:
    def fill(dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            build(Tables(connection).begin(), RESOURCES, OPERATIONS)

    return made_once(postgres, "reconciler_long_past", template, fill)


@pytest.fixture
def database(postgres: EmbeddedServer, long_past: str) -> Iterator[TestDatabase]:
    yield from new_database(postgres, long_past)


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection)


def read(world: Tables, name: str, **params: object) -> Read:
    """The second time, as the first may find nothing in memory."""
    text = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + re.sub(
        rb"^\s*--[^\n]*\n", b"", query(name)
    )
    ((found,),) = world.connection.execute(text, params or None).fetchall()
    nodes = list(_nodes(found[0]["Plan"]))
    run = [node for node in nodes if node["Actual Loops"]]
    touched = {node["Relation Name"] for node in run if "Relation Name" in node}
    return Read(
        nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"],
        frozenset(
            node["Relation Name"]
            for node in run
            if node["Node Type"] == "Seq Scan"
            and BIG.match(node["Relation Name"])
            and node["Actual Rows"] > 100
        ),
        frozenset(match[2][1:] for each in touched if (match := BIG.match(each)) and match[2]),
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def test_an_address_costs_what_happened_to_it(world: Tables, store: Store) -> None:
    with store.read() as tx:
        ids = resources_at(tx, "vm/m-77")
        found = events(tx, 50, "vm/m-77")
    assert ids == (77,)
    assert 1 + sum(len(event.changes) for event in found) > EACH
    at = read(world, "history.resources_at", address="vm/m-77")
    rows = read(world, "history.of_resources", ids=[77], since=None, until=None, most=1000)
    assert at.whole | rows.whole == frozenset()
    assert at.buffers + rows.buffers < 300


def test_the_newest_cost_what_they_are(world: Tables) -> None:
    newest = read(world, "history.newest", since=None, until=None, most=150)
    keys = world.all("SELECT changed_at, id FROM changesets ORDER BY changed_at DESC, id DESC LIMIT 150")
    times, ids = [key[0] for key in keys], [key[1] for key in keys]
    changes = read(world, "history.of_changesets", changed_at=times, id=ids, most=OF_A_CHANGESET)
    sets = read(world, "history.changesets", changed_at=times, id=ids)
    assert newest.whole | changes.whole | sets.whole == frozenset()
    assert newest.buffers < 50
    assert changes.buffers / len(keys) < 60  # five histories, an index each
    assert len(changes.months) <= 2, "only the months that these changesets are of"


def test_a_changeset_of_very_many_rows_is_not_read_whole(world: Tables) -> None:
    ((when, look, rows),) = world.all(
        "SELECT s.changed_at, s.id, (SELECT count(*) FROM resource_attribute_history h"
        " WHERE h.changeset_id = s.id) FROM changesets s WHERE s.id = 1001"
    )
    assert rows == 20_000
    found = read(world, "history.of_changesets", changed_at=[when], id=[look], most=OF_A_CHANGESET)
    assert found.whole == frozenset()
    assert found.buffers < 2_000
    assert len(found.months) == 1


def test_who_and_which_commit_are_found_by_index(world: Tables) -> None:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {"since": now - timedelta(days=32), "until": now, "most": 150}
    nobody: dict[str, Any] = {"actors": [], "db_users": [], "revisions": [], "operation": None}
    operation = world.one("SELECT operation_id FROM changesets WHERE id = 5001")
    reads = [
        read(world, "history.newest_by", **asked, **(nobody | {"actors": ["actor-7"]})),
        read(world, "history.newest_by", **asked, **(nobody | {"db_users": ["reconciler_runtime"]})),
        read(world, "history.newest_by", **asked, **(nobody | {"revisions": [50]})),
        read(
            world,
            "history.newest_by",
            since=None,
            until=None,
            most=150,
            **(nobody | {"operation": operation}),
        ),
        read(world, "history.actors"),
        read(world, "history.db_users"),
    ]
    assert [each.whole for each in reads] == [frozenset()] * len(reads)
    assert [each.buffers < 1_000 for each in reads] == [True] * len(reads), reads
    assert all(len(each.months) <= 2 for each in reads[:3])


def test_trends_read_no_month_before_they_begin(world: Tables) -> None:
    for view in ("v_trend_changes", "v_trend_drifters", "v_trend_deletions"):
        plan = [line for (line,) in world.all("EXPLAIN SELECT * FROM {view}", view=view)]
        assert len([line for line in plan if "Subplans Removed" in line]) == 2, view
    months = world.one("SELECT count(*) FROM pg_inherits WHERE inhparent = 'changesets'::regclass")
    assert months > 6, "or there was nothing to leave out"


def test_what_an_operation_did_is_one_event(store: Store, world: Tables) -> None:
    operation = world.one("SELECT operation_id FROM changesets WHERE id = 5001")
    with store.read() as tx:
        (event,) = events(tx, 50, None, Asked(operation=operation))
        by = events(tx, 5, None, Asked(by="ACTOR-7"))
        newest = events(tx, 30)
    assert len(event.changes) == EACH
    assert [made.operation_id for made in event.changesets] == [operation]
    assert {made.actor for each in by for made in each.changesets} == {"actor-7"}
    assert len(by) == 5
    assert len(newest) == 30
    instants = [each.at for each in newest]
    assert instants == sorted(instants, reverse=True)


def test_a_long_past_is_read_page_by_page(store: Store, world: Tables) -> None:
    """More changes of one machine than a page has, and more changesets than were asked for at first."""
    for number in range(150):
        world.run("UPDATE resource_attributes SET value_integer = %s WHERE resource_id = 5 AND"
                  " data_type = 'integer'", number + 1)  # fmt: skip
    with store.read() as tx:
        found = events(tx, 200, "vm/m-5")
        few = events(tx, 3, "vm/m-5")
    by_hand = [event for event in found if event.changesets[0].cause == "manual"]
    assert len(by_hand) == 150
    assert [len(event.changes) for event in by_hand] == [2] * 150
    assert few == found[:3]

"""What is asked often costs what it is about, however large the fleet is: no big table is read through.

The timings are in `make scale`; here the plans and the pages they touch are asserted, on a fleet of 4,200.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from reconciler.model.address import Address
from reconciler.store.database.queries import query
from reconciler.store.database.session import Store
from reconciler.store.embedded import EmbeddedServer
from reconciler.store.recorded.observed_roots import AT_ONCE
from reconciler.store.recorded.resources import settle
from tests.rigs.core import OWNER
from tests.rigs.core_world import ACTOR, OBSERVER, CoreWorld, record, revise
from tests.rigs.databases import new_database
from tests.rigs.manifest import catalog
from tests.scale.fleet import TYPES, groups, observed
from tests.scale.waiting import WAITING

SIZE = 4_200
ENDPOINT = "hetzner-1"
BIG = {
    "resources",
    "resource_attributes",
    "resource_tags",
    "resource_relationships",
    "desired_resources",
    "desired_attributes",
    "desired_tags",
    "external_id_reservations",
}
OLD = Path(__file__).with_name("golden") / "differences.sql"
ORDER = b" ORDER BY address, what, name, desired, recorded"


@pytest.fixture(scope="module")
def fleet(postgres: EmbeddedServer, prepared_template: str) -> Iterator[CoreWorld]:
    """A fleet that is wanted, recorded and settled, in a database of this module's own."""
    for database in new_database(postgres, prepared_template):
        with Store.open(database.runtime, max_size=4) as store:
            fill(CoreWorld(store, database), SIZE)
            yield CoreWorld(store, database)


def fill(world: CoreWorld, size: int) -> None:
    """Want a fleet, record it as it is wanted, and say that the two agree."""
    wanted = [item for group in groups(catalog(), size, ENDPOINT) for item in group]
    with world.store.transaction(ACTOR) as tx:
        revise(tx, wanted)
    with psycopg.connect(world.database.admin) as connection:
        connection.execute(WAITING)
        uids: dict[str, UUID] = dict(connection.execute("SELECT address, uid FROM resources").fetchall())
    with world.store.transaction(OBSERVER) as tx:
        seen = (observed(item, catalog(), OWNER, lambda a: uids[str(a)]) for item in wanted)
        found = record(tx, ENDPOINT, *seen, complete=TYPES)
    assert (found.seen, found.unrecorded) == (size, ())
    with world.store.transaction(OBSERVER) as tx:
        settle(tx, [(item.address, item.hash()) for item in wanted])
    with psycopg.connect(world.database.admin, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def explained(world: CoreWorld, text: bytes, **params: object) -> tuple[int, set[str]]:
    """How many pages a query touches, and which tables it reads through."""
    with psycopg.connect(world.database.admin) as connection:
        connection.execute(
            text, params or None
        ).fetchall()  # so that the catalog's own pages are read already
        ((((plan,),),)) = (
            connection.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text, params or None).fetchall(),
        )
    root = plan[0]["Plan"]
    return root["Shared Hit Blocks"] + root["Shared Read Blocks"], set(_read_through(root))


def _read_through(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Actual Loops"]:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _read_through(child)


NEXT_ID = (
    b"SELECT next_reserved_id(e.id, %(low)s, %(high)s) AS id FROM provider_endpoints AS e"
    b" WHERE e.name = %(endpoint)s"
)


def next_id(world: CoreWorld, low: int, high: int) -> int | None:
    with psycopg.connect(world.database.runtime) as connection:
        row = connection.execute(NEXT_ID, {"endpoint": ENDPOINT, "low": low, "high": high}).fetchone()
    return row[0] if row else None


def first(world: CoreWorld, address: str) -> tuple[str, UUID]:
    ((external_id, uid),) = world.rows("SELECT external_id, uid FROM resources WHERE address = %s", address)
    return external_id, uid


def test_what_is_tied_finds_what_another_run_wrote(fleet: CoreWorld) -> None:
    assert SIZE > AT_ONCE, "written in several runs"
    assert fleet.rows(
        "SELECT t.name, count(*) FROM resource_relationships rr"
        " JOIN resources r ON r.id = rr.child_resource_id JOIN resource_types t ON t.id = r.resource_type_id"
        " JOIN relationship_types k ON k.id = rr.relationship_type_id AND k.name = 'attached_to'"
        " GROUP BY t.name ORDER BY t.name"
    ) == [("network_attachment", SIZE // 21 * 10), ("volume", SIZE // 21 * 10)]


def test_the_targets_of_a_step_are_found_by_index(fleet: CoreWorld) -> None:
    external_id, uid = first(fleet, "vm/vm-00100-01")
    named = query("observations.target_roots")
    for external_ids, uids in (([external_id], []), ([], [uid]), ([external_id], [uid])):
        pages, through = explained(
            fleet, named, endpoint=ENDPOINT, types=["vm"], external_ids=external_ids, uids=uids
        )
        assert pages <= 40
        assert not through & BIG
    with fleet.store.read() as tx:
        found = tx.rows(
            "observations.target_roots",
            endpoint=ENDPOINT,
            types=["vm"],
            external_ids=[external_id],
            uids=[uid],
        )
        other = tx.rows(
            "observations.target_roots", endpoint="proxmox-1", types=["vm"], external_ids=[], uids=[uid]
        )
    assert [row.address for row in found] == ["vm/vm-00100-01"]
    assert other == [], "another endpoint's"


def test_a_few_others_of_ours_are_the_first_of_an_index(fleet: CoreWorld) -> None:
    uid = first(fleet, "vm/vm-00100-01")[1]
    pages, through = explained(fleet, query("observations.others"), endpoint=ENDPOINT, uid=uid)
    assert pages <= 60
    assert not through & BIG


def test_the_next_id_is_found_from_the_last_that_was_given_out(fleet: CoreWorld) -> None:
    with psycopg.connect(fleet.database.admin) as connection:
        connection.execute(
            "INSERT INTO external_id_reservations"
            " (provider_endpoint_id, resource_type_id, external_id, resource_uid)"
            " SELECT r.provider_endpoint_id, r.resource_type_id,"
            " (900000 + row_number() OVER ())::text, r.uid"
            " FROM resources r WHERE r.is_root"
        )
    with psycopg.connect(fleet.database.admin, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE external_id_reservations")
    named = NEXT_ID
    bounds = {"low": 100, "high": 999_999_999}
    pages, through = explained(fleet, named, endpoint=ENDPOINT, **bounds)
    assert pages <= 40
    assert not through & BIG
    assert next_id(fleet, **bounds) == 900_001 + SIZE
    assert next_id(fleet, low=1, high=200) is None, "all in use"
    assert next_id(fleet, low=1, high=900) == 201


@pytest.mark.parametrize(
    ("attribute", "value", "count"),
    [("image", "nothing", 0), ("size_gb", "11", SIZE // 21), ("network", "network/net-00100", 10)],
)
def test_what_has_a_value_is_found_by_index(fleet: CoreWorld, attribute: str, value: str, count: int) -> None:
    text = b"SELECT * FROM resources_with(%(attribute)s, %(value)s)"
    pages, through = explained(fleet, text, attribute=attribute, value=value)
    assert not through & BIG
    assert pages <= 30 + 8 * count
    assert len(fleet.rows("SELECT * FROM resources_with(%s, %s)", attribute, value)) == count
    sought = "SELECT resource_id FROM v_attributes WHERE attribute = %s AND value = %s"
    assert sorted(fleet.rows(sought, attribute, value)) == sorted(
        (row[0],) for row in fleet.rows("SELECT * FROM resources_with(%s, %s)", attribute, value)
    )


def test_drift_looks_closer_only_at_what_is_not_settled(fleet: CoreWorld) -> None:
    with psycopg.connect(fleet.database.admin) as connection:
        connection.execute(
            "UPDATE resource_attributes AS a SET value_boolean = NOT a.value_boolean FROM resources r"
            " WHERE r.id = a.resource_id AND a.value_boolean IS NOT NULL"
            " AND r.address LIKE 'volume/data-00__0-01'"
        )
    for view in (b"v_drift", b"v_pending"):
        pages, through = explained(fleet, b"SELECT * FROM " + view)
        assert not through & BIG
        assert pages <= 30 + 200 * 20, view
    drift = fleet.rows("SELECT address FROM v_drift WHERE what = 'attribute'")
    assert {Address.parse(address).type for (address,) in drift} == {"volume"}
    assert len({address for (address,) in drift}) == 20


def test_differences_are_those_of_both_sides_as_a_whole(prepared: Any) -> None:
    """At random, by hand and past the program, so that sides, parts, tags and specifications come apart."""
    chance = random.Random(7)  # noqa: S311 - the same changes each time
    with Store.open(prepared.runtime, max_size=2) as store:
        fill(CoreWorld(store, prepared), 210)
    changes = [
        "DELETE FROM resource_attributes WHERE resource_id %% 7 = %s AND attribute_definition_id %% 3 = 0",
        "UPDATE resource_attributes SET value_boolean = NOT value_boolean"
        " WHERE value_boolean IS NOT NULL AND resource_id %% 7 = %s",
        "DELETE FROM resource_tags WHERE resource_id %% 7 = %s AND tag_id %% 3 = 1",
        "UPDATE resources SET presence = 'absent' WHERE is_root AND id %% 7 = %s",
        "UPDATE resources SET applied_desired_hash = 'other' WHERE id %% 7 = %s",
        "UPDATE resources SET deleted_at = now() WHERE NOT is_root AND id %% 7 = %s",
        "UPDATE desired_resources SET valid_to_revision = 99 WHERE id %% 7 = %s AND id %% 2 = 0",
        "UPDATE desired_resources SET spec_hash = 'new' WHERE parent_id IS NULL AND id %% 7 = %s",
        "UPDATE desired_resources SET names_tags = NOT names_tags WHERE id %% 7 = %s",
        "DELETE FROM desired_attributes"
        " WHERE desired_resource_id %% 7 = %s AND attribute_definition_id %% 2 = 0",
        "INSERT INTO desired_ignored_attributes SELECT id, 'tags' FROM desired_resources WHERE id %% 7 = %s"
        " ON CONFLICT DO NOTHING",
    ]
    old = b"SELECT * FROM (" + OLD.read_bytes() + b") AS d"
    with psycopg.connect(prepared.admin) as connection:
        connection.execute(
            "INSERT INTO revisions (id, source_id, content_hash, catalog_hash, actor) OVERRIDING SYSTEM VALUE"
            " SELECT 99, min(id), '', '', 'test' FROM manifest_sources"
        )
        seen = 0
        for _ in range(12):
            connection.execute(chance.choice(changes).encode(), [chance.randrange(7)])
            connection.execute("ANALYZE")
            new = connection.execute(b"SELECT * FROM v_differences" + ORDER).fetchall()
            assert new == connection.execute(old + ORDER).fetchall()
            seen += len(new)
        assert seen > 100, "the two were compared over something"

"""The past as people read it: whole resources as of a mark, quickly, and what differs between two marks."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from reconciler.model.address import Address
from reconciler.report.past_diff import Chosen, Difference, PastDiff, past_diff
from reconciler.store import catalog_reading
from reconciler.store.database.queries import query
from reconciler.store.database.session import Store
from reconciler.store.history.marks import Mark, mark_by_id
from reconciler.store.history.past import Past, ids_called, past_as_of, ties_as_of, wanted_as_of, with_parts
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables

pytestmark = pytest.mark.every_server

WEB, DB, NET = (Address.parse(text) for text in ("vm/web-1", "vm/db", "network/prod"))


@pytest.fixture
def world(database: TestDatabase) -> Iterator[Tables]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Tables(connection).begin()


@pytest.fixture
def store(database: TestDatabase, world: Tables) -> Iterator[Store]:
    """As the program reads: with the runtime's rights. The world has begun before."""
    with Store.open(database.runtime, max_size=1) as store:
        yield store


def mark(world: Tables, store: Store) -> Mark:
    number = world.one("SELECT take_mark('hand')")
    with store.read() as tx:
        return mark_by_id(tx, number)


def past(store: Store, at: Mark | None, *addresses: Address) -> Past:
    """The fleet, or what these addresses were, with their parts."""
    with store.read() as tx:
        catalog = catalog_reading.load(tx)
        if not addresses:
            return past_as_of(tx, at, None, catalog)
        named = frozenset[int]().union(*(ids_called(tx, address) for address in addresses))
        return past_as_of(tx, at, with_parts(tx, at, named), catalog)


def contents(found: Past) -> dict[str, Any]:
    return {
        row.address: (row, found.attributes.get(row.id), found.tags.get(row.id), found.parts.get(row.id))
        for row in found.rows.values()
    }


def diff(store: Store, since: Mark, until: Mark | None = None, chosen: Chosen | None = None) -> PastDiff:
    with store.read() as tx:
        return past_diff(tx, since, until, chosen or Chosen())


def said(found: PastDiff) -> dict[str, tuple[str, list[tuple[str, str, object, object]]]]:
    def values(items: tuple[Difference, ...]) -> list[tuple[str, str, object, object]]:
        return [(item.what, item.name, item.before, item.after) for item in items]

    return {item.address: (item.action, values(item.differences)) for item in found.found}


def test_the_fleet_and_each_resource_are_what_they_were(world: Tables, store: Store) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    names = [f"vm/web-{number}" for number in range(6)]
    for number, name in enumerate(names):
        machine = world.resource(name, "running", cpu_cores=number + 1)
        world.resource(f"{name}/disk/scsi0", size_gb=10)
        world.tag(machine, "env", "prod")
    seen: list[tuple[Mark, dict[str, Any]]] = []
    for _ in range(8):
        seen.append((mark(world, store), contents(past(store, None))))
        pick = world.ids[chance.choice(names)]
        match chance.randint(0, 4):
            case 0:
                world.run("UPDATE resource_attributes SET value_integer = 77 WHERE resource_id = %s", pick)
            case 1:
                world.run("DELETE FROM resource_tags WHERE resource_id = %s", pick)
            case 2:
                world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", pick)
            case 3:
                world.state(pick, chance.choice(["stopped", "running"]))
            case _:
                world.resource(f"vm/new-{chance.getrandbits(32):x}", "running", memory_mb=512)
    assert len({str(each) for _, each in seen}) > 4  # or it was no trial
    for at, then in seen:
        assert contents(past(store, at)) == then
        for name in names:
            one = {key: value for key, value in then.items() if key == name or key.startswith(f"{name}/")}
            assert contents(past(store, at, Address.parse(name))) == one


def test_a_root_comes_with_the_parts_it_had(world: Tables, store: Store) -> None:
    machine = world.resource("vm/web-1", "running", cpu_cores=2)
    disk = world.resource("vm/web-1/disk/scsi0", size_gb=10)
    before = mark(world, store)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", disk)
    after = mark(world, store)
    (part,) = past(store, before, WEB).recorded(machine).parts
    assert (str(part.address), part.attributes) == ("vm/web-1/disk/scsi0", {"size_gb": 10})
    assert past(store, after, WEB).recorded(machine).parts == ()


def test_an_address_is_found_by_who_had_it_then(world: Tables, store: Store) -> None:
    """As when an object that was not ours is taken over by another name."""
    first = world.resource("vm/web-1", "running")
    before = mark(world, store)
    world.run(
        "UPDATE resources SET address = 'vm/old', name = 'old', external_id = 'other' WHERE id = %s", first
    )
    second = world.resource("vm/web-1", "running")
    assert [row.id for row in past(store, before, WEB).rows.values() if row.address == "vm/web-1"] == [first]
    now = past(store, None, WEB).rows.values()
    assert [row.id for row in now if row.address == "vm/web-1"] == [second]


def test_what_was_wanted_is_what_the_mark_saw(world: Tables, store: Store, database: TestDatabase) -> None:
    def wanted(at: Mark) -> object:
        with store.read() as tx:
            found = wanted_as_of(tx, at, [WEB], catalog_reading.load(tx)).get(WEB)
        return found and found.attributes["cpu_cores"]

    nothing = mark(world, store)
    first = world.desire("vm/web-1", b"1", cpu_cores=2)
    early = mark(world, store)
    with psycopg.connect(database.admin) as other:
        slow = Tables(other, world.endpoint, world.source)
        slow.run("UPDATE desired_resources SET valid_to_revision = %s WHERE id = %s", slow.revision(), first)
        slow.desire("vm/web-1", b"2", cpu_cores=4)
        meanwhile = mark(world, store)
        other.commit()
    assert [wanted(at) for at in (nothing, early, meanwhile, mark(world, store))] == [None, 2, 2, 4]


def test_what_differs_is_told_with_both_sides(world: Tables, store: Store) -> None:
    web = world.resource("vm/web-1", "running", cpu_cores=2, memory_mb=512)
    db = world.resource("vm/db", "running", cpu_cores=4)
    world.resource("vm/db/disk/scsi0", size_gb=10)
    world.resource("network/prod", ip_range="10.0.0.0/16")
    world.tag(web, "env", "prod")
    world.relate(world.ids["network/prod"], web, "attached_to")
    since = mark(world, store)
    world.run(
        "UPDATE resource_attributes SET value_integer = 8 WHERE resource_id = %s AND value_integer = 2", web
    )
    world.run("DELETE FROM resource_tags")
    world.tag(web, "env", "test")
    world.run("DELETE FROM resource_relationships WHERE relationship_type_id <> 1")
    world.run(
        "UPDATE resources SET deleted_at = now() WHERE id = ANY(%s)", [db, world.ids["vm/db/disk/scsi0"]]
    )
    world.resource("vm/new", "running", memory_mb=1024)
    until = mark(world, store)
    world.state(web, "stopped")  # later than what is asked about
    expected = {
        "vm/db": ("removed", [("attribute", "cpu_cores", 4, None)]),
        "vm/new": ("added", [("attribute", "memory_mb", None, 1024)]),
        "vm/web-1": (
            "changed",
            [
                ("attribute", "cpu_cores", 2, 8),
                ("tag", "env", "prod", "test"),
                ("relationship", "attached_to", "network/prod", None),
            ],
        ),
    }
    found = diff(store, since, until)
    assert said(found) == expected
    assert [item.parts for item in found.found] == [1, 0, 0]
    back = said(diff(store, until, since))
    assert {address: action for address, (action, _) in back.items()} == {
        "vm/db": "added",
        "vm/new": "removed",
        "vm/web-1": "changed",
    }
    assert ("tag", "env", "test", "prod") in back["vm/web-1"][1]
    assert ("resource", "state", "running", "stopped") in said(diff(store, since))["vm/web-1"][1]
    assert said(diff(store, until, until)) == {}
    chosen = said(diff(store, since, until, Chosen(labels={"env": "prod"})))
    assert list(chosen) == ["vm/web-1"]
    assert said(diff(store, since, until, Chosen(endpoint="none"))) == {}
    assert list(said(diff(store, since, until, Chosen(addresses=(DB,))))) == ["vm/db"]


def test_what_changed_and_changed_back_is_no_difference(world: Tables, store: Store) -> None:
    web = world.resource("vm/web-1", "running", cpu_cores=2)
    since = mark(world, store)
    for cores in (8, 2):
        world.run("UPDATE resource_attributes SET value_integer = %s WHERE resource_id = %s", cores, web)
    for state in ("stopped", "running"):
        world.state(web, state)
    gone = world.resource("vm/new", "running")
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", gone)
    assert said(diff(store, since, mark(world, store))) == {}
    assert said(diff(store, since)) == {}


BIG = "resources|resource_(attributes|tags|relationships)|desired_resources|resource_[a-z]+_history"


def looked_up(world: Tables, name: str, **params: object) -> int:
    """The pages that a query reads. None of the big tables is read whole."""
    text = query(name)
    plan = "\n".join(
        str(row[0])
        for row in world.connection.execute(
            b"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + as_bytes(text), params
        )
    )
    assert not re.search(rf"Seq Scan on ({BIG})(_20[0-9_]+)? .*actual [^)]*rows=[1-9]", plan), plan
    found = re.search(r"Buffers: (?:shared )?(?:hit=(\d+))?(?: ?read=(\d+))?", plan.partition("Planning:")[0])
    return sum(int(each or 0) for each in found.groups()) if found else 0


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def test_one_resource_of_thousands_is_looked_up(world: Tables, store: Store) -> None:
    """However many others changed since: what is read does not grow with the fleet."""
    fleet = 3000
    world.run(
        "INSERT INTO resources (resource_type_id, provider_endpoint_id, address, name, state_id, presence,"
        " is_root) SELECT t.id, %s, 'vm/w' || n, 'w' || n, s.id, 'present', true"
        " FROM resource_types t, resource_states s, generate_series(1, %s) n"
        " WHERE t.name = 'vm' AND s.name = 'running'",
        world.endpoint,
        fleet,
    )
    world.run(
        "INSERT INTO resource_attributes (resource_id, resource_type_id, attribute_definition_id, data_type,"
        " value_integer) SELECT r.id, r.resource_type_id, d.id, 'integer', 1"
        " FROM resources r, attribute_definitions d WHERE d.name IN ('cpu_cores', 'memory_mb')"
    )
    world.tag(world.one("SELECT id FROM resources WHERE address = 'vm/w77'"), "env", "prod")
    world.run(
        "INSERT INTO resource_tags SELECT r.id, t.id FROM resources r, tags t WHERE r.address <> 'vm/w77'"
    )
    world.desire("vm/wanted", b"1")
    world.run(
        "INSERT INTO desired_resources (source_id, address, resource_type_id, provider_endpoint_id, name,"
        " spec_hash, file, line, column_number, valid_from_revision)"
        " SELECT d.source_id, r.address, r.resource_type_id, r.provider_endpoint_id, r.name, '', 'm.yaml', 1,"
        " 1, d.valid_from_revision FROM desired_resources d, resources r"
    )
    then = mark(world, store)
    for number in range(2, 10):
        world.run("UPDATE resource_attributes SET value_integer = %s", number)
    world.run("ANALYZE")
    ids = [world.one("SELECT id FROM resources WHERE address = 'vm/w77'")]
    one = {"mark": then.id, "ids": ids}
    looked_up(world, "past.resources", **one)  # the first one reads the server's own catalogs besides
    pages = {name: looked_up(world, name, **one) for name in (
        "past.resources", "past.attributes", "past.tags", "past.parts", "past.ties",
    )}  # fmt: skip
    pages["past.called"] = looked_up(world, "past.called", address="vm/w77")
    pages["desired.roots_as_of"] = looked_up(world, "desired.roots_as_of", mark=then.id, addresses=["vm/w77"])
    assert max(pages.values()) <= 100, pages
    assert sum(pages.values()) <= 300, pages
    with store.read() as tx:
        assert ties_as_of(tx, then, ids) == ()

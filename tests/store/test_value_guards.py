"""What the database refuses of values, ties and places, whoever writes."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from tests.rigs.tables import Scalar, Tables, begun, refused

world = pytest.fixture(begun)


def rules(world: Tables, attribute: str, **columns: object) -> None:
    for name, value in columns.items():
        world.run(
            "UPDATE provider_type_attributes SET {name} = %s WHERE attribute_definition_id ="
            " (SELECT id FROM attribute_definitions WHERE name = %s)",
            value,
            attribute,
            name=name,
        )


def test_what_has_one_value_takes_no_second(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    with pytest.raises(psycopg.Error, match="cpu_cores has one value") as caught:
        world.attribute(vm, "cpu_cores", 4, ordinal=1)
    assert caught.value.sqlstate == "RC010"
    refused(world, "RC010", "UPDATE resource_attributes SET ordinal = 3")
    refused(world, "23514", "UPDATE resource_attributes SET ordinal = -1")
    wanted = world.desire("vm/web-1", b"1", cpu_cores=2)
    more = (
        "INSERT INTO desired_attributes SELECT desired_resource_id, resource_type_id,"
        " attribute_definition_id, 1, data_type, NULL, 4, NULL, NULL, NULL, NULL, NULL, true"
        " FROM desired_attributes WHERE desired_resource_id = %s"
    )
    refused(world, "RC010", more, wanted)


def test_a_list_may_repeat_itself_and_a_set_may_not(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    world.attribute(vm, "labels", "a")
    world.attribute(vm, "labels", "a", ordinal=1)
    world.run("UPDATE resource_attributes SET value_string = 'b' WHERE ordinal = 1")
    world.run("UPDATE attribute_definitions SET cardinality = 'set' WHERE name = 'labels'")
    with pytest.raises(psycopg.Error, match="labels is a set") as caught:
        world.attribute(vm, "labels", "a", ordinal=2)
    assert caught.value.sqlstate == "RC010"
    refused(world, "RC010", "UPDATE resource_attributes SET value_string = 'a' WHERE ordinal = 1")
    # Two values that change places are one statement, and no repeat.
    world.run(
        "UPDATE resource_attributes SET value_string = CASE value_string WHEN 'a' THEN 'b' ELSE 'a' END"
    )
    wanted = world.desire("vm/web-1", b"1", labels="a")
    again = (
        "INSERT INTO desired_attributes SELECT desired_resource_id, resource_type_id,"
        " attribute_definition_id, 1, data_type, %s, NULL, NULL, NULL, NULL, NULL, NULL, true"
        " FROM desired_attributes WHERE desired_resource_id = %s"
    )
    refused(world, "RC010", again, "a", wanted)
    world.run(again, "b", wanted)


@pytest.mark.parametrize(
    ("attribute", "rule", "good", "bad"),
    [
        ("cpu_cores", {"minimum": 2}, 2, 1),
        ("cpu_cores", {"maximum": 8}, 8, 9),
        ("price", {"minimum": 1}, Decimal("1.0"), Decimal("0.99")),
        ("engine", {"max_length": 3}, "abc", "abcd"),
    ],
)
def test_what_is_out_of_bounds_is_not_wanted_and_yet_recorded(
    world: Tables, attribute: str, rule: dict[str, object], good: Scalar, bad: Scalar
) -> None:
    rules(world, attribute, **rule)
    address = "cluster/c" if attribute == "engine" else "vm/web-1"
    world.desire(f"{address}-good", b"1", **{attribute: good})
    with pytest.raises(psycopg.Error, match=f"{attribute} is out of its bounds") as caught:
        world.desire(f"{address}-bad", b"2", **{attribute: bad})
    assert caught.value.sqlstate == "RC011"
    # A provider may answer what nobody may want.
    world.resource(address, "running" if address.startswith("vm") else "available", **{attribute: bad})


def test_what_is_not_allowed_is_not_wanted_and_yet_recorded(world: Tables) -> None:
    world.run(
        "INSERT INTO provider_type_attribute_allowed_values (provider_type_id, resource_type_id,"
        " attribute_definition_id, ordinal, data_type, value_integer)"
        " SELECT provider_type_id, resource_type_id, attribute_definition_id, cores, 'integer', cores"
        " FROM provider_type_attributes, (VALUES (2), (4)) AS v (cores) WHERE attribute_definition_id ="
        " (SELECT id FROM attribute_definitions WHERE name = 'cpu_cores')"
    )
    world.desire("vm/web-1", b"1", cpu_cores=4)
    with pytest.raises(psycopg.Error, match="vm/web-2: cpu_cores is out of") as caught:
        world.desire("vm/web-2", b"2", cpu_cores=3)
    assert caught.value.sqlstate == "RC011"
    world.resource("vm/web-1", "running", cpu_cores=3)


def test_a_tag_has_one_value(world: Tables) -> None:
    vm, other = world.resource("vm/web-1", "running"), world.resource("vm/web-2", "running")
    world.tag(vm, "env", "prod")
    world.tag(vm, "tier", "prod")
    with pytest.raises(psycopg.Error, match="the tag env has a value already") as caught:
        world.tag(vm, "env", "dev")
    assert caught.value.sqlstate == "RC012"
    world.tag(other, "env", "dev")
    both = "INSERT INTO resource_tags SELECT %s, id FROM tags WHERE key = 'env'"
    world.run("DELETE FROM resource_tags WHERE resource_id = %s", vm)
    refused(world, "RC012", both, vm)


def test_nothing_contains_itself_by_however_many_others(world: Tables) -> None:
    world.resource("vm/web-1", "running")
    one = world.resource("vm/web-1/disk/a")
    two = world.resource("vm/web-1/disk/a/disk/b")
    three = world.resource("vm/web-1/disk/a/disk/b/disk/c")
    world.run("DELETE FROM resource_relationships WHERE child_resource_id = %s", one)
    for inner in (two, three):
        with pytest.raises(psycopg.Error, match="would contain itself") as caught:
            world.relate(inner, one, "contains")
        assert caught.value.sqlstate == "RC013"
    world.relate(three, one, "depends_on")
    volume = world.resource("volume/v")
    world.run("DELETE FROM resource_relationships")
    refused(
        world,
        "RC013",
        "INSERT INTO resource_relationships VALUES (%s, %s, 1), (%s, %s, 1)",
        *(one, volume, volume, one),
    )


def test_a_resource_and_what_is_wanted_have_an_address(world: Tables) -> None:
    world.resource("vm/web-1", "running")
    wanted = world.desire("vm/web-1", b"1")
    refused(world, "23514", "UPDATE resources SET address = ''")
    refused(world, "23514", "UPDATE resources SET name = ''")
    refused(world, "23514", "UPDATE desired_resources SET address = ''")
    refused(world, "23514", "INSERT INTO holds (address, owner, reason) VALUES ('', 'ada', 'r')")
    refused(
        world,
        "23514",
        "INSERT INTO desired_relationships (desired_resource_id, relationship_type_id, target_address)"
        " VALUES (%s, 2, '')",
        wanted,
    )


def test_a_provider_has_only_what_its_type_offers(world: Tables) -> None:
    world.run(
        "DELETE FROM provider_type_attributes WHERE resource_type_id ="
        " (SELECT id FROM resource_types WHERE name = 'volume')"
    )
    world.resource("volume/before")
    world.run(
        "DELETE FROM provider_resource_types WHERE resource_type_id ="
        " (SELECT id FROM resource_types WHERE name = 'volume')"
    )
    with pytest.raises(psycopg.Error, match="the provider type test offers no volume") as caught:
        world.resource("volume/data")
    assert caught.value.sqlstate == "RC014"
    # What was recorded before its type was withdrawn stays.
    world.run("UPDATE resources SET presence = 'absent'")


def test_an_endpoint_with_live_resources_stays_and_a_removed_one_takes_none(world: Tables) -> None:
    vm = world.resource("vm/web-1", "running")
    remove = "UPDATE provider_endpoints SET deleted_at = now()"
    assert "vm/web-1 lives there" in refused(world, "RC015", remove)
    world.run("UPDATE resources SET management = 'unmanaged' WHERE id = %s", vm)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", vm)
    assert world.run(remove) == 1
    with pytest.raises(psycopg.Error, match="the endpoint e1 was removed") as caught:
        world.resource("vm/web-2", "running")
    assert caught.value.sqlstate == "RC014"
    refused(world, "RC014", "UPDATE resources SET deleted_at = NULL")


def test_a_datacenter_is_at_its_location_and_one_of_its_providers(world: Tables) -> None:
    world.run("INSERT INTO locations (name) VALUES ('here'), ('there')")
    world.run("INSERT INTO datacenters (location_id, name) SELECT id, 'dc-' || name FROM locations")
    vm = world.resource("vm/web-1", "running")
    place = (
        "UPDATE resources SET datacenter_id = d.id, location_id = l.id FROM datacenters d, locations l"
        " WHERE d.name = %s AND l.name = %s"
    )
    world.run(place, "dc-here", "here")
    refused(world, "23503", place, "dc-here", "there")
    world.run("UPDATE resources SET datacenter_id = NULL WHERE id = %s", vm)
    world.run(
        "WITH other AS (INSERT INTO providers (provider_type_id, name)"
        " SELECT id, 'p2' FROM provider_types RETURNING id)"
        " INSERT INTO provider_datacenters SELECT other.id, d.id, 'x' FROM other, datacenters d"
        " WHERE d.name = 'dc-here'"
    )
    assert "the datacenter dc-here is not one of the provider p1" in refused(
        world, "RC014", place, "dc-here", "here"
    )
    world.run(
        "INSERT INTO provider_datacenters SELECT p.id, d.id, 'x' FROM providers p, datacenters d"
        " WHERE p.name = 'p1' AND d.name = 'dc-here'"
    )
    world.run(place, "dc-here", "here")

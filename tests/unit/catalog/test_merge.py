"""Merging catalog parts: whatever contradicts itself is refused whole, with every place named."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.catalog import merge, read_part
from reconciler.errors import CatalogError
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.values import Cardinality, canonical
from tests.rigs.manifest import catalog

BOX: dict[str, Any] = {
    "resource_types": {"box": {"kind": "Box"}},
    "attributes": {"size": {"type": "integer"}},
}
OFFER: dict[str, Any] = {
    "provider_type": {"name": "test"},
    "offers": {"box": {"identity": "name", "attributes": {"size": {"change": "in_place", "default": 3}}}},
}


def merged(*parts: dict[str, Any]) -> Catalog:
    return merge([read_part(f"part {number}", part) for number, part in enumerate(parts)])


def faults(*parts: dict[str, Any]) -> str:
    with pytest.raises(CatalogError) as error:
        merged(*parts)
    return error.value.message


def test_an_offer_may_use_what_another_part_defines() -> None:
    found = merged(OFFER, BOX)
    rule = found.attributes("box", "test")["size"]
    assert (rule.mutability, rule.default, rule.definition.name) == (Mutability.IN_PLACE, 3, "size")
    assert found.by_kind("Box") == found.resource_types["box"]
    assert found.offer("box", "test") is not None
    assert found.attributes("box", "elsewhere") == {}


def test_the_order_of_parts_does_not_matter() -> None:
    assert merged(OFFER, BOX) == merged(BOX, OFFER)


def test_the_same_definition_twice_is_one_and_another_is_refused() -> None:
    assert merged(BOX, BOX, OFFER) == merged(BOX, OFFER)
    other = {"attributes": {"size": {"type": "string"}}}
    assert "`size` is defined twice, and differently" in faults(BOX, other)


def test_every_fault_is_named_not_just_the_first() -> None:
    broken = {
        "provider_type": {"name": "test"},
        "resource_types": {
            "lid": {"kind": "Lid", "parents": ["box"], "collection": "lids", "key": ["colour"]}
        },
        "attributes": {"room": {"references": ["house"]}},
        "offers": {"crate": {"attributes": {"weight": {"change": "in_place"}}}},
    }
    text = faults(broken)
    for place in ("`weight`", "`crate`", "no parent type `box`", "no key attribute `colour`", "`house`"):
        assert place.strip("`") in text, place


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"resource_types": {"box": {"kind": "box"}}}, "resource_types.box.kind"),
        ({"resource_types": {"Box": {"kind": "Box"}}}, "Box"),
        ({"attributes": {"size": {"type": "number"}}}, "attributes.size.type"),
        ({"attributes": {"size": {"typo": 1}}}, "attributes.size.typo"),
        ({"offers": {"box": {}}}, "need a `provider_type`"),
        ({"resource_types": {"lid": {"kind": "Lid", "parents": ["box"]}}}, "go together"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(part: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError, match=said):
        read_part("broken", part)


def test_a_map_is_what_a_provider_shows_and_nobody_gives() -> None:
    attributes = {"options": {"cardinality": "map"}}
    for change, refused in (("read_only", False), ("in_place", True)):
        rules = {"options": {"change": change}}
        offer = {"provider_type": {"name": "test"}, "offers": {"box": {"attributes": rules}}}
        if refused:
            assert "a map is only ever read" in faults(BOX, {"attributes": attributes}, offer)
        else:
            merged(BOX, {"attributes": attributes}, offer)


def test_a_default_is_kept_in_canonical_form() -> None:
    attributes = {"ips": {"cardinality": "set", "format": "ip"}}
    rule = {"change": "in_place", "default": ["2001:DB8::1", "192.0.2.1", "192.0.2.1"]}
    offer = {"provider_type": {"name": "test"}, "offers": {"box": {"attributes": {"ips": rule}}}}
    found = merged(BOX, {"attributes": attributes}, offer)
    default = found.attributes("box", "test")["ips"].default
    assert default == canonical(("192.0.2.1", "2001:db8::1"), Cardinality.SET)


def test_parts_are_found_by_their_parent_and_only_where_they_are_offered() -> None:
    known = catalog()
    assert [kind.name for kind in known.parts_of("network", "hetzner")] == ["route", "subnet"]
    assert known.parts_of("network", "logical") == ()
    assert "disk" in {kind.name for kind in known.parts_of("vm", "proxmox")}
    assert "disk" not in {kind.name for kind in known.parts_of("vm", "hetzner")}


def test_what_holds_data_says_so() -> None:
    known = catalog()
    assert {"vm", "container", "disk", "volume"} <= {
        n for n, k in known.resource_types.items() if k.holds_data
    }


def test_no_attribute_of_the_packaged_catalogs_contradicts_itself() -> None:
    for rules in catalog().rules.values():
        for rule in rules.values():
            assert not (rule.required and rule.default is not None), rule
            assert rule.settable or rule.default is None, rule
            assert not (rule.clear_when_unset and not rule.compared), rule
            if rule.default is not None and rule.allowed_values:
                assert rule.default in rule.allowed_values, rule

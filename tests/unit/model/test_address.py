"""Addresses: one text for one resource, and nothing else is an address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.address import Address, InvalidAddress, as_name, is_name
from tests.rigs.core import names
from tests.rigs.examples import often

types = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
addresses = st.lists(st.tuples(types, names), min_size=1, max_size=3).map(lambda s: Address(tuple(s)))


@given(addresses)
def test_an_address_survives_its_own_text(address: Address) -> None:
    assert Address.parse(str(address)) == address


@given(addresses, addresses)
def test_two_addresses_have_one_text_only_if_they_are_one(one: Address, other: Address) -> None:
    assert (str(one) == str(other)) == (one == other)
    assert (one < other) + (other < one) + (one == other) == 1


@given(addresses, types, names)
def test_a_part_knows_its_parent_and_its_root(address: Address, kind: str, name: str) -> None:
    part = address.part(kind, name)
    assert part.parent == address
    assert part.root == address.root
    assert (part.type, part.name) == (kind, name)
    assert address.root.parent is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vm",
        "vm/",
        "/web",
        "vm/web/disk",
        "VM/web",
        "vm/we b",
        "vm/-web",
        "vm/web-",
        "vm/a/../b",
        "vm/wéb",
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(InvalidAddress) as error:
        Address.parse(text)
    assert repr(text)[1:-1] in str(error.value)


@settings(max_examples=often(75))
@given(st.text(max_size=300))
def test_any_text_becomes_a_name(text: str) -> None:
    assert is_name(as_name(text))


@given(names)
def test_a_name_becomes_itself(name: str) -> None:
    assert as_name(name) == name


@pytest.mark.parametrize("name", ["a" * 128, "a", "a.b", "A+b", "_"])
def test_names_may_be_long_and_have_signs(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["a" * 129, "a/b", ".a", "a.", "a b", "a\n"])
def test_what_would_break_an_address_is_no_name(name: str) -> None:
    assert not is_name(name)

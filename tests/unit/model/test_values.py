"""Values: one canonical form for each, and a text that tells any two apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.catalog import TypeAttribute
from reconciler.model.values import (
    Cardinality,
    ExternalRef,
    Format,
    SecretRef,
    Value,
    as_text,
    canonical,
    canonical_scalar,
    digest,
    encode,
)
from tests.rigs.core import respelled, values
from tests.rigs.manifest import catalog

ALL_RULES = [rule for rules in catalog().rules.values() for rule in rules.values()]
rules = st.sampled_from(ALL_RULES)
any_values = st.one_of(
    st.text(max_size=5),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False).map(canonical_scalar),
    st.booleans(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(SecretRef, st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.sampled_from(["", "ab"])),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3).map(tuple),
)


@given(st.data(), rules)
def test_a_canonical_value_stays_as_it_is(data: st.DataObject, rule: TypeAttribute) -> None:
    value = data.draw(values(rule))
    assert canonical(value, rule.definition.cardinality, rule.definition.format) == value


@given(st.data(), rules)
def test_another_spelling_of_a_value_is_the_same_value(data: st.DataObject, rule: TypeAttribute) -> None:
    definition = rule.definition
    value = data.draw(values(rule))
    other = respelled(value, definition.format)
    if definition.cardinality is Cardinality.LIST and isinstance(other, tuple):
        other = tuple(reversed(other))
    assert encode(canonical(other, definition.cardinality, definition.format)) == encode(value)


@given(any_values, any_values)
def test_texts_agree_exactly_where_values_do(one: Any, other: Any) -> None:
    same = one == other and type(one) is type(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        same = [(type(a), a) for a in one] == [(type(b), b) for b in other]
    assert (encode(one) == encode(other)) == same


@pytest.mark.parametrize(
    ("one", "other", "form"),
    [
        ("2001:DB8::0:1", "2001:db8::1", Format.IP),
        ("2001:0db8:0::/32", "2001:db8::/32", Format.CIDR),
        ("aa-bb-cc-dd-ee-ff", "AA:BB:CC:DD:EE:FF", Format.MAC),
        ("Web.Example.COM", "web.example.com", Format.HOSTNAME),
        ("ssh-ed25519  AAAA me@here", "ssh-ed25519 AAAA", Format.SSH_PUBLIC_KEY),
        ("a\r\nb\r\n", "a\nb", Format.TEXT),
        ("10.0.0.5", "10.0.0.5/32", Format.INTERFACE),
        ("dhcp", "dhcp", Format.INTERFACE),
    ],
)
def test_spellings_of_one_thing_are_one_value(one: str, other: str, form: Format) -> None:
    assert canonical_scalar(one, form) == canonical_scalar(other, form) == other


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1e30", f"{10**30}"),
    ],
)
def test_a_number_has_one_spelling(text: str, plain: str) -> None:
    assert encode(canonical_scalar(Decimal(text))) == f"d{plain}"


def test_a_long_number_loses_no_digit() -> None:
    long = Decimal("1234567890123456789012345678901234567890.123456789")
    assert canonical_scalar(long) == long


@given(st.text(st.sampled_from("a\r\n"), max_size=8))
def test_line_ends_are_the_same_however_often_they_are_made_so(text: str) -> None:
    once = canonical_scalar(text, Format.TEXT)
    assert canonical_scalar(once, Format.TEXT) == once


@pytest.mark.parametrize(
    ("text", "form"), [("10.0.0.5/24", Format.CIDR), ("10.0.0.256", Format.IP), ("web", Format.INTERFACE)]
)
def test_a_text_that_is_not_of_its_format_is_refused(text: str, form: Format) -> None:
    with pytest.raises(ValueError, match=text.split("/")[0]):
        canonical_scalar(text, form)


def test_a_moment_is_the_same_in_every_time_zone() -> None:
    there = datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert encode(canonical_scalar(there)) == encode(datetime(2026, 1, 1, 12, tzinfo=UTC))


def test_a_set_has_no_order_and_no_repeats_and_a_list_has_both() -> None:
    assert canonical(("b", "a", "b"), Cardinality.SET) == ("a", "b")
    assert canonical(("b", "a", "b"), Cardinality.LIST) == ("b", "a", "b")


def test_what_looks_alike_is_told_apart_by_type() -> None:
    found = [
        encode(item) for item in (1, True, "1", Decimal(1), ("1",), ExternalRef("vm", "1"), SecretRef("1"))
    ]
    assert len(set(found)) == len(found)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_a_digest_does_not_confuse_texts_that_join_alike(one: list[str], other: list[str]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_a_secret_shows_its_name_and_fingerprint_only() -> None:
    assert str(SecretRef("db", "ab12")) == "credential/db#ab12"
    with pytest.raises(TypeError):
        encode(object())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, "true"),
        (7, "7"),
        (("a", "b"), "[a, b]"),
        ((), "[]"),
        (SecretRef("db", "ab"), "credential/db#ab"),
        (ExternalRef("network", "7"), "network#7"),
    ],
)
def test_values_are_shown_for_people(value: Value | None, shown: str | None) -> None:
    assert as_text(value) == shown

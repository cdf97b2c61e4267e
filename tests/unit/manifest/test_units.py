"""Sizes and durations mean one thing only, or are refused with what was probably meant."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.read.units import SizeUnit, UnitError, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("8GiB", "MiB", 8192),
        ("8GiB", "GiB", 8),
        ("512MiB", "MiB", 512),
        ("1TiB", "GiB", 1024),
        ("2048KiB", "MiB", 2),
        ("3072MiB", "GiB", 3),
        ("16", "GiB", 16),
        ("16", "MiB", 16),
    ],
)
def test_a_binary_size_is_given_in_the_attributes_unit(text: str, unit: SizeUnit, expected: int) -> None:
    assert parse_size(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8GB", "8GiB"),
        ("8G", "8GiB"),
        ("8gib", "8GiB"),
        ("8 GiB", "8GiB"),
        ("512m", "512MiB"),
        ("08GiB", "8GiB"),
    ],
)
def test_another_spelling_is_refused_with_the_one_that_was_meant(text: str, meant: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_size(text, "MiB")
    assert caught.value.hint == f"did you mean {meant}?"
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("text", "nearest"), [("1500MiB", "1GiB"), ("1600MiB", "2GiB"), ("1MiB", "1GiB"), ("1536MiB", "2GiB")]
)
def test_a_size_that_does_not_divide_is_refused_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_size(text, "GiB")
    assert caught.value.hint == f"the nearest is {nearest}"


@pytest.mark.parametrize(
    "text", ["0", "0GiB", "-1GiB", "", "GiB", "1.5GiB", "8GiBs", "8PiB", "٨GiB", "9" * 5000]
)
def test_what_is_no_positive_whole_size_is_refused(text: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_size(text, "MiB")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061), ("1h0m", 3600)],
)
def test_a_duration_is_given_in_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0s", "30", "-5m", "5m1h", "1.5h", "500ms", "5 m", "5M", "٣s", "9" * 5000 + "s"]
)
def test_what_is_no_positive_duration_is_refused(text: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_duration(text)
    assert caught.value.hint


def test_a_bare_number_is_no_duration_and_the_hint_adds_the_seconds() -> None:
    with pytest.raises(UnitError) as caught:
        parse_duration("30")
    assert caught.value.hint == "did you mean 30s?"


@given(st.integers(1, 10**9), st.sampled_from(["MiB", "GiB"]))
def test_a_size_written_in_its_own_unit_is_itself(count: int, unit: SizeUnit) -> None:
    assert parse_size(f"{count}{unit}", unit) == parse_size(str(count), unit) == count


@given(st.text(), st.sampled_from(["MiB", "GiB"]))
def test_no_text_raises_anything_but_a_unit_error(text: str, unit: SizeUnit) -> None:
    with contextlib.suppress(UnitError):
        assert parse_size(text, unit) > 0
    with contextlib.suppress(UnitError):
        assert parse_duration(text) > 0

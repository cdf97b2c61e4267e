"""Selectors: what a person names, and only that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.planner.select import Selection, Selector, parse_selector
from tests.rigs.core import names

WEB, DISK = Address.parse("vm/web"), Address.parse("vm/web/disk/scsi0")


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("vm/web", Selector(address=WEB)),
        ("type=vm", Selector(type="vm")),
        ("endpoint=hetzner-1", Selector(endpoint="hetzner-1")),
        ("tag=env", Selector(tag=("env", None))),
        ("tag=env=prod", Selector(tag=("env", "prod"))),
        ("tag=env=", Selector(tag=("env", ""))),
        ("tag=a=b=c", Selector(tag=("a", "b=c"))),
    ],
)
def test_a_selector_reads_as_it_is_written(text: str, selector: Selector) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize("text", ["", "web", "type=", "kind=vm", "tag", "vm/"])
def test_what_is_no_selector_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(PlanError) as error:
        parse_selector(text)
    assert "type=T" in str(error.value)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("vm/web", True),
        ("vm/we", False),
        ("type=vm", True),
        ("type=disk", False),
        ("endpoint=e1", True),
        ("endpoint=e2", False),
        ("tag=env", True),
        ("tag=env=prod", True),
        ("tag=env=dev", False),
        ("tag=other", False),
    ],
)
def test_a_selector_chooses_what_it_says(text: str, chosen: bool) -> None:
    assert parse_selector(text).matches(WEB, "e1", {"env": "prod"}) is chosen


def test_a_root_is_chosen_with_its_parts() -> None:
    assert parse_selector("vm/web").matches(DISK, "e1", {})
    assert not parse_selector("vm/web/disk/scsi0").matches(WEB, "e1", {})


def test_without_targets_everything_is_chosen_and_excludes_always_win() -> None:
    assert Selection().covers(WEB, "e1", {})
    one = (parse_selector("vm/web"),)
    assert not Selection(excludes=one).covers(WEB, "e1", {})
    assert not Selection(targets=one, excludes=one).covers(WEB, "e1", {})
    assert not Selection(targets=(parse_selector("type=network"),)).covers(WEB, "e1", {})


@given(names, st.lists(names, max_size=3), st.lists(names, max_size=3))
def test_more_targets_choose_more_and_more_excludes_less(
    name: str, targets: list[str], excludes: list[str]
) -> None:
    address = Address.of("vm", name)
    chosen = tuple(parse_selector(f"vm/{each}") for each in targets)
    left_out = tuple(parse_selector(f"vm/{each}") for each in excludes)
    covered = Selection(chosen, left_out).covers(address, "e1", {})
    assert covered == ((not targets or name in targets) and name not in excludes)

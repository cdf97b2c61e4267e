"""Lists of the simulated API: pages, filters, label selectors, order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.contract.hetzner_rig import Rig, fields, group, running


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as rig:
        yield rig


def test_pages_are_25_long_at_most_50_and_say_where_they_are(rig: Rig) -> None:
    for number in range(60):
        group(rig, f"g{number:02}")
    first = rig.ask("GET", "/placement_groups")
    assert len(first.json()["placement_groups"]) == 25
    assert first.json()["meta"]["pagination"] == {
        "page": 1,
        "per_page": 25,
        "previous_page": None,
        "next_page": 2,
        "last_page": 3,
        "total_entries": 60,
    }
    assert 'page=2&per_page=25>; rel="next"' in first.headers["Link"]
    last = rig.ask("GET", "/placement_groups", page=2, per_page=1000).json()
    assert [row["name"] for row in last["placement_groups"]] == [f"g{number}" for number in range(50, 60)]
    assert last["meta"]["pagination"]["next_page"] is None
    assert last["meta"]["pagination"]["previous_page"] == 1
    assert rig.ask("GET", "/placement_groups", page=9).json()["placement_groups"] == []
    assert fields(rig.ask("GET", "/placement_groups", page=0)) == ["page"]
    assert len(rig.client.placement_groups.get_all()) == 60


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("env=prod", ["a", "b"]),
        ("env==prod,tier=web", ["a"]),
        ("env!=prod", ["c", "d"]),
        ("tier", ["a", "b", "c"]),
        ("!tier", ["d"]),
        ("env in (prod, dev)", ["a", "b", "c"]),
        ("env notin (prod,dev)", ["d"]),
        ("example.com/x=1", ["c"]),
        ("env=prod,!nothing,tier notin (db)", ["a"]),
        ("tier=", []),
    ],
)
def test_label_selectors_pick_what_they_say(rig: Rig, text: str, names: list[str]) -> None:
    group(rig, "a", env="prod", tier="web")
    group(rig, "b", env="prod", tier="db")
    group(rig, "c", env="dev", tier="web", **{"example.com/x": "1"})
    group(rig, "d")
    found = rig.ask("GET", "/placement_groups", label_selector=text).json()["placement_groups"]
    assert [row["name"] for row in found] == names


def test_a_malformed_selector_or_sort_is_refused(rig: Rig) -> None:
    assert fields(rig.ask("GET", "/servers", label_selector="a in b")) == ["label_selector"]
    assert fields(rig.ask("GET", "/servers", sort="colour")) == ["sort"]


def test_lists_are_sorted_and_filtered_as_asked(rig: Rig) -> None:
    for name in ("b", "a", "c"):
        group(rig, name)
    rows = rig.ask("GET", "/placement_groups", sort="name:desc").json()["placement_groups"]
    assert [row["name"] for row in rows] == ["c", "b", "a"]
    (only,) = rig.ask("GET", "/placement_groups", name="a").json()["placement_groups"]
    assert only["name"] == "a"
    rig.machine("on")
    rig.machine("off", start_after_create=False)
    rows = rig.ask("GET", "/servers", status=["off", "starting"]).json()["servers"]
    assert [row["name"] for row in rows] == ["off"]


def test_parameters_that_a_list_does_not_know_are_ignored(rig: Rig) -> None:
    """Clients in Go send `sort` to lists that cannot be sorted."""
    for path in ("/server_types", "/load_balancer_types", "/isos"):
        answer = rig.ask("GET", path, sort="id:asc", colour="blue")
        assert answer.status_code == 200, path
        assert len(answer.json()[path[1:]]) > 1


def test_a_label_selector_is_one_of_them_where_members_have_no_labels(rig: Rig) -> None:
    network = rig.network()["id"]
    rig.machine(networks=[network])
    members = f"/networks/{network}/members"
    for path in ("/locations", "/server_types", "/load_balancer_types", "/isos", members):
        for text in ("env=prod", "a in b"):
            answer = rig.ask("GET", path, label_selector=text)
            assert answer.status_code == 200, path
            assert answer.json()[path.rpartition("/")[2]] != [], path
    with running(api_date=date(2026, 6, 1)) as earlier:
        assert earlier.ask("GET", "/datacenters", label_selector="env=prod").json()["datacenters"] != []

"""What a step without calls makes of a resource: what it changes, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from reconciler.diff import creation, diff
from reconciler.executor.steps.applied import as_applied
from reconciler.model.plan import Action, Step
from reconciler.model.resource import Desired, Recorded
from tests.rigs.core import mark, recorded_of, want, with_parts
from tests.rigs.manifest import catalog

NET = want("network/net", ip_range="10.0.0.0/16", tags={"env": "prod"})


def step(desired: Desired, there: Recorded | None) -> Step:
    found = creation(desired, catalog()) if there is None else diff(desired, there, catalog())
    return Step(
        desired.address,
        Action.CREATE if there is None else Action.UPDATE,
        desired.endpoint,
        desired.provider_type,
        None,
        "",
        changes=found.changes,
        parts=found.parts,
        tags=found.tags,
    )


def test_what_is_made_is_as_its_manifest_says() -> None:
    desired = with_parts(NET, "subnet", {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"})
    made = as_applied(desired, None, step(desired, None), "7", mark(desired.address))
    assert (made.external_id, made.name, made.tags) == ("7", "net", {"env": "prod"})
    assert made.attributes == desired.attributes
    assert [part.attributes["ip_range"] for part in made.parts] == ["10.0.1.0/24"]


def test_what_the_manifest_does_not_name_stays_as_it_was() -> None:
    there = recorded_of(NET, tags={"env": "test", "by": "hand"})
    desired = replace(NET, tags={})
    kept = as_applied(desired, there, step(desired, there), "7", mark(desired.address))
    assert kept.tags == {"env": "test", "by": "hand"}
    assert kept.attributes == there.attributes


def test_tags_attributes_and_parts_are_changed_one_by_one() -> None:
    parts = [{"ip_range": f"10.0.{number}.0/24", "network_zone": "eu-central"} for number in (1, 2, 3)]
    there = recorded_of(with_parts(NET, "subnet", *parts[:2]), tags={"env": "test", "old": "1"})
    desired = with_parts(
        want("network/net", ip_range="10.0.0.0/8", tags={"env": "prod"}), "subnet", *parts[1:]
    )
    after = as_applied(desired, there, step(desired, there), "7", mark(desired.address))
    assert after.tags == {"env": "prod"}
    assert after.attributes["ip_range"] == "10.0.0.0/8"
    assert [part.attributes["ip_range"] for part in after.parts] == ["10.0.2.0/24", "10.0.3.0/24"]


def test_of_what_is_gone_nothing_is_kept() -> None:
    there = recorded_of(NET, tags={"by": "hand"}, external_id=None)
    made = as_applied(NET, there, step(NET, None), "7", mark(NET.address))
    assert made.tags == {"env": "prod"}

"""One odd object stops only itself: it is unknown, with the reason, and all others are recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.resource import Management, Mark, Observed, Presence
from reconciler.model.values import ExternalRef
from tests.rigs.core import OWNER, observed_of, want
from tests.rigs.core_world import CoreWorld
from tests.store.test_observations import manage, net

ODD: dict[str, dict[str, Any]] = {
    "more than a bigint": {"attributes": {"size_gb": 99999999999999999999999999}},
    "a check of an extension table": {"attributes": {"size_gb": 0}},
    "no text of PostgreSQL": {"attributes": {"format": "ex\0t4"}},
    "half of a surrogate pair": {"attributes": {"format": "ext\ud800"}},
    "a name with a NUL": {"name": "a\0b"},
    "a tag with a NUL": {"tags": {"env": "pr\0d"}},
    "a tag too long for its index": {"tags": {"env": "".join(f"{n:x}" for n in range(9000))}},
    "an attribute that no catalog knows": {"attributes": {"colour": "red"}},
    "an attribute of another type": {"attributes": {"ip_range": "10.0.0.0/16"}},
    "a state that there is not": {"state": "unknown"},
    "a reference to a NUL": {"attributes": {"server": ExternalRef("vm", "1\0")}},
}


def odd(item: Observed, change: dict[str, Any]) -> Observed:
    attributes = {**item.attributes, **change.get("attributes", {})}
    return replace(item, **{**change, "attributes": attributes})


def volume(name: str) -> Observed:
    return replace(observed_of(want(f"volume/{name}", size_gb=10, location="fsn1")), mark=None)


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_an_odd_stranger_is_unknown_and_the_others_are_recorded(
    world: CoreWorld, change: dict[str, Any]
) -> None:
    seen = [volume("a"), odd(volume("b"), change), volume("c")]
    result = world.look(*seen)
    assert len(result.unrecorded) == 1
    rows = world.rows(
        "SELECT external_id, presence, presence_reason IS NULL FROM resources ORDER BY external_id"
    )
    assert rows == [("ext-a", "present", True), ("ext-b", "unknown", False), ("ext-c", "present", True)]
    sizes = "SELECT count(*) FROM storage_volumes WHERE size_gb = 10"
    assert world.one(sizes) == 2, "nothing of the odd one is half written"
    again = world.look(volume("a"), volume("b"), volume("c"))
    assert (again.unrecorded, world.one(sizes)) == ((), 3), "it comes back by itself"
    assert world.rows("SELECT DISTINCT presence, presence_reason FROM resources") == [("present", None)]


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_what_was_recorded_of_ours_stays_and_nobody_may_rely_on_it(
    world: CoreWorld, change: dict[str, Any]
) -> None:
    wanted = [want(f"volume/{name}", size_gb=10, location="fsn1") for name in "ab"]
    first, second = manage(world, *wanted)
    before = world.recorded("volume/a")
    grown = replace(second, attributes={**second.attributes, "size_gb": 20})
    result = world.look(odd(first, change), grown)
    assert [str(address) for address in result.unknown] == ["volume/a"]
    assert [str(address) for address in result.changed] == ["volume/b"]
    there = world.recorded("volume/a")
    assert (there.presence, there.attributes, there.tags) == (
        Presence.UNKNOWN,
        before.attributes,
        before.tags,
    )
    assert there.presence_reason == result.unrecorded[0][1]
    assert world.recorded("volume/b").attributes["size_gb"] == 20
    history, version = world.changes(), there.version
    world.look(odd(first, change), grown)
    assert (world.changes(), world.recorded("volume/a").version) == (history, version), "said once"
    world.look(first, grown)
    assert world.recorded("volume/a").presence is Presence.PRESENT


@pytest.mark.parametrize(
    ("state", "size", "why"),
    [("available", 2**70, "size_gb is 118059"), ("spinning", 8, "its state is `spinning`")],
)
def test_an_odd_part_makes_its_whole_unknown(world: CoreWorld, state: str, size: int, why: str) -> None:
    whole = observed_of(want("vm/a", "proxmox", node="n1"))
    part = Observed("disk", "", "scsi0", state, {"slot": "scsi0", "size_gb": size})
    result = world.look(replace(whole, mark=None, parts=(part,)), endpoint="proxmox-1")
    ((address, reason),) = result.unrecorded
    assert (str(address), reason.startswith(f"disk scsi0: {why}")) == ("vm/a", True)
    assert world.rows("SELECT address, presence FROM resources") == [("vm/a", "unknown")]


def test_sizes_below_a_gib_are_recorded(world: CoreWorld) -> None:
    whole = observed_of(want("vm/a", "proxmox", node="n1"))
    part = Observed("disk", "", "efidisk0", "available", {"slot": "efidisk0", "size_mib": 4})
    assert world.look(replace(whole, mark=None, parts=(part,)), endpoint="proxmox-1").unrecorded == ()
    assert world.rows("SELECT size_gb, size_mib FROM storage_volumes") == [(None, 4)]


def test_what_refers_to_something_new_finds_it_whichever_half_it_is_in(world: CoreWorld) -> None:
    server = replace(observed_of(want("vm/z", server_type="cx22", image="i", location="fsn1")), mark=None)
    attached = odd(volume("a"), {"attributes": {"server": ExternalRef("vm", server.external_id)}})
    world.look(attached, odd(volume("m"), ODD["a check of an extension table"]), server)
    named = "SELECT value_string FROM resource_attributes WHERE value_string LIKE 'vm/%'"
    assert world.rows(named) == [("vm/z",)]


def test_what_carries_our_mark_and_cannot_be_recorded_is_in_quarantine_all_the_same(world: CoreWorld) -> None:
    (first,) = manage(world, net())
    assert first.mark is not None
    stray = replace(volume("b"), mark=Mark(OWNER, first.mark.resource), name="b\0")
    world.look(first, stray)
    rows = world.rows("SELECT management, presence FROM resources WHERE external_id = 'ext-b'")
    assert rows == [(Management.QUARANTINED.value, "unknown")]

"""What a change leaves in a configuration of the Proxmox VE simulator, and how that is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.proxmox_rig import ISO, Rig, described, refusal
from tests.contract.test_sim_proxmox_config import waiting

rig = pytest.fixture(described)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"cdrom": ISO}, f"{ISO},media=cdrom,size=600M"),
        ({"cdrom": f"{ISO},media=cdrom"}, f"{ISO},media=cdrom,size=600M"),
        ({"cdrom": "none"}, "none,media=cdrom"),
        ({"ide2": "none"}, "none,media=cdrom"),
    ],
)
def test_a_cd_is_one_at_creation_as_by_a_change(rig: Rig, given: dict[str, str], stored: str) -> None:
    rig.make_vm(101, **given)
    rig.make_vm(102)
    rig.vm(102).config.put(**given)
    assert [rig.vm(vmid).config.get()["ide2"] for vmid in (101, 102)] == [stored, stored]


@pytest.mark.parametrize(
    ("before", "change", "taken"),
    [
        ({"memory": 2048}, {"balloon": 2048}, True),
        ({"memory": 2048}, {"balloon": 2049}, False),
        ({}, {"balloon": 513}, False),
        ({"memory": 2048, "balloon": 1024}, {"memory": 512}, False),
        ({"memory": 2048, "balloon": 1024}, {"memory": 512, "balloon": 256}, True),
        ({"memory": 2048, "balloon": 1024}, {"memory": 512, "delete": "balloon"}, False),
        ({"memory": 512, "balloon": 1024}, {"cores": 2}, True),
    ],
)
def test_ballooning_cannot_leave_more_than_there_is(
    rig: Rig, before: dict[str, Any], change: dict[str, Any], taken: bool
) -> None:
    rig.make_vm(101, **before)
    if taken:
        rig.vm(101).config.put(**change)
        return
    for call in (rig.vm(101).config.put, rig.vm(101).config.post):
        assert refusal(call, **change).content == (
            "balloon value too large (must be smaller than assigned memory)"
        )


def test_a_generation_id_that_is_asked_for_is_made_anew_at_every_set(rig: Rig) -> None:
    rig.make_vm(101, vmgenid="1")
    ids = [rig.vm(101).config.get()["vmgenid"]]
    root = rig.by_password().nodes("pve1").qemu(101)
    for _ in range(2):
        root.config.put(vmgenid="1")
        ids.append(rig.vm(101).config.get()["vmgenid"])
    assert len(set(ids)) == 3
    assert all(len(one) == 36 for one in ids)


def test_what_a_machine_drops_stays_dropped_where_the_rest_is_refused(rig: Rig) -> None:
    rig.running_vm(101, cores=1)
    rig.vm(101).config.put(sockets=2)
    rig.clock.now += 60
    before = rig.vm(101).config.get()["digest"]
    assert refusal(rig.vm(101).config.put, revert="sockets", boot="order=scsi5").status_code == 500
    assert waiting(rig, 101) == {}
    assert rig.vm(101).config.get()["digest"] != before
    rig.fault("stale", method="GET", seconds=30)
    assert waiting(rig, 101) == {"sockets": 2}, "the past is as it was"


def test_a_container_drops_nothing_where_the_rest_is_refused(rig: Rig) -> None:
    rig.make_ct(200, start=1)
    rig.ct(200).config.put(nameserver="192.0.2.1")
    before = rig.state(200)
    assert refusal(rig.ct(200).config.put, revert="nameserver", unprivileged=0).status_code == 500
    assert rig.state(200) == before


def test_what_waits_is_told_in_numbers_where_it_is_a_whole_one(rig: Rig) -> None:
    rig.running_vm(101, cores=1, numa=0, cpulimit=2, memory=512)
    rig.vm(101).config.put(cores=4, numa=1, memory=1024)
    rows = {row["key"]: row for row in rig.vm(101).pending.get()}
    assert rows["cores"] == {"key": "cores", "value": 1, "pending": 4}
    assert rows["numa"] == {"key": "numa", "value": 0, "pending": 1}
    assert rows["memory"] == {"key": "memory", "value": "512", "pending": "1024"}
    assert rows["cpulimit"] == {"key": "cpulimit", "value": "2"}
    assert len(rows["digest"]["value"]) == 40
    rig.vm(101).config.put(ciupgrade=0)
    upgrade = {row["key"]: row for row in rig.vm(101).cloudinit.get()}["ciupgrade"]
    assert upgrade == {"key": "ciupgrade", "pending": 0}


def test_a_stale_read_shows_a_snapshot_as_it_was_described(rig: Rig) -> None:
    rig.make_vm(101)
    snapshots = rig.vm(101).snapshot
    for name in ("first", "second"):
        rig.done(snapshots.post(snapname=name, description="as it was"))
    rig.clock.now += 60
    snapshots("second").config.put(description="changed")
    rig.done(snapshots("first").delete())
    rig.fault("stale", method="GET", path=".*/snapshot.*", seconds=30)
    assert [(row["name"], row["description"], row.get("parent")) for row in snapshots.get()][:2] == [
        ("first", "as it was", None),
        ("second", "as it was", "first"),
    ]

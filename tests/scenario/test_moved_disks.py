"""A disk is its volume: where somebody hung it up elsewhere or took it off, it is put back, not made anew."""

from __future__ import annotations

import pytest

from tests.rigs.stage import Stage, document

STATES = ["stopped", "running"]


def web(state: str, rest: str = "") -> str:
    disks = (
        "disks: [{slot: scsi0, size: 8GiB}, {name: data, slot: scsi1, size: 4GiB, include_in_backup: false}]"
    )
    return document(
        "VirtualMachine",
        "web",
        f"endpoint: proxmox-1, memory: 1GiB, os_type: l26, power_state: {state}, {disks}",
        rest,
    )


def config(stage: Stage, address: str = "vm/web") -> dict[str, str]:
    vmid = int(stage.external_id(address))
    (guest,) = (item for item in stage.pve.state()["guests"] if item["vmid"] == vmid)
    return {key: str(value) for key, value in guest["config"].items()}


def change(stage: Stage, address: str = "vm/web", /, **what: object) -> None:
    stage.pve.change(vmid=int(stage.external_id(address)), **what)


def volume(text: str) -> str:
    return text.partition(",")[0]


def put_back(stage: Stage, slot: str, data: str, before: dict[str, str]) -> None:
    """The plan offers it, and what comes of it is what was there, with nothing destroyed and nothing made."""
    plan = stage.plan()
    (step,) = plan.steps
    (part,) = step.parts
    assert (str(part.address), part.action, step.approvals) == (f"vm/web/disk/{data}", "update", ())
    volumes = sorted(item["volid"] for item in stage.pve.state()["volumes"])
    stage.settle()
    after = config(stage)
    assert after[slot] == before[slot]
    assert not [key for key in after if key.startswith("unused")]
    assert sorted(item["volid"] for item in stage.pve.state()["volumes"]) == volumes
    sent = len(stage.pve.sent())
    stage.settle()
    assert len(stage.pve.sent()) == sent


@pytest.mark.parametrize("state", STATES)
def test_a_disk_that_was_hung_up_at_another_slot_is_put_back(proxmox: Stage, state: str) -> None:
    proxmox.want(web(state))
    proxmox.settle()
    before = config(proxmox)
    text = before["scsi1"]
    change(proxmox, op="unset", keys=["scsi1"])
    change(proxmox, op="set", set={"scsi3": volume(text)})
    assert volume(config(proxmox)["scsi3"]) == volume(text)
    put_back(proxmox, "scsi1", "data", before)


@pytest.mark.parametrize("state", STATES)
def test_a_disk_that_was_taken_off_is_put_back_as_it_was(proxmox: Stage, state: str) -> None:
    proxmox.want(web(state))
    proxmox.settle()
    before = config(proxmox)
    change(proxmox, op="unset", keys=["scsi1"])
    assert config(proxmox)["unused0"] == volume(before["scsi1"])
    put_back(proxmox, "scsi1", "data", before)


def test_a_disk_that_moved_where_another_shall_be_is_not_destroyed(proxmox: Stage) -> None:
    proxmox.want(web("stopped"))
    proxmox.settle()
    before = config(proxmox)
    change(proxmox, op="unset", keys=["scsi0", "scsi1"])
    change(proxmox, op="set", set={"scsi0": volume(before["scsi1"]), "scsi1": volume(before["scsi0"])})
    proxmox.settle()
    assert {slot: volume(config(proxmox)[slot]) for slot in ("scsi0", "scsi1")} == {
        slot: volume(before[slot]) for slot in ("scsi0", "scsi1")
    }


def test_a_strangers_spare_volume_is_no_disk_of_the_manifest(proxmox: Stage) -> None:
    proxmox.want(web("stopped"))
    proxmox.settle()
    change(proxmox, op="set", set={"scsi5": "local-lvm:2"})
    change(proxmox, op="unset", keys=["scsi5"])
    assert "unused0" in config(proxmox)
    proxmox.settle()
    assert "unused0" in config(proxmox)


def test_another_slot_in_the_manifest_moves_the_disk_with_what_is_on_it(proxmox: Stage) -> None:
    proxmox.want(web("running"))
    proxmox.settle()
    data = volume(config(proxmox)["scsi1"])
    proxmox.want(web("running").replace("slot: scsi1", "slot: virtio1"))
    proxmox.settle()
    assert volume(config(proxmox)["virtio1"]) == data
    assert "scsi1" not in config(proxmox)


@pytest.mark.parametrize("state", STATES)
def test_a_containers_mount_point_is_put_back(proxmox: Stage, state: str) -> None:
    disks = "[{slot: rootfs, size: 4GiB}, {name: data, slot: mp0, size: 2GiB, mount_path: /data}]"
    template = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
    spec = f'endpoint: proxmox-1, power_state: {state}, os_template: "{template}", disks: {disks}'
    proxmox.want(document("Container", "box", spec, "lifecycle: {allow_downtime: true}"))
    proxmox.settle()
    before = config(proxmox, "container/box")
    change(proxmox, "container/box", op="unset", keys=["mp0"], pending=state == "stopped")
    change(
        proxmox,
        "container/box",
        op="set",
        set={"mp4": f"{volume(before['mp0'])},mp=/elsewhere"},
        pending=state == "stopped",
    )
    proxmox.settle()
    after = config(proxmox, "container/box")
    assert after["mp0"] == before["mp0"]
    assert "mp4" not in after

"""Disks, mount points and guests of the Proxmox VE simulator that move: to where, and what is in the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.proxmox_rig import ISO, Rig, described, refusal

rig = pytest.fixture(described)
BOTH = "either set 'storage' or 'target-vmid', but not both"
NEITHER = "both 'storage' and 'target-vmid' missing, either needs to be set"
MODIFIED = "detected modified configuration - file changed by other user? Try again."


def to(vmid: int, **more: Any) -> dict[str, Any]:
    """The parameters that hand a volume over to another guest."""
    return {"target-vmid": vmid, **{name.replace("_", "-"): value for name, value in more.items()}}


def volumes(rig: Rig, storage: str, vmid: int) -> list[str]:
    return [row["volid"] for row in rig.node.storage(storage).content.get(vmid=vmid)]


# --- to another storage ---------------------------------------------------------------------------------


def test_an_unused_disk_moves_and_does_not_say_its_size(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.vm(101).config.put(delete="scsi0")
    rig.done(rig.vm(101).move_disk.post(disk="unused0", storage="nfs", delete=1))
    assert rig.vm(101).config.get()["unused0"] == "nfs:101/vm-101-disk-0.raw"
    assert volumes(rig, "local-lvm", 101) == []


def test_an_unused_volume_of_a_container_does_not_move(rig: Rig) -> None:
    rig.make_ct(200, mp0="local-lvm:4,mp=/data")
    rig.ct(200).config.put(delete="mp0")
    assert refusal(rig.ct(200).move_volume.post, volume="unused0", storage="nfs").content == (
        "cannot move volume 'unused0', only configured volumes can be moved to another storage"
    )


def test_a_disk_keeps_its_format_where_the_storage_has_it(rig: Rig) -> None:
    rig.make_vm(101, scsi0="nfs:8,format=qcow2")
    move = rig.vm(101).move_disk.post
    rig.done(move(disk="scsi0", storage="local", delete=1))
    assert rig.vm(101).config.get()["scsi0"] == "local:101/vm-101-disk-0.qcow2,size=8G"
    rig.done(move(disk="scsi0", storage="local-lvm", format="qcow2", delete=1))
    assert rig.vm(101).config.get()["scsi0"] == "local-lvm:vm-101-disk-0,size=8G"


def test_a_cloud_init_drive_moves_and_a_cd_does_not(rig: Rig) -> None:
    rig.make_vm(101, ide2="local-lvm:cloudinit", sata0=f"{ISO},media=cdrom")
    move = rig.vm(101).move_disk.post
    rig.done(move(disk="ide2", storage="nfs", delete=1))
    assert rig.vm(101).config.get()["ide2"] == "nfs:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M"
    assert refusal(move, disk="sata0", storage="nfs").content == "you can't move a cdrom"


def test_a_templates_disk_is_a_base_wherever_it_moves(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.done(rig.vm(101).template.post())
    rig.done(rig.vm(101).move_disk.post(disk="scsi0", storage="nfs", delete=1))
    assert rig.vm(101).config.get()["scsi0"] == "nfs:101/base-101-disk-0.raw,size=8G"


def test_what_is_in_the_way_of_a_move_is_said_at_once(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", tpmstate0="local-lvm:1", memory=512)
    rig.make_ct(200)
    move, move_volume = rig.vm(101).move_disk.post, rig.ct(200).move_volume.post
    older = "0" * 40
    assert refusal(move, disk="scsi0", storage="nfs", digest=older).content == MODIFIED
    assert refusal(move_volume, volume="rootfs", storage="nfs", digest=older).content == MODIFIED
    rig.done(rig.vm(101).snapshot.post(snapname="before"))
    rig.done(rig.ct(200).snapshot.post(snapname="before"))
    assert refusal(move, disk="scsi0", storage="nfs", delete=1).content == (
        "you can't move a disk with snapshots and delete the source"
    )
    assert refusal(move_volume, volume="rootfs", storage="nfs", delete=1).content == (
        "you can't move a volume with snapshots and delete the source"
    )
    rig.done(move_volume(volume="rootfs", storage="local-lvm"))
    rig.done(rig.vm(101).status.start.post())
    assert rig.exit_of(move(disk="tpmstate0", storage="nfs")).endswith(
        "cannot move TPM state while VM is running"
    )
    auditor = rig.by_token("auditor", "another-secret").nodes("pve1").qemu(101)
    assert refusal(auditor.move_disk.post, disk="scsi0", storage="nfs").status_code == 403


# --- to another guest -----------------------------------------------------------------------------------


def test_a_volume_moves_to_a_storage_or_to_a_guest_and_not_to_both(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.make_vm(102)
    rig.make_ct(200, mp0="local-lvm:4,mp=/data")
    rig.make_ct(201)
    move, move_volume = rig.vm(101).move_disk.post, rig.ct(200).move_volume.post
    assert refusal(move, disk="scsi0", storage="nfs", **to(102)).errors == {
        "storage": BOTH,
        "target-vmid": BOTH,
    }
    error = refusal(move_volume, volume="mp0", storage="nfs", **to(201))
    assert (error.status_code, error.content) == (500, "either set storage or target-vmid, but not both")
    for neither in (refusal(move, disk="scsi0"), refusal(move_volume, volume="mp0")):
        assert neither.errors == {"storage": NEITHER, "target-vmid": NEITHER}


def test_a_handed_over_disk_leaves_the_boot_order_and_its_task_names_both_ends(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", net0="virtio,bridge=vmbr0")
    rig.make_vm(102)
    upid = rig.vm(101).move_disk.post(disk="scsi0", **to(102, target_disk="scsi3"))
    assert upid.split(":")[5:7] == ["qmmove", "101-scsi0>102-scsi3"]
    rig.done(upid)
    assert rig.vm(101).config.get()["boot"] == "order=net0"
    assert rig.vm(102).config.get()["scsi3"] == "local-lvm:vm-102-disk-0,size=8G"
    assert volumes(rig, "local-lvm", 101) == []


def test_a_handed_over_disk_waits_where_the_other_machine_runs_and_cannot_take_it(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", scsi1="local-lvm:4")
    rig.running_vm(102)
    move = rig.vm(101).move_disk.post
    rig.done(move(disk="scsi0", **to(102)))
    rig.done(move(disk="scsi1", **to(102, target_disk="sata0")))
    assert set(rig.state(102)["pending"]) == {"sata0"}
    assert "scsi0" in rig.state(102)["current"]


def test_an_unused_disk_is_handed_over_to_a_slot_and_a_disk_to_an_unused_one(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8,ssd=1", scsi1="local-lvm:4")
    rig.make_vm(102)
    rig.vm(101).config.put(delete="scsi1")
    move = rig.vm(101).move_disk.post
    rig.done(move(disk="unused0", **to(102, target_disk="virtio0")))
    rig.done(move(disk="scsi0", **to(102, target_disk="unused7")))
    there = rig.vm(102).config.get()
    assert (there["virtio0"], there["unused7"]) == (
        "local-lvm:vm-102-disk-0,size=4G",
        "local-lvm:vm-102-disk-1",
    )


def test_what_is_in_the_way_of_handing_over_a_disk(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8,ssd=1", ide2=f"{ISO},media=cdrom")
    rig.make_vm(102, scsi0="local-lvm:4")
    rig.make_ct(200)
    move = rig.vm(101).move_disk.post
    older = "0" * 40

    def told(disk: str, **more: Any) -> str:
        return str(refusal(move, disk=disk, **more).content)

    assert told("scsi0", **to(102, digest=older)) == f"VM 101: {MODIFIED}"
    assert told("scsi0", **to(102, target_digest=older)) == f"VM 102: {MODIFIED}"
    assert told("scsi0", **to(999)) == "could not find target VM 999"
    assert told("scsi0", **to(200)) == "Configuration file 'nodes/pve1/qemu-server/200.conf' does not exist"
    assert told("scsi0", **to(102)) == "Target disk key 'scsi0' is already in use for VM '102'"
    assert told("scsi5", **to(102)) == "Disk 'scsi5' for VM '101' does not exist"
    assert told("ide2", **to(102)) == "CD drive contents can't be moved to another VM"
    assert told("scsi0", **to(102, target_disk="virtio0")).startswith(
        "failed to parse source disk for target disk format"
    )
    assert refusal(move, disk="scsi0", **to(101)).errors == {
        "target-vmid": "must be different than source VMID to reassign disk"
    }
    rig.done(rig.vm(101).snapshot.post(snapname="before"))
    assert told("scsi0", **to(102, target_disk="scsi1")) == "Can't move disk used by a snapshot to another VM"


def test_what_is_in_the_way_of_handing_over_a_mount_point(rig: Rig) -> None:
    rig.make_ct(200, mp0="local-lvm:4,mp=/data")
    rig.make_ct(201, mp0="local-lvm:4,mp=/data")
    move = rig.ct(200).move_volume.post
    older = "0" * 40

    def told(volume: str, **more: Any) -> str:
        return str(refusal(move, volume=volume, **more).content)

    assert told("rootfs", **to(201)) == "Cannot move to/from 'rootfs'"
    assert told("unused0", **to(201, target_volume="mp1")) == (
        "Moving an unused volume to a used one is not possible"
    )
    assert told("mp0", **to(201, digest=older)) == f"Container 200: {MODIFIED}"
    assert told("mp0", **to(201, target_digest=older)) == f"Container 201: {MODIFIED}"
    assert told("mp3", **to(201)) == "volume 'mp3' for container '200' does not exist"
    assert told("mp0", **to(201)) == "Target volume key 'mp0' is already in use for container '201'"
    rig.done(move(volume="mp0", **to(201, target_volume="mp1")))
    assert rig.ct(201).config.get()["mp1"] == "local-lvm:vm-201-disk-2,mp=/data,size=4G"


# --- to another node ------------------------------------------------------------------------------------


def test_a_container_that_migrates_is_shut_down_and_started_with_what_waited(rig: Rig) -> None:
    rig.make_ct(200, rootfs="nfs:8", start=1)
    rig.ct(200).config.put(nameserver="192.0.2.1")
    assert rig.state(200)["pending"] == {"nameserver": "192.0.2.1"}
    migrate = rig.ct(200).migrate.post
    assert rig.exit_of(migrate(target="pve2", online=1, restart=1)) == (
        "lxc live migration is currently not implemented"
    )
    rig.change(op="ignore_shutdown", vmid=200)
    assert rig.exit_of(migrate(target="pve2", restart=1)) == "container did not stop"
    rig.change(op="ignore_shutdown", vmid=200, value=False)
    rig.clock.now += 60
    rig.done(migrate(target="pve2", restart=1))
    now = rig.state(200)
    assert (now["node"], now["status"], now["pending"]) == ("pve2", "running", {})
    assert now["current"]["nameserver"] == "192.0.2.1"
    assert rig.pve.nodes("pve2").lxc(200).status.current.get()["uptime"] == 1, "it was started anew"

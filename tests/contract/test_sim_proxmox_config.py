"""Changing configurations in the Proxmox VE simulator: what is live, what waits, what is refused, and how
property strings are read and written."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sim.proxmox.strings import format_size, normalise_tags, parse_size
from reconciler.sim.proxmox.types.lxc import formats as of_container
from reconciler.sim.proxmox.types.qemu import formats as of_machine
from tests.contract.proxmox_rig import ISO, Rig, described, refusal

rig = pytest.fixture(described)


def waiting(rig: Rig, vmid: int, kind: str = "qemu") -> dict[str, Any]:
    """The pending changes: the new value, or the mark of a removal."""
    guest = rig.vm(vmid) if kind == "qemu" else rig.ct(vmid)
    return {
        entry["key"]: entry.get("pending", entry.get("delete"))
        for entry in guest.pending.get()
        if "pending" in entry or "delete" in entry
    }


# --- strings -------------------------------------------------------------------------------------------


def test_a_drive_is_printed_with_its_volume_first_and_its_keys_by_name() -> None:
    scsi = of_machine.DRIVES["scsi"]
    assert (
        scsi.print(scsi.parse("ssd=on,file=a:b,iothread=1,discard=on")) == "a:b,discard=on,iothread=1,ssd=1"
    )
    assert scsi.parse("volume=a:b,iops_rd_length=5") == {"file": "a:b", "iops_rd_max_length": "5"}


def test_a_nic_may_be_written_in_two_ways_and_is_printed_in_one() -> None:
    nic = of_machine.NIC
    for text in (
        "virtio=02:00:00:00:00:01,bridge=vmbr0",
        "bridge=vmbr0,macaddr=02:00:00:00:00:01,model=virtio",
    ):
        assert nic.print(nic.parse(text)) == "virtio=02:00:00:00:00:01,bridge=vmbr0"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bridge=vmbr0", "model: property is missing"),
        ("virtio,virtio", "duplicate key"),
        ("virtio,tag=5000", "tag: value must have a maximum value of 4094"),
        ("virtio=03:00:00:00:00:01", "macaddr: value does not match"),
    ],
)
def test_a_wrong_nic_says_which_key_is_wrong(text: str, problem: str) -> None:
    assert problem in str(of_machine.NIC.check(text))


def test_sizes_and_tags_are_normalised() -> None:
    assert [format_size(parse_size(text)) for text in ("1024G", "32G", "1536M", "528K", "7")] == [
        "1T",
        "32G",
        "1536M",
        "528K",
        "7",
    ]
    assert normalise_tags("b,A;c a") == "a;b;c"


# --- a stopped machine ---------------------------------------------------------------------------------


def test_a_stopped_machine_takes_every_change_at_once(rig: Rig) -> None:
    rig.make_vm(101, cores=1, net0="virtio,bridge=vmbr0")
    before = rig.vm(101).config.get()
    assert rig.vm(101).config.put(cores=4, bios="ovmf", delete="net0", digest=before["digest"]) is None
    after = rig.vm(101).config.get()
    assert (after["cores"], after["bios"], "net0" in after) == (4, "ovmf", False)
    assert after["boot"] == " "
    assert after["digest"] != before["digest"]
    assert waiting(rig, 101) == {}


def test_a_change_resting_on_an_older_digest_is_refused(rig: Rig) -> None:
    rig.make_vm(101, cores=1)
    old = rig.vm(101).config.get()["digest"]
    rig.vm(101).config.put(cores=2)
    text = "checksum mismatch (file change by other user?)"
    assert refusal(rig.vm(101).config.put, cores=3, digest=old).content == text
    assert rig.exit_of(rig.vm(101).resize.put(disk="scsi0", size="1G", digest=old)).startswith(
        "checksum mismatch"
    )
    assert rig.state(101)["config"]["cores"] == 2


def test_a_background_change_is_a_task_unless_it_is_waited_for(rig: Rig) -> None:
    rig.make_vm(101)
    upid = rig.vm(101).config.post(cores=2, scsi0="local-lvm:8")
    assert upid.split(":")[5] == "qmconfig"
    rig.done(upid)
    assert rig.vm(101).config.post(cores=3, background_delay=5) is None
    assert rig.state(101)["config"]["cores"] == 3
    assert rig.exit_of(rig.vm(101).config.post(scsi1="local-lvm:vm-1-disk-9")).endswith("does not exist")


def test_a_change_without_options_or_with_contradictions_is_refused(rig: Rig) -> None:
    rig.make_vm(101, cores=1)
    put = rig.vm(101).config.put
    assert refusal(put).content == "no options specified"
    assert refusal(put, delete="bogus").errors == {"delete": "unknown option 'bogus'"}
    assert "at the same time" in refusal(put, delete="cores", cores=2).errors["delete"]
    assert refusal(put, boot="order=scsi5").content == "invalid bootorder: device 'scsi5' does not exist'"
    assert refusal(put, args="-x").content == "only root can set 'args' config"
    assert refusal(put, skiplock=1, cores=2).errors == {"skiplock": "Only root may use this option."}
    put(delete="description")  # not set: not an error
    rig.by_password().nodes("pve1").qemu(101).config.put(args="-x")
    assert rig.state(101)["config"]["args"] == "-x"


def test_a_refused_change_changes_nothing_and_leaves_no_volume(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    before = rig.state(101)
    error = refusal(rig.vm(101).config.put, scsi1="local-lvm:4", scsi2="local-lvm:vm-1-disk-0")
    assert error.content == "volume 'local-lvm:vm-1-disk-0' does not exist"
    assert rig.state(101) == before
    assert len(rig.node.storage("local-lvm").content.get(vmid=101)) == 1


def test_a_detached_disk_stays_as_unused_until_it_is_removed(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", scsi1="local-lvm:4,serial=abc")
    rig.vm(101).config.put(delete="scsi1")
    assert rig.vm(101).config.get()["unused0"] == "local-lvm:vm-101-disk-1"
    rig.vm(101).config.put(virtio3="local-lvm:vm-101-disk-1")
    config = rig.vm(101).config.get()
    assert (config["virtio3"], "unused0" in config) == ("local-lvm:vm-101-disk-1,size=4G", False)
    rig.vm(101).config.put(delete="virtio3")
    rig.vm(101).config.put(delete="unused0")
    rig.vm(101).unlink.put(idlist="scsi0", force=1)
    assert rig.node.storage("local-lvm").content.get(vmid=101) == []
    assert not [key for key in rig.vm(101).config.get() if key.startswith(("unused", "scsi"))]


def test_a_disk_that_a_snapshot_needs_is_not_destroyed(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.done(rig.vm(101).snapshot.post(snapname="before"))
    rig.vm(101).config.put(delete="scsi0")
    assert "still in use (snapshot?)" in refusal(rig.vm(101).config.put, delete="unused0").content
    assert rig.vm(101).config.get()["unused0"] == "local-lvm:vm-101-disk-0"


def test_replacing_a_disk_puts_the_old_one_aside(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.vm(101).config.put(scsi0="nfs:16")
    config = rig.vm(101).config.get()
    assert (config["scsi0"], config["unused0"]) == (
        "nfs:101/vm-101-disk-0.raw,size=16G",
        "local-lvm:vm-101-disk-0",
    )


def test_a_protected_machine_keeps_its_disks(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", protection=1)
    assert refusal(rig.vm(101).config.put, delete="scsi0").content == (
        "can't remove drive 'scsi0' - protection mode enabled"
    )


# --- a running machine ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "change", "live"),
    [
        ({}, {"name": "other", "description": "x", "tags": "a", "onboot": 1, "ciuser": "me"}, True),
        ({}, {"cpulimit": 2, "cpuunits": 50, "shares": 10}, True),
        ({}, {"cores": 4}, False),
        ({}, {"memory": "4096"}, False),
        ({"hotplug": "memory"}, {"memory": "4096"}, False),
        ({"hotplug": "memory", "numa": 1}, {"memory": "4096"}, True),
        ({"cores": 4}, {"vcpus": 2}, False),
        ({"cores": 4, "hotplug": "cpu"}, {"vcpus": 2}, True),
        ({}, {"balloon": 256}, True),
        ({}, {"balloon": 0}, False),
        ({}, {"agent": "1"}, False),
        ({"agent": "1"}, {"agent": "1,fstrim_cloned_disks=1"}, True),
        ({}, {"hotplug": "disk"}, True),
        ({}, {"hotplug": "disk,cpu"}, False),
        ({}, {"tablet": 0}, True),
        ({}, {"usb0": "spice"}, False),
        ({"ostype": "l26"}, {"usb0": "spice"}, True),
        ({}, {"net0": "virtio,bridge=vmbr0"}, True),
        ({"hotplug": "0"}, {"net0": "virtio,bridge=vmbr0"}, False),
        ({"net0": "virtio=02:00:00:00:00:01,bridge=vmbr0", "hotplug": "0"},
         {"net0": "virtio=02:00:00:00:00:01,bridge=vmbr1,tag=5"}, True),
        ({"net0": "virtio=02:00:00:00:00:01,bridge=vmbr0", "hotplug": "0"},
         {"net0": "e1000=02:00:00:00:00:01,bridge=vmbr0"}, False),
        ({}, {"scsi1": "local-lvm:4"}, True),
        ({"hotplug": "0"}, {"scsi1": "local-lvm:4"}, False),
        ({}, {"sata1": "local-lvm:4"}, False),
        ({"scsi1": "local-lvm:4"}, {"scsi1": "local-lvm:vm-101-disk-0,iops=100,backup=0"}, True),
        ({"scsi1": "local-lvm:4"}, {"scsi1": "local-lvm:vm-101-disk-0,ssd=1"}, False),
        ({"ide2": f"{ISO},media=cdrom"}, {"ide2": "none,media=cdrom"}, True),
    ],
)  # fmt: skip
def test_a_running_machine_takes_at_once_what_it_can(
    rig: Rig, before: dict[str, Any], change: dict[str, Any], live: bool
) -> None:
    rig.running_vm(101, **before)
    old = rig.vm(101).config.get(current=1)
    rig.vm(101).config.put(**change)
    left = waiting(rig, 101)
    assert set(left) == (set() if live else set(change))
    for key in change:
        if not live:
            assert rig.vm(101).config.get(current=1).get(key) == old.get(key)
        assert rig.vm(101).config.get().get(key) != old.get(key)


def test_what_waits_takes_effect_by_a_reboot_but_not_by_a_reset(rig: Rig) -> None:
    rig.running_vm(101, cores=1, bios="ovmf")
    rig.vm(101).config.put(cores=4, delete="bios")
    assert waiting(rig, 101) == {"cores": 4, "bios": 1}
    rig.done(rig.vm(101).status.reset.post())
    assert waiting(rig, 101) == {"cores": 4, "bios": 1}
    rig.done(rig.vm(101).status.reboot.post())
    assert waiting(rig, 101) == {}
    assert (rig.state(101)["current"]["cores"], "bios" in rig.state(101)["current"]) == (4, False)


def test_what_waits_takes_effect_by_a_stop_and_can_be_reverted_before(rig: Rig) -> None:
    rig.running_vm(101, cores=1)
    rig.vm(101).config.put(cores=4, sockets=2, sata1="local-lvm:4")
    rig.vm(101).config.put(revert="cores,sata1")
    assert waiting(rig, 101) == {"sockets": 2}
    assert rig.vm(101).config.get()["unused0"] == "local-lvm:vm-101-disk-0"
    rig.done(rig.vm(101).status.stop.post())
    assert (rig.state(101)["current"]["cores"], rig.state(101)["current"]["sockets"]) == (1, 2)


def test_setting_the_present_value_again_is_no_pending_change(rig: Rig) -> None:
    rig.running_vm(101, cores=2)
    rig.vm(101).config.put(cores=4)
    rig.vm(101).config.put(cores=2)
    assert waiting(rig, 101) == {}


def test_a_drive_cannot_become_a_cd_drive_while_the_machine_runs(rig: Rig) -> None:
    rig.running_vm(101, scsi1="local-lvm:4")
    error = refusal(rig.vm(101).config.put, scsi1=f"{ISO},media=cdrom")
    assert error.errors == {"scsi1": "hotplug problem - unable to change media type"}


# --- a container ---------------------------------------------------------------------------------------


def test_a_running_container_takes_its_limits_at_once_and_its_features_later(rig: Rig) -> None:
    rig.make_ct(200, mp0="local-lvm:4,mp=/data", start=1)
    put = rig.ct(200).config.put
    put(memory=1024, swap=0, cores=2, hostname="other", net0="name=eth0,bridge=vmbr0", mp1="nfs:4,mp=/more")
    assert waiting(rig, 200, "lxc") == {}
    put(features="nesting=1", nameserver="192.0.2.1", delete="mp0")
    assert waiting(rig, 200, "lxc") == {"features": "nesting=1", "nameserver": "192.0.2.1", "mp0": 1}
    rig.done(rig.ct(200).status.reboot.post())
    current = rig.state(200)["current"]
    assert (current["features"], current["unused0"], "mp0" in current) == (
        "nesting=1",
        "local-lvm:vm-200-disk-1",
        False,
    )


def test_what_a_container_cannot_change_is_refused(rig: Rig) -> None:
    rig.make_ct(200, protection=1)
    put = rig.ct(200).config.put
    assert refusal(put, unprivileged=0).content == "unable to modify read-only option: 'unprivileged'"
    assert refusal(put, delete="unprivileged").content == "unable to delete read-only option: 'unprivileged'"
    for option in ("rootfs", "memory", "ostype"):
        assert refusal(put, delete=option).content == f"unable to delete required option '{option}'"
    assert refusal(put, mp0="local-lvm:4,mp=/data").content == (
        "can't update CT 200 drive 'mp0' - protection mode enabled"
    )
    assert "mp: property is missing" in refusal(put, mp0="local-lvm:4").errors["mp0"]


@pytest.mark.parametrize("text", ["gw=10.0.0.1", "ip=10.0.0.5/24,gw6=2001:db8::1"])
def test_a_machines_gateway_needs_an_address_of_its_kind(text: str) -> None:
    with pytest.raises(ValueError, match="requires this property"):
        of_machine.IPCONFIG.parse(text)
    of_container.NIC.parse(f"name=eth0,{text}")

"""Virtual machines of the Proxmox VE simulator through the official client: every operation, its result in
the world, its refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.proxmox_rig import CT_TEMPLATE, IMAGE, ISO, Rig, described, refusal

NET = "virtio,bridge=vmbr0"


rig = pytest.fixture(described)


def test_a_machine_is_made_with_what_was_asked_for_and_what_the_server_adds(rig: Rig) -> None:
    upid = rig.node.qemu.post(
        vmid=101,
        name="web-1",
        memory=2048,
        cores=2,
        scsi0="local-lvm:32,ssd=1,discard=on",
        ide2="local-lvm:cloudinit",
        net0=f"{NET},tag=10",
        tags="Web;prod,web",
        onboot=True,
        cipassword="not-shown",
        sshkeys="ssh-ed25519%20AAAA",
        description="first\n",
    )
    parts = upid.split(":")
    assert len(parts) == 9
    assert (parts[0], parts[1], parts[5], parts[6]) == ("UPID", "pve1", "qmcreate", "101")
    assert (parts[7], parts[8]) == ("reconciler@pve!demo", "")
    assert all(len(number) == 8 and int(number, 16) >= 0 for number in parts[2:5])
    rig.done(upid)
    config = rig.vm(101).config.get()
    assert config["scsi0"] == "local-lvm:vm-101-disk-0,discard=on,size=32G,ssd=1"
    assert config["ide2"] == "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"
    assert config["net0"].startswith("virtio=BC:24:11:")
    assert config["net0"].endswith(",bridge=vmbr0,tag=10")
    assert (config["memory"], config["cores"], config["onboot"]) == ("2048", 2, 1)
    assert (config["tags"], config["description"]) == ("prod;web", "first")
    assert (config["cipassword"], config["sshkeys"]) == ("**********", "ssh-ed25519%20AAAA")
    assert config["boot"] == "order=scsi0;net0"
    assert {"smbios1", "vmgenid", "meta", "digest"} <= set(config)
    volumes = rig.node.storage("local-lvm").content.get(vmid=101)
    assert [volume["volid"] for volume in volumes] == [
        "local-lvm:vm-101-cloudinit",
        "local-lvm:vm-101-disk-0",
    ]
    row = next(row for row in rig.pve.cluster.resources.get(type="vm") if row["vmid"] == 101)
    assert (row["name"], row["maxmem"], row["maxdisk"], row["maxcpu"]) == ("web-1", 2 << 30, 32 << 30, 2)
    assert (row["status"], row["template"], row["tags"]) == ("stopped", 0, "prod;web")


def test_every_drive_kind_gets_its_volume(rig: Rig) -> None:
    rig.make_vm(
        101,
        bios="ovmf",
        efidisk0="local-lvm:1,efitype=4m,pre-enrolled-keys=1",
        tpmstate0="local-lvm:1,version=v2.0",
        virtio0="nfs:8,format=qcow2",
        sata0=f"local:0,import-from={IMAGE}",
        ide2=f"{ISO},media=cdrom",
        virtiofs0="dirid=shared",
    )
    config = rig.vm(101).config.get()
    assert config["efidisk0"] == "local-lvm:vm-101-disk-0,efitype=4m,pre-enrolled-keys=1,size=4M"
    assert config["tpmstate0"] == "local-lvm:vm-101-disk-1,size=4M,version=v2.0"
    assert config["virtio0"] == "nfs:101/vm-101-disk-0.qcow2,size=8G"
    assert config["sata0"] == "local:101/vm-101-disk-0.raw,size=3G"
    assert config["ide2"] == f"{ISO},media=cdrom,size=600M"


def test_a_machine_that_exists_cannot_be_made_again_not_even_on_another_node(rig: Rig) -> None:
    rig.make_vm(101)
    text = "unable to create VM 101 - VM 101 already exists on node 'pve1'"
    assert refusal(rig.node.qemu.post, vmid=101).content == text
    assert refusal(rig.pve.nodes("pve2").qemu.post, vmid=101).content == text
    assert refusal(rig.node.lxc.post, vmid=101, ostemplate=CT_TEMPLATE, storage="local-lvm").content == (
        "unable to create CT 101 - VM 101 already exists on node 'pve1'"
    )


def test_wrong_parameters_are_named_one_by_one(rig: Rig) -> None:
    error = refusal(
        rig.node.qemu.post,
        vmid=99,
        bogus=1,
        cores=0,
        onboot="maybe",
        bios="x",
        net0="virtio,speed=1",
        name="a_b",
    )
    assert (error.status_code, error.content) == (400, "Parameter verification failed.")
    assert error.errors["vmid"] == "value must have a minimum value of 100"
    assert error.errors["bogus"].startswith("property is not defined in schema")
    assert error.errors["cores"] == "value must have a minimum value of 1"
    assert error.errors["onboot"] == "type check ('boolean') failed - got 'maybe'"
    assert error.errors["bios"].startswith(
        "value 'x' does not have a value in the enumeration 'seabios, ovmf'"
    )
    assert error.errors["net0"].startswith("invalid format - format error\nspeed: property is not defined")
    assert error.errors["name"] == "invalid format - value does not look like a valid DNS name"
    assert rig.state(99) is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"ide2": "local:iso/none.iso,media=cdrom"}, "volume 'local:iso/none.iso' does not exist"),
        ({"scsi0": "local-lvm:8", "virtio0": "local-lvm:8,format=qcow2"}, "unsupported format 'qcow2'"),
    ],
)
def test_a_creation_that_fails_in_its_task_leaves_nothing(rig: Rig, options: Any, text: str) -> None:
    upid = rig.node.qemu.post(vmid=101, **options)
    assert rig.exit_of(upid).startswith(f"unable to create VM 101 - {text}")
    assert rig.state(101) is None
    assert rig.node.storage("local-lvm").content.get(vmid=101) == []
    assert rig.node.tasks(upid).log.get()[-1]["t"].startswith("TASK ERROR: unable to create VM 101")


def test_storage_mistakes_are_refused_at_once(rig: Rig) -> None:
    assert refusal(rig.node.qemu.post, vmid=101, scsi0="nowhere:8").content == (
        "storage 'nowhere' does not exist"
    )
    assert refusal(rig.node.qemu.post, vmid=101, scsi0=ISO).errors == {
        "scsi0": "explicit 'media=cdrom' is required for iso images"
    }
    assert (
        "import-from"
        in refusal(rig.node.qemu.post, vmid=101, scsi0=f"nfs:8,import-from={IMAGE}").errors["scsi0"]
    )


def test_power_goes_through_every_state(rig: Rig) -> None:
    rig.make_vm(101, memory=1024)
    vm = rig.vm(101)
    assert refusal(vm.status.reboot.post).content == "VM 101 not running"
    rig.done(vm.status.start.post())
    now = vm.status.current.get()
    assert (now["status"], now["qmpstatus"], now["mem"] > 0, now["uptime"] > 0) == (
        "running",
        "running",
        True,
        True,
    )
    assert rig.exit_of(vm.status.start.post()) == "VM 101 already running"
    pause = vm.status.suspend.post()
    assert pause.split(":")[5] == "qmpause"
    rig.done(pause)
    assert vm.status.current.get()["qmpstatus"] == "paused"
    for power in ("shutdown", "reboot"):
        assert refusal(vm.status(power).post).content == "VM is paused - cannot shutdown"
    rig.done(vm.status.resume.post())
    for power in ("reset", "reboot"):
        rig.done(vm.status(power).post())
        assert vm.status.current.get()["status"] == "running"
    rig.done(vm.status.shutdown.post())
    assert vm.status.current.get()["status"] == "stopped"
    rig.done(vm.status.start.post())
    rig.done(vm.status.suspend.post(todisk=1))
    assert vm.status.current.get()["lock"] == "suspended"
    rig.done(vm.status.resume.post())
    rig.done(vm.status.stop.post())
    assert rig.state(101)["status"] == "stopped"


def test_a_guest_that_does_not_listen_is_stopped_only_by_force(rig: Rig) -> None:
    rig.running_vm(101)
    rig.change(op="ignore_shutdown", vmid=101)
    assert rig.exit_of(rig.vm(101).status.shutdown.post()) == "VM quit/powerdown failed - got timeout"
    assert rig.state(101)["status"] == "running"
    rig.done(rig.vm(101).status.shutdown.post(forceStop=1))
    assert rig.state(101)["status"] == "stopped"


def test_a_machine_is_deleted_only_when_stopped_and_unprotected(rig: Rig) -> None:
    rig.pve.pools.post(poolid="web")
    rig.running_vm(101, scsi0="local-lvm:8", protection=1, pool="web")
    assert refusal(rig.vm(101).delete).content == "can't remove VM 101 - protection mode enabled"
    rig.vm(101).config.put(protection=0)
    assert refusal(rig.vm(101).delete).content == "VM 101 is running - destroy failed"
    rig.done(rig.vm(101).status.stop.post())
    rig.done(rig.vm(101).delete(**{"purge": 1, "destroy-unreferenced-disks": 1}))
    assert rig.state(101) is None
    assert rig.node.storage("local-lvm").content.get(vmid=101) == []
    assert rig.pve.pools.get(poolid="web")[0]["members"] == []


def test_a_disk_grows_and_never_shrinks(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", ide2=f"{ISO},media=cdrom")
    resize = rig.vm(101).resize.put
    rig.done(resize(disk="scsi0", size="+2G"))
    rig.done(resize(disk="scsi0", size="16G"))
    assert rig.vm(101).config.get()["scsi0"] == "local-lvm:vm-101-disk-0,size=16G"
    assert rig.exit_of(resize(disk="scsi0", size="8G")) == "shrinking disks is not supported"
    assert rig.exit_of(resize(disk="scsi1", size="8G")) == "disk 'scsi1' does not exist"
    assert rig.exit_of(resize(disk="ide2", size="8G")) == "you can't resize a cdrom"


def test_a_disk_moves_to_another_storage_and_to_another_machine(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.make_vm(102)
    move = rig.vm(101).move_disk.post
    rig.done(move(disk="scsi0", storage="nfs", format="qcow2"))
    config = rig.vm(101).config.get()
    assert config["scsi0"] == "nfs:101/vm-101-disk-0.qcow2,size=8G"
    assert config["unused0"] == "local-lvm:vm-101-disk-0"
    rig.done(move(disk="scsi0", storage="local-lvm", delete=1))
    assert rig.pve.nodes("pve1").storage("nfs").content.get(vmid=101) == []
    assert "same storage" in refusal(move, disk="scsi0", storage="local-lvm").content
    assert set(refusal(move, disk="scsi0").errors) == {"storage", "target-vmid"}
    rig.done(move(disk="scsi0", **{"target-vmid": 102, "target-disk": "scsi3"}))
    assert "scsi0" not in rig.vm(101).config.get()
    assert rig.vm(102).config.get()["scsi3"] == "local-lvm:vm-102-disk-0,size=8G"


def test_a_template_cannot_be_started_and_takes_its_disks_along(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local:8")
    rig.done(rig.vm(101).template.post())
    assert rig.vm(101).config.get()["scsi0"] == "local:101/base-101-disk-0.raw,size=8G"
    assert rig.exit_of(rig.vm(101).status.start.post()) == "you can't start a vm if it's a template"
    assert refusal(rig.vm(101).template.post).content == "you can't convert a template to a template"
    rig.done(rig.vm(101).clone.post(newid=102))
    assert rig.vm(102).config.get()["scsi0"].startswith("local:101/base-101-disk-0.raw/102/vm-102-disk-0.raw")
    assert "still in use by linked clones" in rig.exit_of(rig.vm(101).delete())
    assert rig.state(101) is not None


def test_a_clone_takes_tags_and_description_over_and_its_task_names_the_source(rig: Rig) -> None:
    rig.pve.pools.post(poolid="web")
    upid = rig.vm(9000).clone.post(newid=101, name="web-1", full=1, storage="nfs", pool="web", target="pve1")
    assert upid.split(":")[5:7] == ["qmclone", "9000"]
    rig.done(upid)
    source, clone = rig.vm(9000).config.get(), rig.vm(101).config.get()
    assert (clone["name"], clone["tags"], clone["description"]) == (
        "web-1",
        "template",
        source["description"],
    )
    assert "template" not in clone
    assert clone["scsi0"] == "nfs:101/vm-101-disk-0.raw,size=10G"
    assert clone["ide2"].startswith("nfs:101/vm-101-cloudinit.qcow2,media=cdrom")
    for own in ("net0", "smbios1", "vmgenid"):
        assert clone[own] != source[own]
    assert [member["vmid"] for member in rig.pve.pools.get(poolid="web")[0]["members"]] == [101]
    rig.done(rig.vm(9000).clone.post(newid=102, description="mine"))
    linked = rig.vm(102).config.get()
    assert (linked["name"], linked["description"]) == ("Copy-of-VM-debian-12-template", "mine")
    assert linked["scsi0"] == "local-lvm:vm-102-disk-0,size=10G"


def test_a_clone_is_refused_where_it_cannot_be(rig: Rig) -> None:
    clone = rig.vm(9000).clone.post
    rig.make_vm(101)
    assert refusal(clone, newid=101).content == "unable to create VM 101: config file already exists"
    assert refusal(clone, newid=102, storage="nfs").content == (
        "parameter 'storage' not allowed for linked clones"
    )
    assert refusal(clone, newid=102, target="pve2").content == (
        "can't clone VM to node 'pve2' (VM uses local storage)"
    )
    assert refusal(clone, newid=102, pool="none").content == (
        "Permission check failed (pool 'none' does not exist)"
    )


def test_a_machine_migrates_with_its_local_disks(rig: Rig) -> None:
    rig.running_vm(101, scsi0="local-lvm:8")
    migrate = rig.vm(101).migrate.post
    assert rig.vm(101).migrate.get()["local_disks"][0]["volid"] == "local-lvm:vm-101-disk-0"
    assert refusal(migrate, target="pve2").content == "can't migrate running VM without --online"
    assert refusal(migrate, target="pve1", online=1).errors == {"target": "target is local node."}
    assert rig.exit_of(migrate(target="pve2", online=1)) == "migration aborted"
    rig.done(migrate(target="pve2", online=1, **{"with-local-disks": 1}))
    there = rig.pve.nodes("pve2")
    assert there.qemu(101).status.current.get()["status"] == "running"
    assert [row["volid"] for row in there.storage("local-lvm").content.get()] == ["local-lvm:vm-101-disk-0"]
    assert rig.node.storage("local-lvm").content.get(vmid=101) == []


def test_snapshots_of_a_machine_keep_and_give_back_the_configuration(rig: Rig) -> None:
    rig.make_vm(101, cores=1)
    snapshots = rig.vm(101).snapshot
    rig.done(snapshots.post(snapname="before", description="first"))
    rig.vm(101).config.put(cores=4)
    rig.done(snapshots.post(snapname="after"))
    assert [(row["name"], row.get("parent")) for row in snapshots.get()] == [
        ("before", None),
        ("after", "before"),
        ("current", "after"),
    ]
    assert rig.exit_of(snapshots.post(snapname="after")) == "snapshot name 'after' already used"
    snapshots("before").config.put(description="renamed")
    assert snapshots("before").config.get()["description"] == "renamed"
    assert rig.vm(101).config.get(snapshot="before")["cores"] == 1
    rig.done(snapshots("before").rollback.post(start=1))
    assert (rig.state(101)["config"]["cores"], rig.state(101)["status"]) == (1, "running")
    rig.done(snapshots("before").delete())
    assert [(row["name"], row.get("parent")) for row in snapshots.get()] == [
        ("after", None),
        ("current", None),
    ]
    assert refusal(snapshots("before").config.get).content == "snapshot 'before' does not exist"


def test_cloud_init_values_wait_for_the_drive_to_be_made_anew(rig: Rig) -> None:
    rig.running_vm(101, ide2="local-lvm:cloudinit", ciuser="one", cipassword="hidden", ipconfig0="ip=dhcp")
    rig.vm(101).config.put(ciuser="two", delete="ipconfig0")
    entries = {entry["key"]: entry for entry in rig.vm(101).cloudinit.get()}
    assert entries["ciuser"] == {"key": "ciuser", "value": "one", "pending": "two"}
    assert entries["ipconfig0"] == {"key": "ipconfig0", "value": "ip=dhcp", "delete": 1}
    assert entries["cipassword"]["value"] == "**********"
    rig.vm(101).cloudinit.put()
    assert {entry["key"]: entry.get("pending") for entry in rig.vm(101).cloudinit.get()} == {
        "ciuser": None,
        "cipassword": None,
    }

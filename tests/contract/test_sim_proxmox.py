"""The official client against the Proxmox VE simulator: every operation, its result in the world, its
refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmox_rig import CT_TEMPLATE, IMAGE, ISO, SPEC, Rig, refusal, running, violations
from proxmoxer.core import AuthenticationError

from reconciler.sim.tls import server_context

NET = "virtio,bridge=vmbr0"


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.getbasetemp() / "tls") as rig:
        yield rig
        if SPEC.exists():
            assert [text for exchange in rig.api.exchanges for text in violations(exchange)] == []


# --- TLS, login, permissions ---------------------------------------------------------------------------


def test_a_certificate_is_used_again_and_a_spoilt_one_is_made_anew(tmp_path: Path) -> None:
    server_context(tmp_path)
    first = (tmp_path / "ca.pem").read_bytes()
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    server_context(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == first
    (tmp_path / "cert.pem").write_bytes(first)
    server_context(tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() != first


def test_a_password_login_may_read_and_write(rig: Rig) -> None:
    root = rig.by_password()
    root.pools.post(poolid="web")
    assert root.pools.get() == [{"poolid": "web"}]


def test_a_wrong_password_or_token_is_refused(rig: Rig) -> None:
    with pytest.raises(AuthenticationError):
        rig.client(user="root@pam", password="wrong")
    assert refusal(rig.by_token(secret="wrong").version.get).status_code == 401


def test_a_write_with_a_ticket_needs_the_csrf_token(rig: Rig) -> None:
    rig.by_password()
    url = f"https://127.0.0.1:{rig.server.port}/api2/json"
    with requests.Session() as session:
        session.trust_env = False
        login = {"username": "root@pam", "password": "of-the-simulator"}
        ticket = session.post(f"{url}/access/ticket", data=login, verify=str(rig.ca)).json()["data"]["ticket"]
        cookies = {"PVEAuthCookie": ticket}
        answer = session.post(f"{url}/pools", data={"poolid": "a"}, cookies=cookies, verify=str(rig.ca))
    assert (answer.status_code, answer.reason) == (401, "Permission denied - invalid csrf token")
    assert rig.pve.pools.get() == []


def test_an_old_ticket_is_refused(rig: Rig) -> None:
    root = rig.by_password()
    rig.clock.now += 7201
    assert refusal(root.version.get).status_code == 401


def test_permissions_say_what_a_token_may_do_and_calls_agree(rig: Rig) -> None:
    auditor = rig.by_token("auditor", "another-secret")
    assert auditor.access.permissions.get(path="/vms/9000")["/vms/9000"]["VM.Audit"] == 1
    assert "VM.Allocate" not in auditor.access.permissions.get()["/"]
    assert [row["vmid"] for row in auditor.cluster.resources.get(type="vm")] == [9000]
    error = refusal(auditor.nodes("pve1").qemu(9000).config.put, cores=4)
    assert error.status_code == 403
    assert error.content.startswith("Permission check failed (/vms/9000, VM.Config.Disk")
    assert refusal(auditor.nodes("pve1").qemu.post, vmid=101).content == (
        "Permission check failed (/vms/101, VM.Allocate)"
    )


# --- the cluster and its nodes -------------------------------------------------------------------------


def test_the_cluster_describes_itself(rig: Rig) -> None:
    assert rig.pve.version.get()["version"].startswith("9.")
    rig.pve.pools.post(poolid="web")
    rows = rig.pve.cluster.resources.get()
    assert {row["type"] for row in rows} == {"qemu", "node", "storage", "sdn", "pool"}
    assert [row["node"] for row in rig.pve.cluster.resources.get(type="node")] == ["pve1", "pve2"]
    assert {row["storage"] for row in rig.pve.cluster.resources.get(type="storage")} == {
        "local",
        "local-lvm",
        "nfs",
    }
    assert rig.pve.cluster.status.get()[0]["quorate"] == 1
    assert {row["node"]: row["status"] for row in rig.pve.nodes.get()} == {"pve1": "online", "pve2": "online"}
    assert rig.node.status.get()["memory"]["total"] > 0
    assert rig.node.time.get()["timezone"] == "UTC"
    assert [row["iface"] for row in rig.node.network.get(type="bridge")] == ["vmbr0", "vmbr1"]
    assert rig.node.network.get(type="bond") == []


def test_the_next_id_is_a_proposal_that_reserves_nothing(rig: Rig) -> None:
    assert int(rig.pve.cluster.nextid.get()) == 100
    assert int(rig.pve.cluster.nextid.get()) == 100
    rig.make_vm(100)
    assert int(rig.pve.cluster.nextid.get()) == 101
    assert refusal(rig.pve.cluster.nextid.get, vmid=100).errors == {"vmid": "VM 100 already exists"}


def test_unknown_calls_nodes_and_guests_fail_as_the_real_ones_do(rig: Rig) -> None:
    unknown = refusal(rig.pve.cluster("nothing").get)
    assert (unknown.status_code, unknown.content) == (501, "Method 'GET /cluster/nothing' not implemented")
    assert refusal(rig.pve.nodes("pve9").qemu.get).content.startswith("hostname lookup 'pve9' failed")
    gone = refusal(rig.vm(999).config.get)
    assert gone.status_code == 500
    assert gone.content == "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"
    assert refusal(rig.ct(999).config.get).content == (
        "Configuration file 'nodes/pve1/lxc/999.conf' does not exist"
    )
    assert refusal(rig.pve.nodes("pve2").qemu(9000).config.get).status_code == 500


def test_a_failed_call_closes_the_connection(rig: Rig) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"https://127.0.0.1:{rig.server.port}/api2/json/version", verify=str(rig.ca))
    assert (answer.status_code, answer.headers["Connection"]) == (401, "close")
    assert answer.json() == {"data": None, "message": "No ticket\n"}


# --- virtual machines ----------------------------------------------------------------------------------


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
    rig.done(vm.status.suspend.post())
    assert vm.status.current.get()["qmpstatus"] == "paused"
    assert rig.exit_of(vm.status.shutdown.post()) == "VM is paused - cannot shutdown"
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


# --- containers ----------------------------------------------------------------------------------------


def test_a_container_is_made_and_never_tells_its_password(rig: Rig) -> None:
    rig.make_ct(
        200,
        net0="name=eth0,bridge=vmbr0,ip=dhcp",
        mp0="local-lvm:4,mp=/data,backup=1",
        features="nesting=1",
        password="not-shown",
        description="a box",
        start=1,
        **{"ssh-public-keys": "ssh-ed25519 AAAA"},
    )
    config = rig.ct(200).config.get()
    assert config["rootfs"] == "local-lvm:vm-200-disk-0,size=8G"
    assert config["mp0"] == "local-lvm:vm-200-disk-1,mp=/data,backup=1,size=4G"
    assert config["net0"].startswith("name=eth0,bridge=vmbr0,hwaddr=BC:24:11:")
    assert config["net0"].endswith(",ip=dhcp,type=veth")
    assert (config["unprivileged"], config["ostype"], config["hostname"]) == (1, "debian", "ct-200")
    assert config["description"] == "a box\n"
    assert not {"password", "ssh-public-keys"} & set(config)
    assert rig.ct(200).status.current.get()["status"] == "running"
    assert [row["vmid"] for row in rig.node.lxc.get()] == [200]


def test_a_container_needs_a_template_and_a_place_for_its_root(rig: Rig) -> None:
    assert refusal(rig.node.lxc.post, vmid=200).errors == {
        "ostemplate": "property is missing and it is not optional"
    }
    assert "storage" in refusal(rig.node.lxc.post, vmid=200, ostemplate=CT_TEMPLATE).errors
    assert refusal(rig.node.lxc.post, vmid=200, ostemplate="local:vztmpl/none.tar.zst").content == (
        "volume 'local:vztmpl/none.tar.zst' does not exist"
    )
    assert refusal(
        rig.node.lxc.post, vmid=200, ostemplate=CT_TEMPLATE, rootfs="nfs:8", password="abc"
    ).errors == {"password": "value must be at least 5 characters long"}


def test_container_power_refuses_what_makes_no_sense_at_once(rig: Rig) -> None:
    rig.make_ct(200)
    status = rig.ct(200).status
    for power in ("stop", "shutdown", "suspend"):
        assert refusal(status(power).post).content == "CT 200 not running"
    rig.done(status.start.post())
    assert refusal(status.start.post).content == "CT 200 already running"
    rig.done(status.suspend.post())
    rig.done(status.resume.post())
    rig.done(status.reboot.post())
    rig.done(status.shutdown.post())
    rig.done(status.start.post())
    rig.done(status.stop.post())
    assert rig.state(200)["status"] == "stopped"


def test_a_container_grows_moves_clones_migrates_and_goes(rig: Rig) -> None:
    rig.make_ct(200, net0="name=eth0,bridge=vmbr0")
    rig.done(rig.ct(200).resize.put(disk="rootfs", size="+2G"))
    assert refusal(rig.ct(200).resize.put, disk="rootfs", size="4G").content == "unable to shrink disk size"
    assert refusal(rig.ct(200).resize.put, disk="rootfs", size="10G").content == (
        "disk is already at specified size"
    )
    rig.done(rig.ct(200).move_volume.post(volume="rootfs", storage="nfs", delete=1))
    assert rig.ct(200).config.get()["rootfs"] == "nfs:200/vm-200-disk-0.raw,size=10G"
    upid = rig.ct(200).clone.post(newid=201, hostname="copy", full=1, target="pve2")
    rig.done(upid)
    copy = rig.pve.nodes("pve2").lxc(201).config.get()
    assert (copy["hostname"], copy["rootfs"]) == ("copy", "nfs:201/vm-201-disk-0.raw,size=10G")
    assert copy["net0"] != rig.ct(200).config.get()["net0"]
    rig.done(rig.ct(200).status.start.post())
    assert "--online or --restart" in refusal(rig.ct(200).migrate.post, target="pve2").content
    rig.done(rig.ct(200).migrate.post(target="pve2", restart=1))
    there = rig.pve.nodes("pve2").lxc(200)
    assert refusal(there.delete).content == "unable to destroy CT 200 - container is running"
    rig.done(there.delete(force=1, purge=1))
    assert rig.state(200) is None


def test_snapshots_and_templates_of_a_container(rig: Rig) -> None:
    rig.make_ct(200)
    rig.done(rig.ct(200).snapshot.post(snapname="before"))
    assert "contains snapshots" in refusal(rig.ct(200).template.post).content
    rig.ct(200).config.put(cores=4)
    rig.done(rig.ct(200).snapshot("before").rollback.post())
    assert "cores" not in rig.ct(200).config.get()
    assert "vmstate" not in rig.ct(200).snapshot.get()[0]
    rig.ct(200).snapshot("before").config.put(description="kept")
    assert rig.ct(200).snapshot("before").config.get()["description"] == "kept"
    rig.done(rig.ct(200).snapshot("before").delete())
    rig.done(rig.ct(200).template.post())
    assert rig.ct(200).config.get()["template"] == 1


# --- tasks, storages, pools ----------------------------------------------------------------------------


def test_tasks_are_listed_filtered_and_told(rig: Rig) -> None:
    rig.make_vm(101)
    failed = rig.node.qemu.post(vmid=102, ide2="local:iso/none.iso,media=cdrom")
    assert rig.exit_of(failed) != "OK"
    assert [row["id"] for row in rig.node.tasks.get()] == ["102", "101"]
    assert [row["upid"] for row in rig.node.tasks.get(errors=1)] == [failed]
    assert [row["id"] for row in rig.node.tasks.get(vmid=101, typefilter="create", statusfilter="ok")] == [
        "101"
    ]
    assert rig.node.tasks.get(source="active") == []
    assert rig.node.tasks.get(start=2) == []
    assert len(rig.pve.cluster.tasks.get()) == 2
    assert rig.node.tasks(failed).log.get(limit=1)[0]["n"] == 1
    unknown = failed.replace("qmcreate", "qmdestroy")
    assert refusal(rig.node.tasks(unknown).status.get).errors == {"upid": "no such task"}
    assert refusal(rig.node.tasks("x").status.get).errors == {"upid": "unable to parse worker upid"}


def test_storages_and_their_volumes(rig: Rig) -> None:
    assert [row["storage"] for row in rig.pve.storage.get(type="nfs")] == ["nfs"]
    assert [row["storage"] for row in rig.node.storage.get(content="rootdir", format=1)] == [
        "local-lvm",
        "nfs",
    ]
    before = rig.node.storage("local-lvm").status.get()["used"]
    volumes = rig.node.storage("local-lvm").content
    volid = volumes.post(vmid=101, filename="vm-101-data", size="1G")
    assert volid == "local-lvm:vm-101-data"
    assert rig.node.storage("local-lvm").status.get()["used"] == before + (1 << 30)
    assert volumes(volid).get()["size"] == 1 << 30
    assert refusal(volumes.post, vmid=101, filename="data", size="1G").content.startswith(
        "illegal name 'data'"
    )
    rig.done(volumes(volid).delete())
    assert refusal(volumes(volid).get).content == f"volume '{volid}' does not exist"
    assert rig.node.storage("local").content(ISO).get()["format"] == "iso"
    assert rig.node.storage("local").content(ISO).delete(delay=5) is None
    assert ISO not in [row["volid"] for row in rig.node.storage("local").content.get(content="iso")]


def test_a_pool_holds_guests_and_storages_and_is_deleted_only_when_empty(rig: Rig) -> None:
    rig.make_vm(101)
    pools = rig.pve.pools
    pools.post(poolid="a", comment="first")
    pools.post(poolid="b")
    assert refusal(pools.post, poolid="a").content == "create pool failed: pool 'a' already exists"
    assert "does not exist" in refusal(pools.post, poolid="x/y").content
    pools.post(poolid="a/child")
    pools.put(poolid="a", vms="101", storage="nfs", comment="changed")
    assert {member["type"] for member in pools("a").get()["members"]} == {"qemu", "storage"}
    assert [member["vmid"] for member in pools("a").get(type="qemu")["members"]] == [101]
    assert "belongs already to pool 'a'" in refusal(pools.put, poolid="b", vms="101").content
    pools("b").put(vms="101", **{"allow-move": 1})
    row = next(row for row in rig.pve.cluster.resources.get(type="vm") if row["vmid"] == 101)
    assert row["pool"] == "b"
    assert "is not empty" in refusal(pools.delete, poolid="b").content
    pools.put(poolid="b", vms="101", delete=1)
    pools("b").delete()
    pools.delete(poolid="a/child")
    pools.put(poolid="a", storage="nfs", delete=1)
    pools.delete(poolid="a")
    assert pools.get() == []
    assert refusal(pools.delete, poolid="a").content == "delete pool failed: pool 'a' does not exist"

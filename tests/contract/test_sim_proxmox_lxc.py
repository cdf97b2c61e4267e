"""Containers of the Proxmox VE simulator through the official client: every operation, its result in the
world, its refusals."""

from __future__ import annotations

import pytest

from tests.contract.proxmox_rig import CT_TEMPLATE, Rig, described, refusal

rig = pytest.fixture(described)


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
    assert refusal(
        rig.node.lxc.post, vmid=200, rootfs="nfs:8", ostemplate="local:vztmpl/none.tar.zst"
    ).content == ("volume 'local:vztmpl/none.tar.zst' does not exist")
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

"""Snapshots of the Proxmox VE simulator: what of a configuration they hold, and what outlasts a roll back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.proxmox_rig import Rig, running, violations


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.getbasetemp() / "tls") as rig:
        yield rig
        assert [text for exchange in rig.api.exchanges for text in violations(exchange)] == []


def test_a_description_is_no_part_of_a_snapshot(rig: Rig) -> None:
    rig.make_vm(101, cores=1, description="first")
    one = rig.vm(101).snapshot("before")
    rig.done(rig.vm(101).snapshot.post(snapname="before"))
    assert "description" not in one.config.get()
    rig.vm(101).config.put(cores=2, description="second")
    rig.done(one.rollback.post())
    config = rig.vm(101).config.get()
    assert (config["cores"], config["description"]) == (1, "second")
    one.config.put(description="its own")
    assert one.config.get()["description"] == "its own"
    assert rig.vm(101).config.get(snapshot="before")["description"] == "its own"


def test_a_roll_back_loses_no_volume(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8", scsi1="local-lvm:4")
    rig.vm(101).config.put(delete="scsi1")
    rig.done(rig.vm(101).snapshot.post(snapname="before"))
    assert "unused0" not in rig.vm(101).snapshot("before").config.get()
    rig.vm(101).config.put(delete="scsi0", virtio0="local-lvm:2", ide2="local-lvm:cloudinit")
    assert rig.vm(101).config.get()["unused1"] == "local-lvm:vm-101-disk-0"
    rig.done(rig.vm(101).snapshot("before").rollback.post())
    config = rig.vm(101).config.get()
    assert config["scsi0"] == "local-lvm:vm-101-disk-0,size=8G"
    unused = {key: volume for key, volume in config.items() if key.startswith("unused")}
    assert unused == {"unused0": "local-lvm:vm-101-disk-1", "unused2": "local-lvm:vm-101-disk-2"}

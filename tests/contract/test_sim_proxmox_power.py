"""Who may do what to a guest of the Proxmox VE simulator: locks, and options that are root's alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.proxmox_rig import Rig, described, refusal

rig = pytest.fixture(described)


def lock(rig: Rig, name: str, vmid: int = 101) -> None:
    rig.clear_faults()
    rig.fault("stuck_lock", options={"vmid": vmid, "lock": name})


def test_a_paused_machine_goes_on_during_a_backup_and_under_no_other_lock(rig: Rig) -> None:
    rig.running_vm(101)
    status = rig.vm(101).status
    lock(rig, "backup")
    assert rig.exit_of(status.suspend.post(todisk=1)) == "cannot suspend to disk during backup"
    for power in ("resume", "start"):
        rig.done(status.suspend.post())
        assert rig.state(101)["paused"]
        rig.done(status(power).post())
        assert not rig.state(101)["paused"]
    lock(rig, "snapshot")
    rig.done(status.resume.post())  # it runs: there is nothing to do
    assert rig.exit_of(status.suspend.post()) == "VM is locked (snapshot)"
    rig.clear_faults()
    rig.done(status.suspend.post())
    lock(rig, "snapshot")
    assert rig.exit_of(status.resume.post()) == "VM is locked (snapshot)"
    assert rig.state(101)["paused"]


def test_a_lock_does_not_hinder_what_has_nothing_to_do(rig: Rig) -> None:
    rig.make_vm(101)
    lock(rig, "backup")
    for power in ("stop", "shutdown"):
        rig.done(rig.vm(101).status(power).post())


def test_a_mounted_container_starts_and_stops(rig: Rig) -> None:
    rig.make_ct(200)
    lock(rig, "mounted", 200)
    status = rig.ct(200).status
    rig.done(status.start.post())
    assert rig.exit_of(status.shutdown.post()) == "CT is locked (mounted)"
    rig.done(status.stop.post())


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("start", {"skiplock": 1}),
        ("start", {"migratedfrom": "pve2"}),
        ("start", {"force-cpu": "host"}),
        ("start", {"with-conntrack-state": 1}),
        ("stop", {"skiplock": 1}),
        ("stop", {"keepActive": 1}),
        ("shutdown", {"keepActive": 1}),
        ("shutdown", {"skiplock": 1}),
        ("reset", {"skiplock": 1}),
        ("suspend", {"skiplock": 1}),
        ("resume", {"nocheck": 1}),
        ("resume", {"skiplock": 1}),
    ],
)
def test_what_only_root_may_say_of_power_is_refused_to_a_token(
    rig: Rig, call: str, given: dict[str, Any]
) -> None:
    rig.running_vm(101)
    error = refusal(rig.vm(101).status(call).post, **given)
    assert (error.status_code, error.errors) == (400, dict.fromkeys(given, "Only root may use this option."))
    assert rig.state(101)["status"] == "running"


def test_no_call_takes_skiplock_from_a_token(rig: Rig) -> None:
    rig.make_vm(101, scsi0="local-lvm:8")
    rig.make_ct(200)
    vm = rig.vm(101)
    error = {"skiplock": "Only root may use this option."}
    assert refusal(vm.delete, skiplock=1).errors == error
    assert refusal(vm.resize.put, disk="scsi0", size="+1G", skiplock=1).errors == error
    assert refusal(vm.config.post, cores=2, skiplock=1).errors == error
    assert refusal(rig.ct(200).status.start.post, skiplock=1).errors == error
    assert refusal(vm.migrate.post, target="pve2", force=1).errors == {
        "force": "Only root may use this option."
    }
    vm.config.put(cores=2, skiplock=0)  # to say that it is not wanted is free to all
    lock(rig, "backup")
    root = rig.by_password().nodes("pve1").qemu(101)
    rig.done(root.resize.put(disk="scsi0", size="+1G", skiplock=1))
    rig.done(root.delete(skiplock=1))
    assert rig.state(101) is None


def test_permissions_lost_one_after_the_other_are_all_lost(rig: Rig) -> None:
    rig.make_vm(101)
    for privilege in ("VM.Config.CPU", "VM.Config.Memory"):
        rig.fault("lost_permission", options={"vmid": 101, "privileges": [privilege]})
    for given in ({"cores": 2}, {"memory": "1024"}):
        assert refusal(rig.vm(101).config.put, **given).status_code == 403

"""What runs in the Proxmox VE simulator's tasks: work that comes too late, and mistakes of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from reconciler.sim.server import SimulatorServer
from tests.contract.proxmox_rig import Rig, running


@pytest.fixture
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A simulator whose tasks take ten seconds of a clock that only the test moves."""
    with running(tmp_path_factory.getbasetemp() / "tls", task_seconds=10) as rig:
        yield rig


def breaks(*_: object) -> None:
    raise KeyError("size")


def mistakes(stop: Callable[[], object]) -> list[str]:
    """What the end of a simulator raises."""
    with pytest.raises(ExceptionGroup, match="the simulator made mistakes") as told:
        stop()
    return [repr(mistake) for mistake in told.value.exceptions]


def test_work_that_breaks_ends_its_own_task_and_is_told_when_the_simulator_stops(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story() -> None:
        with running(tmp_path_factory.getbasetemp() / "tls") as rig:
            rig.make_vm(101)
            monkeypatch.setattr("reconciler.sim.proxmox.types.qemu.power.start_guest", breaks)
            upid = rig.vm(101).status.start.post()
            assert rig.pve.version.get()["version"], "another request goes on"
            assert rig.exit_of(upid) == "the simulator made a mistake: KeyError('size')"
            assert rig.node.tasks.get(source="active") == []

    assert mistakes(story) == ["KeyError('size')"]


def test_an_undoing_that_breaks_does_not_hide_why_its_task_failed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story() -> None:
        with running(tmp_path_factory.getbasetemp() / "tls") as rig:
            monkeypatch.setattr("reconciler.sim.proxmox.types.qemu.calls.discard", breaks)
            rig.fault("action_error", options={"exitstatus": "disk full"}, times=1)
            assert rig.exit_of(rig.node.qemu.post(vmid=101)) == "disk full"

    assert mistakes(story) == ["KeyError('size')"]


def test_a_request_that_breaks_is_told_when_the_simulator_stops() -> None:
    class Broken:
        def parse(self, request: Any) -> Any:
            raise KeyError(request.path)

    api: Any = Broken()
    server = SimulatorServer(api)
    server.start()
    with pytest.raises(OSError, match=r"[Cc]onnection|closed"):
        _ask(server.port)
    assert mistakes(server.stop) == ["KeyError('/anything')"]


def _ask(port: int) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"http://127.0.0.1:{port}/anything", timeout=10)


# --- what is looked at when the task runs ---------------------------------------------------------------


def test_a_disk_that_is_gone_when_its_move_begins_is_the_tasks_error(slow: Rig) -> None:
    slow.change(op="create", vmid=101, config={"scsi0": "local-lvm:8"})
    slow.change(op="create", vmid=102)
    move = slow.vm(101).move_disk.post
    tasks = [move(disk="scsi0", storage="nfs"), move(disk="scsi0", **{"target-vmid": 102})]
    slow.change(op="unset", vmid=101, keys=["scsi0"])
    slow.clock.now += 10
    assert [slow.exit_of(upid) for upid in tasks] == [
        "disk 'scsi0' does not exist",
        "Disk 'scsi0' for VM '101' does not exist",
    ]


def test_a_mount_point_that_is_gone_when_it_is_to_grow_is_the_tasks_error(slow: Rig) -> None:
    slow.change(op="create", type="lxc", vmid=200, config={"mp0": "local-lvm:8,mp=/data"})
    upid = slow.ct(200).resize.put(disk="mp0", size="+2G")
    slow.change(op="unset", vmid=200, keys=["mp0"])
    slow.clock.now += 10
    assert slow.exit_of(upid) == "disk 'mp0' does not exist"


def test_a_container_is_locked_while_a_volume_of_it_moves(slow: Rig) -> None:
    slow.change(op="create", type="lxc", vmid=200, config={"rootfs": "local-lvm:8"})
    move = slow.ct(200).move_volume.post
    for storage, outcome in (
        ("nfs", "OK"),
        ("local", "content type 'rootdir' is not available or configured on storage 'local'"),
    ):
        upid = move(volume="rootfs", storage=storage)
        assert slow.ct(200).config.get()["lock"] == "disk"
        slow.clock.now += 10
        assert slow.exit_of(upid) == outcome
        assert "lock" not in slow.ct(200).config.get()


def test_a_lock_of_a_container_fails_its_migration_in_the_task_only(slow: Rig) -> None:
    slow.change(op="create", type="lxc", vmid=200, config={"rootfs": "nfs:8"})
    slow.fault("stuck_lock", method="POST", path=".*/migrate", options={"vmid": 200})
    upid = slow.ct(200).migrate.post(target="pve2")
    slow.clock.now += 10
    assert slow.exit_of(upid) == "CT is locked (backup)"


# --- who began a task -----------------------------------------------------------------------------------


def test_a_task_says_whose_it_is_with_the_tokens_name_apart_once_it_has_ended(slow: Rig) -> None:
    by_token = slow.node.qemu.post(vmid=101)
    slow.clock.now += 5
    by_user = slow.by_password().nodes("pve1").qemu.post(vmid=102)
    running = slow.node.tasks.get(source="all")
    assert {(row["upid"], row["user"], row.get("tokenid"), row["status"]) for row in running} == {
        (by_token, "reconciler@pve!demo", None, "RUNNING"),
        (by_user, "root@pam", None, "RUNNING"),
    }
    assert slow.node.tasks.get() == [], "by default only those that have ended"
    slow.clock.now += 10
    assert [(row["upid"], row["user"], row.get("tokenid")) for row in slow.node.tasks.get()] == [
        (by_user, "root@pam", None),
        (by_token, "reconciler@pve", "demo"),
    ]
    assert [row["upid"] for row in slow.node.tasks.get(userfilter="RECONCILER@pve")] == [by_token]
    assert slow.node.tasks.get(userfilter="!demo") == []


def test_others_tasks_are_hidden_without_the_privilege_and_a_user_has_its_tokens(slow: Rig) -> None:
    jane = slow.by_password("jane@pve")
    by_user = jane.nodes("pve1").qemu.post(vmid=101)
    by_token = slow.by_token("laptop", user="jane@pve").nodes("pve1").qemu.post(vmid=102)
    own = slow.node.qemu.post(vmid=103)
    slow.clock.now += 10
    slow.fault("lost_permission", options={"privileges": ["Sys.Audit"]})
    assert {row["upid"] for row in slow.node.tasks.get()} == {own}
    assert slow.pve.cluster.tasks.get() == [], "not even its own: they are compared by the user's name"
    assert {row["upid"] for row in jane.nodes("pve1").tasks.get()} == {by_user, by_token}
    assert {row["upid"] for row in jane.cluster.tasks.get()} == {by_user, by_token}
    slow.clear_faults()
    assert {row["upid"] for row in slow.node.tasks.get()} == {by_user, by_token, own}
    assert {row["upid"] for row in slow.pve.cluster.tasks.get()} == {by_user, by_token, own}


def test_the_cluster_knows_25_of_a_nodes_tasks_with_those_that_run(slow: Rig) -> None:
    for number in range(30):
        slow.node.qemu.post(vmid=200 + number)
        slow.clock.now += 10
    running = slow.node.qemu.post(vmid=300)
    known = slow.pve.cluster.tasks.get()
    assert (len(known), known[0]["upid"]) == (25, running)
    assert "status" not in known[0]
    assert len(slow.node.tasks.get(limit=100)) == 30

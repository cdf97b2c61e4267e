"""Bad days on demand in the Proxmox VE simulator: faults, changes behind the client's back, time."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from proxmoxer import ProxmoxAPI

from reconciler.sim.proxmox import DEMO_TOKEN, ProxmoxApi, Token
from reconciler.sim.server import Request
from tests.contract.proxmox_rig import Rig, described, refusal, running

rig = pytest.fixture(described)


@pytest.fixture
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A simulator whose tasks take ten seconds of a clock that only the test moves."""
    with running(tmp_path_factory.getbasetemp() / "tls", task_seconds=10) as rig:
        yield rig


def vmids(rig: Rig) -> list[int]:
    return sorted(row["vmid"] for row in rig.pve.cluster.resources.get(type="vm"))


# --- time ----------------------------------------------------------------------------------------------


def test_a_guest_in_the_making_is_locked_and_bare_until_its_task_ends(slow: Rig) -> None:
    upid = slow.node.qemu.post(vmid=101, name="web-1", scsi0="local-lvm:8", tags="mine")
    task = slow.node.tasks(upid).status.get()
    assert (task["status"], "exitstatus" in task) == ("running", False)
    assert [row["upid"] for row in slow.node.tasks.get(source="active")] == [upid]
    assert set(slow.vm(101).config.get()) == {"lock", "digest"}
    assert refusal(slow.vm(101).config.put, cores=2).content == "VM is locked (create)"
    assert next(row for row in slow.node.qemu.get() if row["vmid"] == 101)["lock"] == "create"
    slow.clock.now += 10
    slow.done(upid)
    assert slow.vm(101).config.get()["tags"] == "mine"
    assert "lock" not in slow.vm(101).config.get()


def test_a_clone_in_the_making_shows_nothing_of_its_template(slow: Rig) -> None:
    upid = slow.vm(9000).clone.post(newid=101, name="web-1")
    assert slow.vm(101).config.get()["lock"] == "clone"
    assert "tags" not in slow.vm(101).config.get()
    slow.clock.now += 10
    slow.done(upid)
    assert slow.vm(101).config.get()["tags"] == "template"


def test_a_task_whose_guest_is_gone_fails_and_does_not_bring_it_back(slow: Rig) -> None:
    slow.change(op="create", vmid=101)
    upid = slow.vm(101).status.start.post()
    slow.change(op="delete", vmid=101)
    slow.clock.now += 10
    assert slow.exit_of(upid) == "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist"
    assert slow.state(101) is None


def test_a_deletion_that_comes_late_does_not_hit_the_next_owner_of_the_id(slow: Rig) -> None:
    slow.change(op="create", vmid=101, config={"scsi0": "local-lvm:8"})
    upid = slow.vm(101).delete()
    slow.change(op="delete", vmid=101)
    slow.change(op="create", vmid=101, config={"name": "another", "scsi0": "local-lvm:4"})
    slow.clock.now += 10
    assert slow.exit_of(upid).startswith("Configuration file")
    assert slow.vm(101).config.get()["name"] == "another"
    assert len(slow.node.storage("local-lvm").content.get(vmid=101)) == 1


# --- faults --------------------------------------------------------------------------------------------


def test_an_offline_node_does_not_answer_and_its_guests_are_unknown(rig: Rig) -> None:
    rig.make_vm(101, name="here", tags="mine")
    rig.change(op="create", vmid=102, node="pve2", config={"name": "there", "tags": "mine"})
    rig.fault("offline_node", options={"node": "pve2"})
    rows = {row["vmid"]: row for row in rig.pve.cluster.resources.get(type="vm")}
    assert (rows[101]["status"], rows[101]["name"]) == ("stopped", "here")
    assert (rows[102]["status"], rows[102]["node"], "name" in rows[102]) == ("unknown", "pve2", False)
    assert {row["node"]: row["status"] for row in rig.pve.nodes.get()}["pve2"] == "offline"
    assert [row["online"] for row in rig.pve.cluster.status.get()[1:]] == [1, 0]
    error = refusal(rig.pve.nodes("pve2").qemu.get)
    assert (error.status_code, error.content) == (595, "No route to host")
    rig.clear_faults()
    assert [row["vmid"] for row in rig.pve.nodes("pve2").qemu.get()] == [102]


def test_a_lost_permission_hides_guests_and_still_answers_200(rig: Rig) -> None:
    rig.make_vm(101)
    rig.fault("lost_permission")
    assert vmids(rig) == []
    assert rig.node.qemu.get() == []
    assert "VM.Audit" not in rig.pve.access.permissions.get()["/vms"]
    assert refusal(rig.vm(101).config.get).content == "Permission check failed (/vms/101, VM.Audit)"
    rig.clear_faults()
    rig.fault("lost_permission", options={"vmid": 101})
    assert vmids(rig) == [9000]
    assert "VM.Audit" not in rig.pve.access.permissions.get()["/vms/101"]


def test_an_empty_list_is_an_answer_like_any_other(rig: Rig) -> None:
    rig.fault("empty_list", path="/api2/json/cluster/resources", times=1)
    assert vmids(rig) == []
    assert vmids(rig) == [9000]


def test_a_stale_read_shows_what_was(rig: Rig) -> None:
    rig.make_vm(101, cores=1)
    rig.clock.now += 60
    rig.vm(101).config.put(cores=4)
    rig.change(op="create", vmid=102)
    rig.make_vm(103)
    rig.done(rig.vm(103).delete())
    rig.fault("stale", method="GET", seconds=30)
    assert vmids(rig) == [101, 9000]
    assert rig.vm(101).config.get()["cores"] == 1
    rig.clear_faults()
    assert vmids(rig) == [101, 102, 9000]
    assert rig.vm(101).config.get()["cores"] == 4


def test_a_task_may_end_in_an_error_without_or_with_its_effect(rig: Rig) -> None:
    rig.fault("action_error", method="POST", times=1, options={"exitstatus": "disk full"})
    assert rig.exit_of(rig.node.qemu.post(vmid=101, scsi0="local-lvm:8")) == "disk full"
    assert rig.state(101) is None
    rig.fault("action_error", times=1, options={"exitstatus": "WARNINGS: 1"})
    assert rig.exit_of(rig.node.qemu.post(vmid=101)) == "WARNINGS: 1"
    rig.fault("action_error", times=1, options={"exitstatus": "lost the link", "apply": True})
    assert rig.exit_of(rig.vm(101).status.start.post()) == "lost the link"
    assert rig.state(101)["status"] == "running"


def test_a_stuck_lock_stops_changes_until_it_is_given_back(rig: Rig) -> None:
    rig.make_vm(101)
    rig.fault("stuck_lock", options={"vmid": 101, "lock": "backup"})
    assert rig.vm(101).config.get()["lock"] == "backup"
    assert refusal(rig.vm(101).config.put, cores=2).content == "VM is locked (backup)"
    assert rig.exit_of(rig.vm(101).delete()) == "VM is locked (backup)"
    rig.vm(9000).config.put(description="another guest is free")
    rig.clear_faults()
    rig.fault("stuck_lock", options={"vmid": 101, "lock": "file"})
    assert refusal(rig.vm(101).config.put, cores=2).content == (
        "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout"
    )
    rig.clear_faults()
    rig.vm(101).config.put(cores=2)


def test_the_faults_of_the_network_leave_the_truth_in_the_state(rig: Rig) -> None:
    rig.fault("reset_before", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        rig.node.qemu.post(vmid=101)
    assert rig.state(101) is None
    rig.fault("reset_after", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        rig.node.qemu.post(vmid=101)
    assert rig.state(101) is not None
    rig.fault("deliver_twice", method="POST", times=1)
    rig.done(rig.node.qemu.post(vmid=102))
    assert vmids(rig) == [101, 102, 9000]
    rig.fault("status", times=1, status=596)
    assert refusal(rig.pve.version.get).content == "Connection timed out"
    rig.fault("html", times=1)
    assert b"<html>" in rig.pve.version.get()["errors"]


def test_a_stranger_may_take_an_id_before_us(rig: Rig) -> None:
    rig.change(op="occupy", vmid=101)
    assert refusal(rig.node.qemu.post, vmid=101).content == (
        "unable to create VM 101 - VM 101 already exists on node 'pve1'"
    )
    assert rig.vm(101).config.get()["name"] == "stranger-101"


# --- behind the controller's back ----------------------------------------------------------------------


def test_somebody_changes_powers_moves_and_deletes_a_guest(rig: Rig) -> None:
    rig.running_vm(101, memory=2048, scsi0="local-lvm:8")
    rig.change(op="set", vmid=101, set={"memory": "4096", "description": "theirs"})
    assert rig.state(101)["pending"] == {"memory": "4096"}
    rig.change(op="set", vmid=101, set={"memory": "1024"}, pending=False)
    assert (rig.state(101)["current"]["memory"], rig.state(101)["pending"]) == ("1024", {})
    rig.change(op="unset", vmid=101, keys=["description"])
    assert "description" not in rig.state(101)["config"]
    rig.change(op="power", vmid=101, to="stopped")
    assert rig.state(101)["status"] == "stopped"
    rig.change(op="migrate", vmid=101, to="pve2")
    assert rig.pve.nodes("pve2").qemu(101).config.get()["scsi0"] == "local-lvm:vm-101-disk-0,size=8G"
    rig.change(op="power", vmid=101, to="running")
    rig.change(op="delete", vmid=101)
    assert vmids(rig) == [9000]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"op": "explode", "vmid": 1}, "unknown op 'explode'"),
        ({"op": "set", "vmid": 1, "set": {}}, "there is no guest 1"),
        ({"op": "set", "vmid": 9000, "set": {"x": 1}}, "unknown option 'x'"),
        ({"op": "set", "vmid": 9000, "set": {"cores": "many"}}, "cores: type check"),
        ({"op": "power", "vmid": 9000, "to": "up"}, "it is running or stopped"),
        ({"op": "power", "vmid": 9000, "to": "running"}, "it's a template"),
        ({"op": "migrate", "vmid": 9000, "to": "pve9"}, "there is no node 'pve9'"),
        ({"op": "create", "vmid": 9000}, "there is a guest 9000 already"),
    ],
)
def test_an_impossible_change_says_why(rig: Rig, what: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rig.change(**what)


# --- the whole -----------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_world() -> None:
    def world(seed: int) -> Any:
        api = ProxmoxApi(seed=seed, clock=lambda: 1_800_000_000.0)
        api.change({"op": "create", "vmid": 101, "config": {"net0": "virtio,bridge=vmbr0"}})
        return api.state()

    assert world(7) == world(7)
    assert world(7) != world(8)


def test_many_threads_make_many_guests_and_none_twice(rig: Rig) -> None:
    refused: list[int] = []
    header = {"authorization": "PVEAPIToken=reconciler@pve!demo=a-secret"}

    def create() -> None:
        for vmid in range(200, 260):
            request = Request("POST", "/api2/json/nodes/pve1/qemu", {}, header, b"", {"vmid": str(vmid)})
            if rig.api.handle(request).status != 200:
                refused.append(vmid)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3 * 60
    assert vmids(rig) == [*range(200, 260), 9000]


def test_ten_thousand_guests_are_listed_whole() -> None:
    api = ProxmoxApi(tokens={DEMO_TOKEN: Token("s")}, task_seconds=0)
    for vmid in range(10_000, 20_000):
        api.change({"op": "create", "vmid": vmid, "config": {"scsi0": "local-lvm:1"}})
    header = {"authorization": f"PVEAPIToken={DEMO_TOKEN}=s"}
    answer = api.handle(Request("GET", "/api2/json/cluster/resources", {"type": ["vm"]}, header, b""))
    assert len(answer.payload["data"]) == 10_001


def test_serve_runs_as_a_process_of_its_own_and_keeps_its_ledger(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        "import sys; from pathlib import Path; from reconciler.sim.proxmox import serve; "
        "folder = Path(sys.argv[2]); "
        "serve(int(sys.argv[1]), token='s', ca_dir=folder, ledger_file=folder / 'ledger')"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(port), str(tmp_path)]) as process:
        try:
            _wait_for(port)
            pve = ProxmoxAPI(
                f"127.0.0.1:{port}",
                user="reconciler@pve",
                token_name="demo",
                token_value="s",
                verify_ssl=str(tmp_path / "ca.pem"),
            )
            assert [row["vmid"] for row in pve.nodes("pve1").qemu.get()] == [9000]
            pve._store["session"].close()
        finally:
            process.terminate()
    entries = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert [(entry["method"], entry["path"]) for entry in entries] == [("GET", "/api2/json/nodes/pve1/qemu")]


def _wait_for(port: int) -> None:
    """Until the port is open, at most half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the simulator did not start")

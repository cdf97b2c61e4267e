"""What somebody changed in a running guest waits for its next restart: it is drift, before it is in force."""

from __future__ import annotations

from typing import Any

from tests.rigs.stage import Stage, document

WEB = document(
    "VirtualMachine",
    "web",
    "endpoint: proxmox-1, memory: 1GiB, cpu_cores: 2, os_type: l26, power_state: running,"
    " disks: [{slot: scsi0, size: 8GiB}, {slot: sata1, size: 4GiB}],"
    " nics: [{slot: net0, bridge: vmbr0, ip4_config: 10.0.0.5/24}]",
)


def guest(stage: Stage) -> dict[str, Any]:
    vmid = int(stage.external_id("vm/web"))
    (found,) = (item for item in stage.pve.state()["guests"] if item["vmid"] == vmid)
    return dict(found)


def change(stage: Stage, **what: Any) -> None:
    stage.pve.change(vmid=int(stage.external_id("vm/web")), **what)


def taken_back(stage: Stage, before: dict[str, Any], *names: str) -> None:
    """The plan says so, the guest runs on, and after its next restart it is as it was."""
    plan = stage.plan()
    (step,) = plan.steps
    assert step.impact == "online"
    found = [item.name for item in step.changes] + [str(part.address) for part in step.parts]
    assert found == list(names)
    stage.settle()
    now = guest(stage)
    assert {k: v for k, v in now["config"].items() if before["config"].get(k) != v} == {}
    assert now["status"] == "running"
    assert now["pending"] == {}
    sent = len(stage.pve.sent())
    stage.settle()
    assert len(stage.pve.sent()) == sent
    assert [text for text in stage.pve.sent() if "/status/" in text and "start" not in text] == []


def test_another_number_of_cores_that_waits_is_taken_back(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    before = guest(proxmox)
    change(proxmox, op="set", set={"cores": 4})
    assert guest(proxmox)["pending"] == {"cores": 4}
    taken_back(proxmox, before, "cpu_cores")


def test_a_disks_removal_that_waits_is_taken_back(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    before = guest(proxmox)
    change(proxmox, op="unset", keys=["sata1", "cores"])
    taken_back(proxmox, before, "cpu_cores", "vm/web/disk/sata1")


def test_an_address_that_waits_is_taken_back(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    before = guest(proxmox)
    change(proxmox, op="set", set={"ipconfig0": "ip=10.0.0.9/24"})
    if not guest(proxmox)["pending"]:
        return  # cloud-init options of this server do not wait
    taken_back(proxmox, before, "vm/web/nic/net0")


def test_what_waits_beside_the_manifest_is_said_at_every_plan(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    change(proxmox, op="set", set={"numa": 1, "sata2": "local-lvm:2"})
    for _ in range(3):
        plan = proxmox.plan()
        assert plan.steps == ()
        (text,) = plan.warnings
        assert "numa_enabled" in text
        assert "waiting_parts" in text
        proxmox.settle()
    assert sorted(guest(proxmox)["pending"]) == ["numa", "sata2"]


def test_a_manifest_that_wants_what_waits_takes_nothing_back(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    change(proxmox, op="set", set={"cores": 4})
    proxmox.want(WEB.replace("cpu_cores: 2", "cpu_cores: 4"))
    (item,) = proxmox.plan().blocked
    assert item.reason == "downtime_not_allowed"
    proxmox.apply()
    assert guest(proxmox)["pending"] == {"cores": 4}

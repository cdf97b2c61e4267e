"""`null` takes a value off: it is gone at the provider, and the next plan has nothing to do."""

from __future__ import annotations

from typing import Any

from tests.rigs.stage import Stage, document

VALUES = {
    "description": "Ours",
    "pool": "lab",
    "startup_order": 3,
    "startup_delay": 30,
    "hookscript": "local:snippets/hook.pl",
    "cpu_limit": 1.5,
    "cpu_units": 200,
}
VM_VALUES = {**VALUES, "cpu_affinity": "0-1", "balloon_mb": 512, "ci_user": "ops", "keyboard_layout": "de"}
CONTAINER_VALUES = {**VALUES, "cpu_cores": 1, "search_domain": "example.org", "timezone": "host"}
OWN = "endpoint: proxmox-1, power_state: {power}, memory: 1GiB"


def documents(*, power: str, unset: bool) -> list[str]:
    def said(values: dict[str, Any], **more: str) -> str:
        lines = {**values, **more}
        return ", ".join(f"{name}: {'null' if unset else value}" for name, value in lines.items())

    gateway = said({}, ip4_gateway="10.0.0.1")
    vm = f"{OWN.format(power=power)}, {said(VM_VALUES)}, "
    vm += f"disks: [{{slot: scsi0, size: 8GiB, {said({}, iops='100')}}}], nics: ["
    vm += f"{{slot: net0, bridge: vmbr0, ip4_config: 10.0.0.5/24, {gateway}}}]"
    box = f"{OWN.format(power=power)}, os_template: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst', "
    box += f"disks: [{{slot: rootfs, size: 8GiB}}], {said(CONTAINER_VALUES)}, "
    box += f"nics: [{{slot: net0, bridge: vmbr0, ip4_config: 10.0.0.6/24, {gateway}}}]"
    down = "lifecycle: {allow_downtime: true}"
    return [
        document("Pool", "lab", f"endpoint: proxmox-1, {said({}, description='Ours')}"),
        document("VirtualMachine", "web", vm, down),
        document("Container", "box", box, down),
    ]


GONE = {
    "qemu": {"startup", "hookscript", "cpulimit", "cpuunits", "affinity", "balloon", "ciuser", "keyboard"},
    "lxc": {"startup", "hookscript", "cpulimit", "cpuunits", "cores", "searchdomain", "timezone"},
}


def ours(stage: Stage) -> list[dict[str, Any]]:
    mine = {int(stage.external_id(address)) for address in ("vm/web", "container/box")}
    return [guest for guest in stage.pve.state()["guests"] if guest["vmid"] in mine]


def taken_off(stage: Stage, power: str) -> None:
    stage.want(*documents(power=power, unset=False))
    stage.settle()
    assert "Ours" in stage.pve.state()["pools"]["lab"]["comment"]
    for guest in ours(stage):
        assert guest["vmid"] in stage.pve.state()["pools"]["lab"]["vms"]
        assert GONE[guest["type"]] <= guest["config"].keys(), "first it is there"
        assert "gw=10.0.0.1" in f"{guest['config'].get('ipconfig0')} {guest['config']['net0']}"
    stage.want(*documents(power=power, unset=True))
    stage.settle()
    for guest in ours(stage):
        assert GONE[guest["type"]] & (guest["config"].keys() | guest["pending"].keys()) == set()
        assert "iops" not in str(guest["config"].get("scsi0"))
        assert "gw=" not in f"{guest['config'].get('ipconfig0')} {guest['config']['net0']}"
        assert "description" not in guest["config"]
    pool = stage.pve.state()["pools"]["lab"]
    assert "Ours" not in pool["comment"]
    assert pool["vms"] == []
    assert stage.plan().steps == ()
    recorded = stage.rows("SELECT DISTINCT attribute FROM v_attributes WHERE attribute = ANY(%s)", [*VALUES])
    assert recorded == []


def test_what_is_null_is_gone_from_machines_containers_and_pools(proxmox: Stage) -> None:
    taken_off(proxmox, "stopped")


def test_what_is_null_is_gone_from_running_guests_too(proxmox: Stage) -> None:
    taken_off(proxmox, "running")

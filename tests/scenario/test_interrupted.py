"""Killed in the middle of a step of several calls: what was begun is completed, what shall run is started."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import machine
from tests.scenario.test_recovery import asked, drained, killed_when, let_time_pass, recovered

ATTACHED = ", networks: [{network: net, ip: 10.0.0.9, alias_ips: [10.0.0.50]}]"


def cut_off(stage: Stage, simulator: Any, method: str, path: str, *, applied: bool) -> None:
    """Apply, be killed at a request (before or after it took effect), and recover."""
    simulator.fault("latency", method=method, path=f".*{path}", seconds=0.4, times=1)
    if not applied:
        simulator.fault("reset_before", method=method, path=f".*{path}", times=1)
    killed_when(stage, asked(simulator, method, path))
    drained(simulator)
    let_time_pass(stage)
    assert all(settled for _, _, settled in recovered(stage))


@pytest.mark.parametrize("again", [True, False])
def test_a_machine_whose_making_was_cut_off_before_its_start_is_started_though_nobody_speaks_of_power(
    stage: Stage, again: bool
) -> None:
    net = document(
        "Network",
        "net",
        "ip_range: 10.0.0.0/16, subnets: [{ip_range: 10.0.0.0/24, network_zone: eu-central}]",
    )
    stage.want(net)
    stage.settle()
    stage.want(net, machine(more=ATTACHED))
    cut_off(stage, stage.hcloud, "POST", "/actions/attach_to_network", applied=not again)
    if again:
        cut_off(stage, stage.hcloud, "POST", "/actions/poweron", applied=False)
    stage.settle()
    (server,) = stage.hcloud.state()["servers"]
    assert (server["status"], len(server["private_net"])) == ("running", 1)


def container(unprivileged: bool) -> str:
    spec = (
        f"endpoint: proxmox-1, unprivileged: {str(unprivileged).lower()}, cpu_cores: 1, memory: 512MiB, "
        'os_template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", power_state: running, '
        "disks: [{slot: rootfs, size: 8GiB, storage: local-lvm}]"
    )
    return document("Container", "ct", spec, "lifecycle: {replace: allowed, create_before_destroy: true}")


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/lxc"), ("POST", "/status/start"), ("POST", "/status/stop"), ("DELETE", "/lxc/[0-9]+")],
)
def test_a_guest_that_is_replaced_by_a_new_one_first_is_one_in_the_end_wherever_it_is_cut_off(
    proxmox: Stage, method: str, path: str, applied: bool
) -> None:
    proxmox.want(container(unprivileged=True))
    proxmox.settle()
    proxmox.want(container(unprivileged=False))
    ask = path.removesuffix("/[0-9]+")
    proxmox.pve.fault("latency", method=method, path=f".*{path}", seconds=0.4, times=1)
    if not applied:
        proxmox.pve.fault("reset_before", method=method, path=f".*{path}", times=1)
    killed_when(proxmox, asked(proxmox.pve, method, ask))
    drained(proxmox.pve)
    let_time_pass(proxmox)
    assert recovered(proxmox) == [("container/ct", "replace", True)]
    proxmox.settle()
    (guest,) = [each for each in proxmox.pve.state()["guests"] if each["name"] == "ct"]
    assert (guest["status"], guest["config"].get("unprivileged")) == ("running", None)
    assert proxmox.external_id("container/ct") == str(guest["vmid"])
    unclear = "SELECT count(*) FROM resources WHERE management = 'quarantined' AND deleted_at IS NULL"
    assert proxmox.rows(unclear) == [(0,)]

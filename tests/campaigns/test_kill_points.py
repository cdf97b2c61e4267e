"""Killed at every numbered moment of an apply, one after the other: the world ends as if undisturbed.

A recording run counts the moments. Then, for each of them: everything is put back, a process applies and dies
there, and the next apply goes on. What the simulators hold in the end is compared with an undisturbed run's.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.planning import PlanOptions
from reconciler.planner import Limits
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Stage, document, staged
from tests.rigs.workers import until_alone
from tests.scenario.test_recovery import ROOT, let_time_pass, write_manifests

pytestmark = pytest.mark.slow

PLENTY = 1_000_000  # requests an hour; a campaign is no ordinary hour
FREE = "lifecycle: {allow_downtime: true, on_remove: delete, replace: allowed%s}"
NET = document(
    "Network", "net", "ip_range: 10.0.0.0/16, subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]"
)
POOL = document("Pool", "lab", "endpoint: proxmox-1")


def server(more: str = "", kind: str = "cx22", image: str = "debian-12") -> str:
    spec = f"endpoint: hetzner-1, location: fsn1, server_type: {kind}, image: {image}, power_state: running"
    attached = "networks: [{network: net, ip: 10.0.1.9, alias_ips: [10.0.1.50]}]"
    return document("VirtualMachine", "web", f"{spec}, {attached}{more}", FREE % "")


def guest(cores: int = 2) -> str:
    spec = (
        f"endpoint: proxmox-1, clone_from: 9000, clone_full: true, cpu_cores: {cores}, memory: 1GiB, "
        "power_state: running, disks: [{slot: scsi0, from_template: true, size: 20GiB}]"
    )
    return document("VirtualMachine", "web", spec, FREE % "")


def container(*, unprivileged: bool, new_first: bool) -> str:
    spec = (
        f"endpoint: proxmox-1, unprivileged: {str(unprivileged).lower()}, cpu_cores: 1, memory: 512MiB, "
        'os_template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", power_state: running, '
        "disks: [{slot: rootfs, size: 8GiB, storage: local-lvm}]"
    )
    return document("Container", "ct", spec, FREE % (", create_before_destroy: true" if new_first else ""))


@dataclass(frozen=True)
class Story:
    """From what is there to what is wanted."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


VOLUME = document(
    "Volume", "data", "endpoint: hetzner-1, location: fsn1, size: 20GiB, server: web", FREE % ""
)
GROUP = document("PlacementGroup", "apart", "endpoint: hetzner-1, placement_type: spread")
STORIES = [
    Story("a fleet is made", (GROUP,), (GROUP, NET, server(), VOLUME)),
    Story("a server is deleted", (NET, server()), (NET,)),
    Story("a server is replaced", (NET, server()), (NET, server(image="ubuntu-24.04"))),
    Story("a server is resized", (NET, server()), (NET, server(kind="cx32"))),
    Story("a server joins a group", (NET, GROUP, server()), (NET, GROUP, server(", placement_group: apart"))),
    Story("a guest is cloned", (POOL,), (POOL, guest())),
    Story("a guest is resized", (POOL, guest()), (POOL, guest(cores=3))),
    Story("a guest is deleted", (POOL, guest()), (POOL,)),
    *(
        Story(
            f"a container is replaced, {'new' if first else 'old'} one first",
            (container(unprivileged=True, new_first=first),),
            (container(unprivileged=False, new_first=first),),
        )
        for first in (True, False)
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_killed_at_any_moment(
    database: TestDatabase, place: Path, story: Story, record_property: Callable[[str, object], None]
) -> None:
    provider = "proxmox" if "proxmox-1" in "".join(story.after + story.before) else "hetzner"
    with staged(database, place, providers=[provider], hetzner={"rate_limit": PLENTY}) as stage:
        stage.options = PlanOptions(limits=Limits(destroy=100, share=1.0), retry_now=True)
        begin(stage, story)
        stage.want(*story.after)
        assert applied_until(stage, 0) == 0
        wanted, points = world(stage), passed(stage)
        assert nothing_left(stage), "the undisturbed apply must leave nothing to do"
        assert any("the commit of" not in label for label in points), "its requests are among the moments"
        killed = 0
        for number, label in enumerate(points, 1):
            begin(stage, story)
            stage.want(*story.after)
            died = applied_until(stage, number)
            killed += died == -signal.SIGKILL
            assert died == -signal.SIGKILL or (died == 0 and len(passed(stage)) < number), (
                f"{number}, {label}: it ended with {died}"
            )
            let_time_pass(stage)
            stage.apply()
            assert nothing_left(stage), f"killed at {number}, {label}: something is left to do"
            assert world(stage) == wanted, f"killed at {number}, {label}"
        record_property("campaign", f"{story.name}: killed at {killed} of {len(points)} points")


def begin(stage: Stage, story: Story) -> None:
    stage.want(*story.before)
    stage.settle()


def applied_until(stage: Stage, number: int) -> int:
    """The exit code of a process that applies, and dies at the point of that number."""
    folder = write_manifests(stage)
    command = [sys.executable, "-m", "tests.campaigns.killed_at", stage.database.admin]
    command += [str(stage.home), str(folder), str(stage.home / "points"), str(number)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    until_alone(stage)
    return done.returncode


def passed(stage: Stage) -> list[str]:
    return (stage.home / "points").read_text().splitlines()


def nothing_left(stage: Stage) -> bool:
    """The plan is empty, no operation is open, and no object of ours is unaccounted for."""
    plan = stage.plan()
    unclear = stage.rows(
        "SELECT count(*) FROM resources WHERE management = 'quarantined' AND deleted_at IS NULL"
    )
    left = stage.rows("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL")
    return not plan.steps and not plan.blocked and (unclear, left) == ([(0,)], [(0,)])


def world(stage: Stage) -> list[str]:
    """What the provider holds, without what no two runs have in common: ids, addresses, times, our marks."""
    state: Any = stage.hcloud.state() if stage.hetzner else stage.pve.state()
    return sorted(_hetzner(state) if stage.hetzner else _proxmox(state))


_HETZNER = {
    "networks": ("ip_range", "routes"),
    "servers": ("status", "rescue_enabled", "locked"),
    "volumes": ("status", "size", "format"),
    "placement_groups": ("type",),
}


def _hetzner(state: Any) -> list[str]:
    found = []
    for kind, names in _HETZNER.items():
        for item in state[kind]:
            facts = {name: item.get(name) for name in ("name", "protection", *names)}
            if kind == "networks":
                facts["subnets"] = [each["ip_range"] for each in item["subnets"]]
            if kind == "servers":
                facts["nets"] = [(each["ip"], sorted(each["alias_ips"])) for each in item["private_net"]]
                facts["is"] = (item["server_type"]["name"], item["image"]["name"], len(item["volumes"]))
                facts["apart"] = bool(item["placement_group"])
            found.append(f"{kind} {json.dumps(facts, sort_keys=True)}")
    return [*found, f"primary IPs: {len(state['primary_ips'])}"]


def _proxmox(state: Any) -> list[str]:
    found = []
    for item in state["guests"]:
        config = {k: v for k, v in item["config"].items() if k not in ("meta", "vmgenid", "smbios1")}
        config["tags"] = sorted(tag for tag in str(config.get("tags", "")).split(";") if "rc-" not in tag)
        text = json.dumps({**config, "pending": item["pending"]}, sort_keys=True)
        text = re.sub(r"BC:24:[0-9A-F:]+", "MAC", text)
        text = re.sub(rf"-{item['vmid']}-", "-ID-", text)
        text = re.sub(r"-disk-\d+", "-disk-N", text)
        found.append(f"{item['name']} {item['status']} {item['node']} {item['pool']} {text}")
    return [*found, f"volumes: {len(state['volumes'])}"]

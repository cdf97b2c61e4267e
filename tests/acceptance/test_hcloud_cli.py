"""`hcloud`, which this project did not write, against the simulated project: it does here what it does there.

Debian's 1.30.3 is from before servers lost their datacenter, so the simulator answers as of then.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rigs.processes import KEY, TOKEN, Simulator, simulator

HCLOUD = shutil.which("hcloud")
pytestmark = pytest.mark.skipif(HCLOUD is None, reason="hcloud is not installed (Debian's hcloud-cli)")

Hcloud = Callable[..., str]


@pytest.fixture
def project(place: Path) -> Iterator[Simulator]:
    more = ("--token", TOKEN, "--rate-limit", "0", "--task-seconds", "0", "--api-date", "2026-06-01")
    with simulator(place, "hetzner", *more) as running:
        yield running


@pytest.fixture
def hcloud(project: Simulator, place: Path) -> Hcloud:
    env = {"PATH": os.environ["PATH"], "HOME": str(place), "HCLOUD_TOKEN": TOKEN}
    env["HCLOUD_ENDPOINT"] = project.url

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(HCLOUD), *words], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def listed(hcloud: Hcloud, *words: str) -> Any:
    return json.loads(hcloud(*words, "-o", "json"))


def test_everything_can_be_listed(hcloud: Hcloud) -> None:
    for kind in ("server-type", "iso", "load-balancer-type", "location", "datacenter", "image"):
        assert len(hcloud(kind, "list").splitlines()) > 1, kind
    for kind in ("server", "network", "volume", "firewall", "floating-ip", "primary-ip", "placement-group"):
        assert len(hcloud(kind, "list").splitlines()) == 1, kind
    assert "cx22" in hcloud("server-type", "describe", "cx22")


def test_a_small_project_is_built_changed_and_taken_down(
    hcloud: Hcloud, project: Simulator, place: Path
) -> None:
    key = place / "key.pub"
    key.write_text(f"{KEY} me@here\n")
    hcloud("ssh-key", "create", "--name", "k", "--public-key-from-file", str(key))
    hcloud("network", "create", "--name", "net", "--ip-range", "10.0.0.0/16")
    subnet = ("--type", "cloud", "--network-zone", "eu-central", "--ip-range", "10.0.1.0/24")
    hcloud("network", "add-subnet", "net", *subnet)
    made = ("--type", "cx22", "--image", "debian-12", "--location", "fsn1", "--ssh-key", "k")
    hcloud("server", "create", "--name", "web", *made, "--network", "net")
    hcloud("volume", "create", "--name", "data", "--size", "10", "--server", "web")
    hcloud("firewall", "create", "--name", "fw")
    hcloud("firewall", "apply-to-resource", "fw", "--type", "server", "--server", "web")
    hcloud("floating-ip", "create", "--type", "ipv4", "--home-location", "fsn1", "--name", "f")
    hcloud("server", "poweroff", "web")
    hcloud("server", "change-type", "web", "cx32")
    hcloud("server", "set-rdns", "web", "-r", "a.example.com")
    hcloud("server", "add-label", "web", "env=prod")
    web = project.item("servers", "web")
    assert (web["server_type"]["name"], web["labels"], web["status"]) == ("cx32", {"env": "prod"}, "running")
    assert web["private_net"][0]["ip"].startswith("10.0.1.")
    assert web["public_net"]["ipv4"]["dns_ptr"] == "a.example.com"
    hcloud("volume", "detach", "data")
    hcloud("server", "delete", "web")
    for kind, name in (("volume", "data"), ("network", "net"), ("firewall", "fw"), ("floating-ip", "f")):
        hcloud(kind, "delete", name)
    assert [project.names(kind) for kind in ("servers", "networks", "volumes", "primary_ips")] == [[]] * 4

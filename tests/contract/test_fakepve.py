"""The Proxmox VE driver against a fake that this project did not write: `fakepve` 0.5.0, from PyPI.

It is a process of its own. `make fakepve` installs it beside the project's packages, into the folder that
`FAKEPVE_PATH` names. What it does otherwise than the real server is listed in `DIFFERENT`, and shown here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from proxmoxer import ProxmoxAPI

from reconciler.model.address import Address
from reconciler.model.diff import Diff
from reconciler.model.plan import Action
from reconciler.providers.driver import ObserveRequest
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.sim.tls import server_context
from reconciler.testing import FreeMeter, World, access, catalog_of, wanted

FOLDER = os.environ.get("FAKEPVE_PATH", "")
INSTALLED = bool(FOLDER) or importlib.util.find_spec("fakepve") is not None
pytestmark = pytest.mark.skipif(not INSTALLED, reason="fakepve is not installed: make fakepve")

DIFFERENT = {
    "revert": "stores `revert` as if it were an option, and what waits goes on waiting",
    "cpuunits": "keeps a weight above 10000",
    "balloon": "takes a balloon above the memory",
    "boolean": "takes the word `true` for a flag",
    "node": "answers for a node that is not there, with an empty list",
    "machine": "does not pin the machine type of a Windows guest",
    "cdrom": "keeps `ide2=none` without `media=cdrom`",
    "cloudinit": "names a cloud-init drive like any volume, so that it passes for a CD",
    "comment": "keeps the outer blanks of a pool's comment",
    "pending": "`GET /pending` has no `digest`",
}
"""What it does otherwise than Proxmox VE 9.2; a test says when that changes."""

WEB = Address.of("vm", "web")
TEAM = Address.of("pool", "team")
CATALOG = catalog_of(ProxmoxDriver.catalog)


class Fake:
    """The fake, and a driver for it, in the form that `World` knows."""

    provider_type = "proxmox"

    def __init__(self, url: str, ca: Path) -> None:
        self.url = url
        reach = access("proxmox", url, "root@pam:secret", meter=FreeMeter(), ca_file=ca)
        self.driver = ProxmoxDriver(reach)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[World]:
    server_context(tmp_path / "tls")
    guests = tmp_path / "guests.json"
    stranger = {"vmid": 101, "name": "theirs", "status": "running", "config": {"cores": 2, "memory": 1024}}
    guests.write_text(json.dumps({"guests": [stranger]}))
    tls = tmp_path / "tls"
    command = [
        sys.executable,
        "-m",
        "fakepve",
        str(guests),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--time-scale",
        "0",
    ]
    command += ["--cert", str(tls / "cert.pem"), "--key", str(tls / "key.pem")]
    environment = {**os.environ, "PYTHONPATH": FOLDER} if FOLDER else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            made = Fake(line.split()[-1], tls / "ca.pem")
            yield World(made, settings={"node": "pve1", "storage": "local-lvm"})  # type: ignore[arg-type]
            made.driver.close()
        finally:
            process.terminate()


def machine(**more: Any) -> Any:
    body = {"hostname": "web", "memory_mb": 1024, "cpu_cores": 2, "os_type": "l26", **more}
    parts: Any = {"disk": [{"slot": "scsi0", "size_gb": 8}], "nic": [{"slot": "net0", "bridge": "vmbr0"}]}
    return wanted(CATALOG, "proxmox", "vm/web", body, parts=parts, tags={"env": "test"})


def test_a_strangers_guest_is_seen_as_nobodys(fake: World) -> None:
    seen = fake.driver.observe(ObserveRequest(frozenset({"vm", "container", "pool"})))
    (found,) = (item for item in seen.resources if item.external_id == "101")
    assert (found.type, found.name, found.state, found.mark) == ("vm", "theirs", "running", None)


def test_a_machine_is_made_changed_started_and_removed(fake: World) -> None:
    fake.apply(machine())
    assert fake.pending(machine()) == Diff(WEB)
    seen = fake.recorded[WEB]
    assert (seen.state, seen.tags) == ("stopped", {"env": "test"})
    changed = machine(cpu_cores=4, description="A web server", power_state="running")
    fake.apply(changed)
    assert fake.pending(changed) == Diff(WEB)
    assert fake.recorded[WEB].state == "running"
    fake.delete(WEB)
    gone = fake.observe(WEB)
    assert (gone.resources, gone.unseen) == ((), ())
    assert gone.absent


def test_a_pool_keeps_its_mark(fake: World) -> None:
    pool = wanted(CATALOG, "proxmox", "pool/team", {"description": "Ours"})
    fake.apply(pool)
    assert fake.pending(pool) == Diff(TEAM)
    edited = wanted(CATALOG, "proxmox", "pool/team", {"description": "Still ours"})
    fake.apply(edited)
    assert fake.pending(edited) == Diff(TEAM)


def test_a_guest_that_is_not_there_is_denied(fake: World) -> None:
    calls = fake.lower(Action.CREATE, machine(), None, Diff(WEB))
    fake.run(calls[:1], WEB)
    assert fake.observe(WEB).resources


def test_what_the_fake_does_otherwise(fake: World, tmp_path: Path) -> None:
    assert isinstance(fake.harness, Fake)
    host = fake.harness.url.removeprefix("https://")
    login: dict[str, Any] = {"user": "root@pam", "password": "secret"}
    api = ProxmoxAPI(host, verify_ssl=str(tmp_path / "tls" / "ca.pem"), **login)
    node = api.nodes("pve1")
    more = {"ide2": "none", "sata0": "local-lvm:cloudinit", "scsi0": "local-lvm:8", "machine": "q35"}
    node.qemu.post(vmid=200, memory=1024, cores=2, ostype="win11", cpuunits=20000, **more)
    guest = node.qemu(200)
    config = guest.config.get()
    found = {
        "cpuunits": config["cpuunits"] == 20000,
        "machine": config["machine"] == "q35",
        "cdrom": config["ide2"] == "none",
        "cloudinit": "cloudinit" not in config["sata0"],
        "pending": "digest" not in {row["key"] for row in guest.pending.get()},
        "balloon": guest.config.put(balloon=4096) is None,
        "boolean": guest.config.put(onboot="true") is None,
        "node": api.nodes("pve9").qemu.get() == [],
    }
    guest.status.start.post()
    guest.config.put(cores=4)
    guest.config.put(revert="cores")
    found["revert"] = "revert" in {row["key"] for row in guest.pending.get()}
    api.pools.post(poolid="p", comment=" a ")
    found["comment"] = api.pools.get()[0]["comment"] == " a "
    assert found == dict.fromkeys(DIFFERENT, True)

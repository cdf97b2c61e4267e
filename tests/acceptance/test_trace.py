"""`--trace`: an apply written down, every request of it, for both providers, and no secret among it."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.rigs.processes import KEY, SSH_KEY, TOKEN, VM, Fleet, Simulator, simulator

PASSWORD = "correct horse: battery & staple/%41"
USER_DATA = "#cloud-config\nruncmd: ['join --code opensesame']\n"
PVE_TOKEN = "of-the-cluster-secret"
OWNED = f"""
    apiVersion: reconciler/v1
    kind: Provider
    metadata: {{name: owned}}
    spec: {{type: proxmox}}
    ---
    apiVersion: reconciler/v1
    kind: Credential
    metadata: {{name: cluster}}
    spec: {{environment: CLUSTER_TOKEN}}
    ---
    apiVersion: reconciler/v1
    kind: Credential
    metadata: {{name: guest}}
    spec: {{environment: GUEST_PASSWORD}}
    ---
    apiVersion: reconciler/v1
    kind: Credential
    metadata: {{name: first-boot}}
    spec: {{environment: FIRST_BOOT}}
    ---
    apiVersion: reconciler/v1
    kind: ProviderEndpoint
    metadata: {{name: pve}}
    spec:
      provider: owned
      url: "%s"
      credential: cluster
      ca_file: "%s"
      settings: {{node: pve1, storage: local-lvm}}
    ---
    apiVersion: reconciler/v1
    kind: VirtualMachine
    metadata: {{name: db-1}}
    spec:
      endpoint: pve
      cpu_cores: 2
      memory: 2GiB
      disks: [{{slot: scsi0, size: 8GiB}}]
      cd_drives: [{{slot: ide2, cloudinit_storage: local-lvm}}]
      ci_user: admin
      ci_password: {{from: credential/guest}}
      ci_ssh_keys: [{KEY}]
"""
Asked = tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...], int | None]


def asked(method: str, path: str, query: dict[str, list[str]], status: int | None) -> Asked:
    return method, path, tuple(sorted((name, tuple(values)) for name, values in query.items())), status


def in_ledger(sim: Simulator) -> Counter[Asked]:
    return Counter(asked(e["method"], e["path"], e["query"], e["status"] or None) for e in sim.ledger())


def in_trace(lines: list[dict[str, Any]], endpoint: str) -> Counter[Asked]:
    found: Counter[Asked] = Counter()
    for line in lines:
        if line["endpoint"] == endpoint:
            url = urlsplit(line["path"])
            query = parse_qs(url.query, keep_blank_values=True)
            found[asked(line["method"], unquote(url.path), query, line["status"])] += 1
    return found


def the(lines: list[dict[str, Any]], method: str, path: str) -> dict[str, Any]:
    """The first such request."""
    return next(line for line in lines if (line["method"], line["path"]) == (method, path))


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_an_apply_is_traced_whole_and_without_a_secret(world: Fleet) -> None:
    cli, file = world.cli, world.cli.folder / "trace.jsonl"
    cli.env |= {
        "CLUSTER_TOKEN": f"root@pam!ci={PVE_TOKEN}",
        "GUEST_PASSWORD": PASSWORD,
        "FIRST_BOOT": USER_DATA,
    }
    more = ("--ca-dir", str(cli.folder / "ca"), "--token", cli.env["CLUSTER_TOKEN"], "--task-seconds", "0")
    with simulator(cli.folder, "proxmox", *more) as pve:
        world.write(owned=OWNED % (pve.url, pve.ca), key=SSH_KEY)
        world.write(web=VM + "      user_data: {from: credential/first-boot}\n")
        world.sim.fault("reset_after", method="POST", path="/v1/ssh_keys", times=1)
        cli.ok("apply", "-f", "fleet", "--yes", "--trace", str(file))
        lines = read(file)
        assert in_trace(lines, "hz") == in_ledger(world.sim)
        assert in_trace(lines, "pve") == in_ledger(pve)

    lost = the(lines, "POST", "/v1/ssh_keys")
    assert (lost["status"], lost["answer"]) == (None, None)
    assert "ConnectionError" in lost["error"]

    made = the(lines, "POST", "/v1/servers")
    assert (made["operation"], made["status"]) == ("server.create", 201)
    assert made["ms"] > 0
    assert made["request"]["name"] == "web-1"
    assert made["request"]["user_data"] == "[secret]"
    assert made["answer"]["server"]["name"] == "web-1"
    assert made["answer"]["root_password"] == "[secret]"

    guest = the(lines, "POST", "/api2/json/nodes/pve1/qemu")
    assert guest["request"]["cipassword"] == "[secret]"
    assert guest["request"]["ciuser"] == "admin"
    assert guest["answer"]["data"].startswith("UPID:")

    text = file.read_text()
    for secret in (TOKEN, PVE_TOKEN, PASSWORD, "correct", "battery", "opensesame", "Bearer", "PVEAPIToken"):
        assert secret not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_trace_is_appended_to_and_may_come_from_the_environment(world: Fleet) -> None:
    file = world.cli.folder / "trace.jsonl"
    world.cli.env["RECONCILER_TRACE"] = str(file)
    world.made(key=SSH_KEY)
    before = file.read_text()
    world.cli.ok("plan", "-f", "fleet")
    assert file.read_text().startswith(before)
    assert Counter(line["operation"] for line in read(file))["observe"] > 0
    assert in_trace(read(file), "hz") == in_ledger(world.sim)


def test_a_file_that_is_no_plain_one_is_refused_before_anything_is_sent(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    refused = world.cli.run("apply", "-f", "fleet", "--yes", "--trace", "/dev/full")
    assert refused.code == 1
    assert "no trace can be written to /dev/full: it is no plain file" in refused.said
    assert not world.sim.ledger()

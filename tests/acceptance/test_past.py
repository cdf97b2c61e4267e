"""The past, as people ask for it: what was there then, what changed since, and all of it as manifests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.rigs.processes import NETWORK, SSH_KEY, TOKEN, VM, VOLUME, Done, Fleet

BIGGER = (
    VM.replace("cx22", "cx32").replace("env: prod", "env: test") + "    lifecycle: {allow_downtime: true}\n"
)
SUBNET = """
    apiVersion: reconciler/v1
    kind: Network
    metadata: {name: prod}
    spec:
      endpoint: hz
      ip_range: 10.0.0.0/16
      subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]
"""


def clock() -> str:
    """This instant, as a person could type it."""
    return datetime.now(UTC).isoformat()


def told(done: Done) -> str:
    """What was said beside the result."""
    return " ".join(done.err.split())


def test_resources_are_listed_and_described_as_they_were(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=SUBNET, vm=VM)
    then = clock()
    world.remove("key")
    world.made(vm=BIGGER)
    assert "cx32" in world.cli.ok("describe", "vm/web-1").out
    listed = world.cli.ok("get", "all", "--at", then)
    assert [line.split()[0] for line in listed.out.splitlines()] == [
        "ADDRESS", "network/prod", "ssh_key/admin", "vm/web-1",
    ]  # fmt: skip
    assert "(after the apply of revision " in told(listed)
    assert "the last mark not after" in told(listed)
    names = world.cli.ok("get", "vms", "--at", then, "-l", "env=prod", "--endpoint", "hz", "-o", "name")
    assert names.out == "vm/web-1\n"
    assert world.cli.ok("get", "vms", "-l", "env=prod", "-o", "name").out == ""
    (item,) = world.cli.ok("get", "vm/web-1", "--at", then, "-o", "json").json()
    assert (item["attributes"]["server_type"], item["tags"]) == ("cx22", {"env": "prod"})
    assert item["as_of"]["kind"] == "apply"
    revision = item["as_of"]["revision"]
    assert f"the apply of revision {revision}; mark/{item['as_of']['mark']}" in told(listed)
    (whole,) = world.cli.ok(
        "get", "network/prod", "--at", f"mark/{item['as_of']['mark']}", "-o", "json"
    ).json()
    assert [part["address"] for part in whole["parts"]] == ["network/prod/subnet/10.0.1.0-24"]
    said = world.cli.ok("describe", "vm/web-1", "--at", f"r{revision}").out
    assert "server_type:" in said
    assert "cx22" in said
    assert "desired" not in said
    assert "env=prod" in said
    part = world.cli.ok("describe", "network/prod/subnet/10.0.1.0-24", "--at", then).out
    assert "Contained in:" in part


def test_a_description_of_the_past_sets_what_was_desired_beside_it(world: Fleet) -> None:
    world.made(network=NETWORK, vm=VM)
    world.sim.change("power", name="web-1", to="off")
    world.cli.ok("observe")
    then = clock()
    assert world.cli.apply().code == 0
    assert "running desired" not in world.cli.ok("describe", "vm/web-1").out
    assert "stopped  ≠  running desired" in world.cli.ok("describe", "vm/web-1", "--at", then).out


def test_what_differs_between_two_moments(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    then = clock()
    world.remove("key")
    world.made(network=SUBNET, vm=BIGGER)
    said = world.cli.ok("diff", "--from", then).out
    assert "+ network/prod  added, 1 part with it  hz" in said
    assert "- ssh_key/admin  removed  hz" in said
    assert "    server_type: cx22 → cx32" in said
    assert "server_type_id" not in said  # bookkeeping, by the catalog
    assert "    tag env: prod → test" in said
    assert said.splitlines()[-1] == "1 added, 1 removed, 1 changed."
    changed = world.cli.run("diff", "vm/web-1", "--from", then, "--detailed-exitcode", "-o", "json")
    assert changed.code == 2
    found = changed.json()
    assert (found["to"], found["added"], found["removed"]) == (None, [], [])
    (vm,) = found["changed"]
    assert {
        "what": "attribute",
        "name": "server_type",
        "before": "cx22",
        "after": "cx32",
        "unit": None,
    } in vm["differences"]
    same = world.cli.run("diff", "--from", then, "--to", then, "--detailed-exitcode")
    assert (same.code, same.out.splitlines()[-1]) == (0, "Nothing differs.")
    marked = world.cli.ok("diff", "--from", then, "-l", "env=prod", "-o", "markdown").out
    assert "| - | ssh\\_key/admin | hz | removed hz |" in marked


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("get", "all", "--at", "2001-01-01"), "the first mark is of"),
        (("get", "all", "--at", "soon"), "names no time of the past"),
        (("get", "plans", "--at", "1s"), "--at shows resources as they were"),
        (("get", "vm/none", "--at", "now"), "nothing was recorded at vm/none then"),
        (("describe", "vm/none", "--at", "now"), "nothing was known of vm/none at"),
        (("describe", "ssh_key/admin", "--at", "abcdef0"), "no manifests of a commit abcdef0"),
    ],
)
def test_what_was_not_there_is_said(world: Fleet, words: tuple[str, ...], why: str) -> None:
    world.made(key=SSH_KEY)
    done = world.cli.run(*words)
    assert done.code != 0
    assert why in done.said


RICH = """
    apiVersion: reconciler/v1
    kind: VirtualMachine
    metadata: {name: web-1, tags: {env: prod, role: "on"}}
    spec:
      endpoint: hz
      location: fsn1
      server_type: cx22
      image: debian-12
      ssh_keys: [admin]
      power_state: running
      networks: [{network: prod, ip: 10.0.1.10}]
    lifecycle: {allow_downtime: true, prevent_destroy: true, ignore_changes: [image]}
"""
FIREWALL = """
    apiVersion: reconciler/v1
    kind: Firewall
    metadata: {name: web}
    spec:
      endpoint: hz
      rules:
        - {direction: in, protocol: tcp, port: "22", source_ips: [10.0.0.0/8]}
        - {direction: in, protocol: icmp, source_ips: [0.0.0.0/0, "::/0"]}
"""


def test_the_fleet_comes_back_as_manifests_that_change_nothing(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=SUBNET, vm=RICH, firewall=FIREWALL, volume=VOLUME)
    then = clock()
    done = world.cli.ok("export", "-o", "kept")
    assert "not in it" not in done.err
    kept = world.cli.folder / "kept"
    files = {"firewall", "inventory", "network", "reconciler", "ssh_key", "vm", "volume"}
    assert {file.stem for file in kept.iterdir()} == files
    assert "5 resources in kept" in told(done)
    assert world.cli.ok("validate", "-f", "kept").out.startswith("Valid: ")
    planned = world.cli.run("plan", "-f", "kept", "--detailed-exitcode")
    assert planned.code == 0, planned.said
    machine = (kept / "vm.yaml").read_text()
    assert 'role: "on"' in machine
    assert "status" not in machine
    assert "size: 20GiB" in (kept / "volume.yaml").read_text()
    world.made(vm=RICH.replace("env: prod", "env: test"))
    assert "env: test" in world.cli.ok("export", "vm/web-1").out
    then_again = world.cli.ok("export", "--at", then, "-o", "then")
    assert "the last mark not after" in told(then_again)
    for name in ("firewall", "network", "ssh_key", "vm", "volume"):
        assert (world.cli.folder / "then" / f"{name}.yaml").read_text() == (kept / f"{name}.yaml").read_text()
    refused = world.cli.run("export", "-o", "kept")
    assert "holds something" in refused.said
    assert refused.code != 0


def test_secrets_are_exported_as_the_names_of_credentials(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    printed = world.cli.ok("export").out
    assert "environment: FLEET_TOKEN" in printed
    assert TOKEN not in printed

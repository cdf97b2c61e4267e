"""Every secret there can be is a canary, the program does all that it does, and no canary comes out anywhere.

Made from the catalogs: a new attribute that is secret is covered without a word. A type that has secrets for
the first time needs a line in MADE, and this test says so.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import textwrap
from collections.abc import Iterator
from itertools import cycle

import pytest
import requests

from reconciler.catalog.merge import merge
from reconciler.engine.drivers import catalog_parts
from reconciler.store.embedded import find_binaries
from tests.contract.proxmox_rig import CT_TEMPLATE
from tests.rigs.canaries import canary, seen, seen_in_files
from tests.rigs.processes import Cli, Simulator, simulator, until

MADE = {
    ("hetzner", "vm"): (
        "VirtualMachine",
        "endpoint: hz, location: fsn1, server_type: cx22, image: debian-12",
    ),
    ("proxmox", "vm"): ("VirtualMachine", "endpoint: pve, cpu_cores: 1, memory: 1GiB, ci_user: admin"),
    ("proxmox", "container"): (
        "Container",
        f'endpoint: pve, memory: 512MiB, os_template: "{CT_TEMPLATE}",'
        " disks: [{slot: rootfs, storage: local-lvm, size: 8GiB}]",
    ),
}
"""By provider type and resource type: the kind, and as much of a spec as its secrets need."""

INVENTORY = """
kind: Location
metadata: {{name: fsn1}}
---
kind: Provider
metadata: {{name: rented}}
spec: {{type: hetzner}}
---
kind: Provider
metadata: {{name: owned}}
spec: {{type: proxmox}}
---
kind: ProviderEndpoint
metadata: {{name: hz}}
spec: {{provider: rented, url: "{hz}", credential: hz-token}}
---
kind: ProviderEndpoint
metadata: {{name: pve}}
spec:
  provider: owned
  url: "{pve}"
  credential: pve-token
  ca_file: "{ca}"
  settings: {{node: pve1, storage: local-lvm}}
---
kind: Credential
metadata: {{name: hz-token}}
spec: {{stored: true}}
---
kind: Credential
metadata: {{name: pve-token}}
spec: {{environment: PVE_TOKEN}}
"""
LOOKS: tuple[tuple[str, ...], ...] = (
    ("plan", "-f", "fleet"),
    ("plan", "-f", "fleet", "-o", "json"),
    ("plan", "-f", "fleet", "-o", "markdown"),
    ("--verbose", "plan", "-f", "fleet", "--save"),
    ("observe",),
    ("history", "-n", "100000"),
    ("history", "-n", "100000", "-o", "json"),
    ("get", "all", "-o", "yaml"),
    ("get", "plans", "-o", "json"),
    ("get", "operations", "-o", "json"),
    ("get", "endpoints", "-o", "json"),
    ("drift", "-o", "json"),
    ("graph",),
    ("validate", "-f", "fleet"),
    ("credentials", "list", "-o", "json"),
    ("credentials", "test", "--all", "-o", "json"),
    ("credentials", "rewrap", "--new-key"),
    ("db", "url"),
)


SECRETS = {
    (provider, kind): sorted(name for name, rule in rules.items() if rule.definition.secret and rule.settable)
    for (kind, provider), rules in merge(catalog_parts()).rules.items()
    if any(rule.definition.secret and rule.settable for rule in rules.values())
}
"""The secret attributes of the installed catalogs, by provider type and resource type."""


def names() -> Iterator[tuple[str, str, str, str]]:
    """(provider type, resource type, attribute, its credential's name)."""
    for (provider, kind), attributes in SECRETS.items():
        for attribute in attributes:
            yield provider, kind, attribute, f"{provider}-{kind}-{attribute}".replace("_", "-")


def fleet(cli: Cli) -> str:
    """The manifests of all that has secrets. Each way of keeping one is used in turn."""
    documents = []
    ways = cycle(("environment", "file", "stored"))
    for _, _, _, name in names():
        way = next(ways)
        value = canary(name, awkward=True)
        file = cli.folder / "secrets" / name
        if way == "environment":
            cli.env[variable(name)] = value
            where = f"environment: {variable(name)}"
        elif way == "file":
            file.parent.mkdir(exist_ok=True)
            file.write_text(value)
            where = f"file: {file}"
        else:
            where = "stored: true"
        documents.append(document("Credential", name, where))
    for (provider, kind), attributes in SECRETS.items():
        manifest_kind, spec = MADE[provider, kind]
        given = [
            f"{each}: {{from: credential/{of}}}" for p, k, each, of in names() if (p, k) == (provider, kind)
        ]
        assert len(given) == len(attributes)
        documents.append(document(manifest_kind, f"{provider}-{kind}", ", ".join([spec, *given])))
    return "---\n".join(documents)


def variable(name: str) -> str:
    return name.replace("-", "_").upper()


def document(kind: str, name: str, spec: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def dump(cli: Cli) -> str:
    """As a backup would have it."""
    url = cli.ok("db", "url", "--admin").out.strip()
    program = find_binaries(origin="wheel").bin_dir / "pg_dump"
    done = subprocess.run([program, "--dbname", url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "COPY vault.secrets" in done.stdout
    return done.stdout


def daemon(cli: Cli) -> list[str]:
    """What a daemon says and measures in a few cycles."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = cli.start("run", "-f", "fleet", "--port", str(port), "--poll", "1s", "--log-level", "debug")
    metrics = ""

    def reconciled() -> bool:
        nonlocal metrics
        try:
            metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        except requests.ConnectionError:
            return False
        return 'reconciler_reconciles_total{outcome="done"}' in metrics

    until(reconciled, "the daemon has reconciled")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert '"event": "observed"' in err or "observed" in err, err[-2000:]
    return [metrics, out, err]


@pytest.fixture
def clouds(bare: Cli) -> Iterator[tuple[Simulator, Simulator]]:
    bare.env |= {
        "HZ_TOKEN": canary("hz-token"),
        "PVE_TOKEN": f"reconciler@pve!ci={canary('pve-token')}",
    }
    tokens = ("--token", bare.env["HZ_TOKEN"], "--rate-limit", "0")
    more = ("--ca-dir", str(bare.folder / "ca"), "--token", bare.env["PVE_TOKEN"], "--task-seconds", "0")
    with simulator(bare.folder, "hetzner", *tokens) as hz, simulator(bare.folder, "proxmox", *more) as pve:
        yield hz, pve


def test_every_type_that_has_secrets_is_made_here() -> None:
    assert SECRETS.keys() == MADE.keys(), "a type that has secrets needs a line in MADE, and only such a type"
    settings = [
        (provider, setting.name)
        for provider, info in merge(catalog_parts()).provider_types.items()
        for setting in info.settings
        if setting.secret
    ]
    assert settings == [], "a setting that is secret is to be given a canary in INVENTORY"


def test_no_canary_comes_out_anywhere(bare: Cli, clouds: tuple[Simulator, Simulator]) -> None:
    hz, pve = clouds
    trace = bare.folder / "trace.jsonl"
    bare.env["RECONCILER_TRACE"] = str(trace)
    said: list[str] = []

    def run(*words: str, stdin: str = "") -> int:
        done = bare.run(*words, stdin=stdin)
        said.append(f"{words}\n{done.out}\n{done.err}")
        return done.code

    folder = bare.folder / "fleet"
    folder.mkdir()
    inventory = textwrap.dedent(INVENTORY).format(hz=hz.url, pve=pve.url, ca=pve.ca)
    (folder / "inventory.yaml").write_text(inventory.replace("\nkind:", "\napiVersion: reconciler/v1\nkind:"))
    everything = fleet(bare)
    credentials, _, _ = everything.partition("---\napiVersion: reconciler/v1\nkind: VirtualMachine")
    (folder / "fleet.yaml").write_text(credentials)
    run("apply", "-f", "fleet", "--yes")  # what is stored has no value yet
    for name in ("hz-token", *(name for *_, name in names() if variable(name) not in bare.env)):
        if not (bare.folder / "secrets" / name).exists():
            value = canary(name, awkward=name != "hz-token")
            assert run("credentials", "set", name, stdin=value) == 0, said[-1]

    (folder / "fleet.yaml").write_text(everything)
    for words in LOOKS[:4]:
        assert run(*words) == 0, said[-1]
    hz.fault("status", status=422, method="POST", path="/v1/servers", times=1)
    pve.fault("action_error", method="POST", path=".*/(qemu|lxc)", times=1)
    run("apply", "-f", "fleet", "--yes")  # fails, so that errors are written down
    assert run("apply", "-f", "fleet", "--yes", "--retry", "-o", "json") == 0, said[-1]
    for words in LOOKS:
        assert run(*words) == 0, said[-1]
    for provider, kind in SECRETS:
        assert run("describe", f"{kind}/{provider}-{kind}") == 0, said[-1]
        assert run("history", f"{kind}/{provider}-{kind}") == 0, said[-1]

    hz.change("set", type="servers", name="hetzner-vm", set={"labels.role": "mine"})
    said.extend(daemon(bare))
    said.append(dump(bare))
    bare.ok("db", "stop")  # so that all is in its files, and nothing only in its memory
    assert [text for page in said for text in seen(page)] == []
    assert trace.stat().st_size > 10_000
    assert seen_in_files(bare.folder, [bare.folder / "secrets"]) == []

"""The whole demo on an embedded database: two providers, every kind of resource, and the questions in SQL."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests.rigs.processes import Cli, Simulator, simulator
from tests.rigs.promised import ALL_VMS, ATTRIBUTES_OF, DEPENDANTS_OF, MANY_CORES

PROJECT = Path(__file__).parents[2]
DEMO = PROJECT / "manifests" / "demo"
SECRETS = {
    "hetzner-token": "demo-token",
    "proxmox-token": "reconciler@pve!demo=demo-secret",
    "guest-password": "correct horse battery staple",
}
MACHINES = {"build-1", "db-1", "web-1", "web-2"}


@pytest.fixture
def demo(bare: Cli) -> Iterator[tuple[Cli, Simulator, Simulator]]:
    """The demo's manifests, pointed at simulators on free ports."""
    secrets = bare.folder / "secrets"
    secrets.mkdir(mode=0o700)
    for name, value in SECRETS.items():
        (secrets / name).write_text(value)
    manifests = bare.folder / "manifests"
    shutil.copytree(DEMO, manifests)
    ca = bare.folder / "ca"
    with ExitStack() as stack:
        tokens = {name: ("--token-file", str(secrets / f"{name}-token")) for name in ("hetzner", "proxmox")}
        quick = ("--task-seconds", "0.05", "--seed", "7")
        hetzner = stack.enter_context(simulator(bare.folder, "hetzner", *tokens["hetzner"], *quick))
        more = ("--ca-dir", str(ca))
        proxmox = stack.enter_context(simulator(bare.folder, "proxmox", *tokens["proxmox"], *quick, *more))
        shutil.copy(ca / "ca.pem", manifests / "inventory" / "proxmox-sim-ca.pem")
        providers = manifests / "inventory" / "providers.yaml"
        text = re.sub(r"http://127\.0\.0\.1:\d+/v1", hetzner.url, providers.read_text())
        providers.write_text(re.sub(r"https://127\.0\.0\.1:\d+", proxmox.url, text))
        yield bare, hetzner, proxmox


def test_the_demo_goes_up_answers_the_promised_queries_and_heals(
    demo: tuple[Cli, Simulator, Simulator],
) -> None:
    cli, hetzner, proxmox = demo
    assert cli.ok("validate", "-f", "manifests").out.startswith("Valid: 16 resources")
    assert cli.run("plan", "-f", "manifests", "--detailed-exitcode").code == 2
    assert not hetzner.mutations()
    assert not proxmox.mutations()
    cli.ok("apply", "-f", "manifests", "--yes")
    assert cli.run("plan", "-f", "manifests", "--detailed-exitcode").code == 0
    kept = cli.ok("export", "-o", "kept")
    assert "not in it" not in kept.err
    assert cli.ok("validate", "-f", "kept").out.startswith("Valid: 16 resources")
    again = cli.run("plan", "-f", "kept", "--detailed-exitcode")
    assert again.code == 0, again.said
    assert set(hetzner.names("servers")) == {"web-1", "web-2"}
    _answers(cli.ok("db", "url").out.strip())
    _drift_is_healed(cli, hetzner)
    _secrets_are_nowhere(cli)
    _stops(cli)


def _answers(url: str) -> None:
    """The four queries of docs/decisions/0002-typed-attributes-without-json.md, but for their parameters."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path TO public")
        machines = connection.execute(ALL_VMS)
        columns = [column.name for column in machines.description or ()]
        rows = [dict(zip(columns, row, strict=True)) for row in machines]
        assert {row["name"] for row in rows if row["name"] in MACHINES} == MACHINES
        assert {(row["name"], row["provider_type"]) for row in rows} >= {
            ("web-1", "hetzner"),
            ("db-1", "proxmox"),
        }
        ids: dict[str, int] = dict(
            connection.execute("SELECT address, id FROM resources WHERE management = 'managed'").fetchall()
        )
        attributes = {row[0]: (row[2], row[3]) for row in connection.execute(ATTRIBUTES_OF, [ids["vm/db-1"]])}
        assert attributes["cpu_cores"] == ("4", "cores")
        assert attributes["memory_mb"] == ("8192", "MiB")
        big = connection.execute(MANY_CORES)
        names = [column.name for column in big.description or ()]
        assert [row[names.index("name")] for row in big] == ["build-1"]
        dependents = connection.execute(DEPENDANTS_OF, [ids["database/main"]])
        names = [column.name for column in dependents.description or ()]
        assert [row[names.index("address")] for row in dependents] == ["service/shop"]


def _drift_is_healed(cli: Cli, hetzner: Simulator) -> None:
    hetzner.change("set", type="servers", name="web-2", set={"labels.role": "mine"})
    assert "vm/web-2" in cli.ok("drift").out
    cli.ok("apply", "-f", "manifests", "--yes")
    assert hetzner.item("servers", "web-2")["labels"]["role"] == "web"


def _secrets_are_nowhere(cli: Cli) -> None:
    """Not in what is printed, and not in the database as a dump would have it."""
    shown = cli.ok("history", "-n", "10000", "-o", "json").out + cli.ok("describe", "vm/db-1").out
    with psycopg.connect(cli.ok("db", "url", "--admin").out.strip()) as connection:
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'vault')"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f"SELECT t::text FROM {table} AS t".encode()).fetchall()  # noqa: S608 - our own tables
            shown += "\n".join(row[0] or "" for row in rows)
    for value in (SECRETS["hetzner-token"], "demo-secret", SECRETS["guest-password"]):
        assert value not in shown


def _stops(cli: Cli) -> None:
    assert cli.ok("db", "status", "-o", "json").json()["running"]
    cli.ok("db", "stop")
    assert not cli.ok("db", "status", "-o", "json").json()["running"]


def test_the_vault_keeps_a_value_through_a_change_of_keys(bare: Cli) -> None:
    documents = (
        "kind: Credential\nmetadata: {name: pin}\nspec: {stored: true}\n",
        "kind: Provider\nmetadata: {name: books}\nspec: {type: logical}\n",
        "kind: ProviderEndpoint\nmetadata: {name: logical}\nspec: {provider: books}\n",
        "kind: Cluster\nmetadata: {name: web}\nspec: {description: for show}\n",
    )
    fleet = "---\n".join(f"apiVersion: reconciler/v1\n{document}" for document in documents)
    (bare.folder / "fleet.yaml").write_text(fleet)
    bare.ok("apply", "-f", "fleet.yaml", "--yes")
    assert bare.run("credentials", "check", "pin").code == 1
    stored = bare.ok("credentials", "set", "pin", stdin="open sesame\n")
    assert "open sesame" not in stored.said
    before = (bare.folder / "home" / "key").read_text()
    assert "Wrapped 1 data key" in bare.ok("credentials", "rewrap", "--new-key").out
    after = (bare.folder / "home" / "key").read_text()
    assert len(base64.b64decode(after)) == 32
    assert after != before
    assert "Found credential pin" in bare.ok("credentials", "check", "pin").out
    bare.env["RECONCILER_KEY"] = before
    lost = bare.run("credentials", "check", "pin")
    assert lost.code == 1
    assert "it is encrypted with the key" in lost.err


def test_no_path_and_no_secret_of_the_demo_is_in_its_manifests() -> None:
    text = "".join(file.read_text() for file in DEMO.rglob("*.yaml"))
    assert not [value for value in SECRETS.values() if value in text]

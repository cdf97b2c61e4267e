"""A credential is tried before it is needed, replaced by what is accepted, and told of before it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.rigs.processes import TOKEN, Cli, Simulator

FLEET = """
apiVersion: reconciler/v1
kind: Provider
metadata: {{name: rented}}
spec: {{type: hetzner}}
---
apiVersion: reconciler/v1
kind: Credential
metadata: {{name: token}}
spec: {{stored: true}}
---
apiVersion: reconciler/v1
kind: Credential
metadata: {{name: other}}
spec: {{environment: FLEET_TOKEN, expires: "{expires}"}}
---
apiVersion: reconciler/v1
kind: ProviderEndpoint
metadata: {{name: hz}}
spec: {{provider: rented, url: "{url}", credential: token}}
"""
SOON = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%d")
LATER = "2999-12-31"


@pytest.fixture
def fleet(cli: Cli, sim: Simulator) -> Cli:
    """An endpoint whose credential is in the vault, where nothing is yet."""
    (cli.folder / "fleet.yaml").write_text(FLEET.format(url=sim.url, expires=LATER))
    cli.run("apply", "-f", "fleet.yaml", "--yes")
    return cli


def test_a_credential_is_tried_at_each_of_its_endpoints(fleet: Cli, sim: Simulator) -> None:
    empty = fleet.run("credentials", "test", "token")
    assert (empty.code, "nothing is stored for it" in empty.out) == (1, True)
    fleet.ok("credentials", "set", "token", stdin="a-wrong-one\n")
    wrong = fleet.run("credentials", "test", "token", "-o", "json")
    (login,) = wrong.json()
    assert (wrong.code, login["endpoint"], login["result"], login["as"]) == (1, "hz", "refused", None)
    assert "a-wrong-one" not in wrong.said
    fleet.ok("credentials", "set", "token", stdin=f"{TOKEN}\n")
    before = len(sim.ledger())
    assert "an API token of a project" in fleet.ok("credentials", "test", "token").out
    assert [(entry["method"], entry["path"]) for entry in sim.ledger()[before:]] == [("GET", "/v1/locations")]
    every = {
        each["credential"]: each["result"]
        for each in fleet.ok("credentials", "test", "--all", "-o", "json").json()
    }
    assert every == {"other": "not tried", "token": "accepted"}
    for words in ((), ("token", "--all")):
        assert "say which credentials to test" in fleet.run("credentials", "test", *words).err
    assert "no credential named nobody" in fleet.run("credentials", "test", "nobody").err


def test_a_value_is_replaced_only_by_another_that_is_accepted(fleet: Cli) -> None:
    assert "there is no value to replace" in fleet.run("credentials", "rotate", "token", stdin=TOKEN).err
    fleet.ok("credentials", "set", "token", stdin="the-first\n")
    same = fleet.run("credentials", "rotate", "token", stdin="the-first\n")
    assert (same.code, "this is the value that it has" in same.err) == (1, True)
    refused = fleet.run("credentials", "rotate", "token", stdin="a-wrong-one\n")
    assert (refused.code, "nothing was stored" in refused.err) == (1, True)
    assert "the one that was seen before" in fleet.ok("credentials", "check", "token").out

    done = fleet.ok("credentials", "rotate", "token", "--expires", SOON, stdin=f"{TOKEN}\n")
    assert "revoke it at the provider" in done.err
    assert "accepted" in fleet.ok("credentials", "test", "token").out
    fleet.ok("credentials", "rotate", "token", "--untried", stdin="a-wrong-one\n")
    assert fleet.run("credentials", "test", "token").code == 1
    with psycopg.connect(fleet.env["RECONCILER_DATABASE_URL"]) as connection:
        changes = connection.execute(
            "SELECT key_version, action FROM vault.secret_changes ORDER BY id"
        ).fetchall()
    assert changes == [(1, "stored"), (2, "stored"), (3, "stored")]


def test_who_plans_is_told_of_what_expires(fleet: Cli, sim: Simulator) -> None:
    fleet.ok("credentials", "set", "token", "--expires", SOON, stdin=f"{TOKEN}\n")
    said = f"credential token expires on {SOON}: it is to be replaced"
    assert f"{SOON} (soon)" in fleet.ok("credentials", "list").out
    assert LATER in fleet.ok("credentials", "list").out
    plan = fleet.ok("plan", "-f", "fleet.yaml", "-o", "json")
    assert plan.json()["warnings"] == [said]
    assert said in fleet.ok("plan", "-f", "fleet.yaml").out

    (fleet.folder / "fleet.yaml").write_text(FLEET.format(url=sim.url, expires="2026-01-02"))
    shown = fleet.ok("plan", "-f", "fleet.yaml", "-o", "json").json()
    assert "credential other expired on 2026-01-02: it is to be replaced" in shown["warnings"]
    assert said in fleet.ok("apply", "-f", "fleet.yaml", "--yes").out
    assert "2026-01-02 (over)" in fleet.ok("credentials", "list").out
    listed = {
        each["name"]: each["expires_at"][:10] for each in fleet.ok("credentials", "list", "-o", "json").json()
    }
    assert listed == {"token": SOON, "other": "2026-01-02"}

    fleet.ok("credentials", "rotate", "token", "--untried", stdin="one that does not say\n")
    assert fleet.ok("credentials", "list", "-o", "json").json()[1]["expires_at"] is None

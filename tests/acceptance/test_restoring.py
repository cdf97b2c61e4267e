"""Promises of a backup, as a user has them: a lost machine comes back, and the fleet is not made twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rigs.processes import Cli, Fleet, Simulator, inventory


def network(name: str, number: int, more: str = "") -> str:
    return (
        "apiVersion: reconciler/v1\nkind: Network\n"
        f"metadata: {{name: {name}}}\n"
        f"spec: {{endpoint: hz, ip_range: 10.{number}.0.0/16{more}}}\n"
    )


@pytest.fixture
def fleet(bare: Cli, sim: Simulator) -> Fleet:
    """A fleet of a program with an embedded database."""
    made = Fleet(bare, sim)
    made.folder.mkdir()
    made.write(inventory=inventory(sim.url))
    return made


def test_a_lost_machine_comes_back_and_nothing_is_made_twice(fleet: Fleet, place: Path) -> None:
    cli, file = fleet.cli, place / "fleet.backup"
    fleet.made(kept=network("kept", 0), gone=network("gone", 1), changed=network("changed", 2))
    said = cli.ok("db", "backup", str(file))
    assert "Backed up: " in said.out
    assert str(place / "home" / "key") in said.err, "where the key is, which is not in the file"
    fleet.remove("gone")
    fleet.made(
        changed=network("changed", 2, ", expose_routes_to_vswitch: true"),
        first=network("first", 3),
        second=network("second", 4),
    )
    before, there = fleet.sim.mutations(), sorted(fleet.sim.names("networks"))

    cli.ok("db", "stop")
    shutil.rmtree(place / "home" / "postgresql")
    refused = cli.run("apply", "-f", "fleet", "--yes")
    assert refused.code == 1
    assert "reconciler db restore" in refused.err
    restored = cli.ok("db", "restore", str(file))
    assert "readopt" in restored.err

    held = cli.run("apply", "-f", "fleet", "--yes", "-o", "json").json()
    assert held["outcomes"] == []
    listed = cli.ok("readopt", "-f", "fleet", "--yes").out
    assert listed.count("a resource that is not recorded") == 2
    assert "network/gone" in listed
    again = cli.ok("readopt", "-f", "fleet", "--yes", "-o", "json").json()
    assert (again["taken"], again["kept"], again["released"]) == ([], [], 0)
    cli.ok("apply", "-f", "fleet", "--yes")
    assert cli.is_settled()
    assert fleet.sim.mutations() == before
    assert sorted(fleet.sim.names("networks")) == there
    assert "taken back" in cli.ok("history", "network/first").out
    refused = cli.run("db", "restore", str(file))
    assert refused.code == 1
    assert "not empty" in refused.err


def test_a_backup_of_another_fleet_is_not_restored_into_a_home(bare: Cli, place: Path) -> None:
    file = place / "one.backup"
    bare.ok("db", "status")
    bare.ok("get", "all")
    bare.ok("db", "backup", str(file))
    bare.ok("db", "stop")
    home = place / "home"
    shutil.rmtree(home / "postgresql")
    (home / "installation").write_text("00000000-0000-0000-0000-000000000001\n")
    refused = bare.run("db", "restore", str(file))
    assert refused.code == 1
    assert "00000000-0000-0000-0000-000000000001" in refused.err
    assert not (home / "postgresql").exists()

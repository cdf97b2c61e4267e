"""Drift: what somebody changed behind our back is found, shown as such, and set right."""

from __future__ import annotations

from tests.rigs.processes import SSH_KEY, VM, Fleet


def test_drift_is_listed_and_an_apply_heals_it(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    assert world.cli.run("drift", "--detailed-exitcode").code == 0
    world.sim.change("set", type="servers", name="web-1", set={"labels.env": "mine"})
    found = world.cli.run("drift", "--detailed-exitcode", "-o", "json")
    assert found.code == 2
    assert found.json() == [
        {
            "address": "vm/web-1",
            "what": "tag",
            "name": "env",
            "desired": "prod",
            "recorded": "mine",
            "unit": None,
        }
    ]
    planned = world.cli.ok("plan", "-f", "fleet").out
    assert "hz · drift" in planned
    assert "tag env: mine → prod" in planned
    assert world.cli.apply().code == 0
    assert world.sim.item("servers", "web-1")["labels"]["env"] == "prod"
    assert "No drift." in world.cli.ok("drift").out


def test_a_machine_that_was_switched_off_is_switched_on(world: Fleet) -> None:
    world.made(vm=VM)
    world.sim.change("power", name="web-1", to="off")
    assert "power_state: stopped → running" in world.cli.ok("plan", "-f", "fleet").out
    assert world.cli.apply().code == 0
    assert world.sim.item("servers", "web-1")["status"] == "running"


def test_what_was_deleted_by_somebody_is_made_again(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    world.sim.change("delete", type="ssh_keys", name="admin")
    planned = world.cli.ok("plan", "-f", "fleet").out
    assert "+ ssh_key/admin will be created  hz · drift" in planned
    assert world.cli.apply().code == 0
    assert world.sim.names("ssh_keys") == ["admin"]


def test_history_names_the_change_and_who_made_it_good(world: Fleet) -> None:
    world.cli.env["RECONCILER_ACTOR"] = "ann@example"
    world.made(key=SSH_KEY)
    world.sim.change("set", type="ssh_keys", name="admin", set={"labels.env": "mine"})
    assert world.cli.apply().code == 0
    changes = world.cli.ok("history", "ssh_key/admin", "-o", "json").json()
    tags = [(c["cause"], c["before"], c["after"]) for c in changes if c["what"] == "tag"]
    assert ("observation", None, "mine") in tags
    assert tags[-1] == ("operation", None, "prod")
    assert {c["actor"] for c in changes} == {"ann@example"}

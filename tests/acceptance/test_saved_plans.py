"""A saved plan is applied as it was saved or not at all; an approval is bound to it and good once."""

from __future__ import annotations

from tests.rigs.processes import NETWORK, SSH_KEY, VM, Fleet


def save(world: Fleet) -> str:
    return str(world.cli.ok("plan", "-f", "fleet", "--save", "--format", "json").json()["saved_as"])


def test_a_saved_plan_is_applied_once(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    number = save(world)
    assert world.sim.mutations() == []
    world.cli.ok("apply", "--plan", number)
    assert world.sim.mutations() == ["POST /v1/ssh_keys"]
    (row,) = world.cli.ok("get", "plans", "-o", "json").json()
    assert (str(row["id"]), row["status"]) == (number, "applied")
    again = world.cli.run("apply", "--plan", number)
    assert again.code == 1
    assert "it was applied already" in again.err
    assert world.sim.mutations() == ["POST /v1/ssh_keys"]


def test_a_saved_plan_is_refused_when_its_manifests_changed(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    number = save(world)
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    done = world.cli.run("apply", "--plan", number)
    assert done.code == 1
    assert f"plan {number} is out of date" in done.err
    assert world.sim.mutations() == []


def test_another_manifest_s_edit_leaves_a_saved_plan_good_and_is_not_applied_with_it(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    number = save(world)
    world.write(network=NETWORK)
    world.cli.run("apply", "--plan", number)
    assert world.sim.mutations() == ["POST /v1/ssh_keys"]


def test_a_saved_plan_is_refused_when_its_ground_moved(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    number = save(world)
    before = world.sim.mutations()
    world.sim.change("set", type="ssh_keys", name="admin", set={"labels.other": "new"})
    done = world.cli.run("apply", "--plan", number)
    assert done.code == 1
    assert f"plan {number} is out of date" in done.err
    assert world.sim.mutations() == before


def test_what_the_plan_does_not_touch_may_move(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    number = save(world)
    world.sim.change("set", type="networks", name="prod", set={"labels.other": "new"})
    world.cli.run("apply", "--plan", number)
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "test"
    assert world.sim.item("networks", "prod")["labels"].get("other") == "new"


def test_what_holds_data_waits_for_an_approval_that_is_good_once(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    world.remove("vm")
    held = world.cli.apply()
    assert held.code == 1
    assert "vm/web-1 holds data and its manifest is gone" in held.said
    assert "reconciler approve" in held.said
    assert world.sim.names("servers") == ["web-1"]
    number = next(
        p["id"] for p in world.cli.ok("get", "plans", "-o", "json").json() if p["status"] == "saved"
    )
    world.cli.ok("approve", str(number))
    assert world.cli.apply().code == 0
    assert world.sim.names("servers") == []
    world.made(vm=VM)
    world.remove("vm")
    assert world.cli.apply().code == 1
    assert world.sim.names("servers") == ["web-1"]


def test_a_plan_is_approved_by_the_beginning_of_its_hash(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    plan = world.cli.ok("plan", "-f", "fleet", "--save", "--format", "json").json()
    assert f"plan {plan['saved_as']} " in world.cli.ok("approve", plan["hash"][:9]).out
    assert world.cli.run("approve", "0000000").code == 1

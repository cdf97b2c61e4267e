"""What is deleted, and above all what is not: nothing follows from what could not be read or seen."""

from __future__ import annotations

import shutil

import pytest

from tests.rigs.processes import NETWORK, SSH_KEY, VM, Fleet

GUARDED = NETWORK + "    lifecycle: {prevent_destroy: true}\n"
RETAINED = NETWORK + "    lifecycle: {on_remove: retain}\n"


def test_a_removed_manifest_deletes_its_object(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    world.remove("key")
    assert "- ssh_key/admin will be deleted" in world.cli.ok("plan", "-f", "fleet").out
    assert world.cli.apply().code == 0
    assert world.sim.names("ssh_keys") == []
    assert world.sim.names("networks") == ["prod"]
    assert world.cli.is_settled()


def test_a_guard_survives_the_removal_of_its_manifest(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=GUARDED)
    world.remove("network")
    done = world.cli.apply()
    assert done.code == 1
    assert "network/prod would be deleted · prevent destroy" in done.said
    assert "lifecycle.prevent_destroy: false" in done.said
    assert world.sim.names("networks") == ["prod"]


def test_what_is_to_be_retained_is_forgotten_and_stays(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=RETAINED)
    world.remove("network")
    assert world.cli.apply().code == 0
    assert world.sim.names("networks") == ["prod"]
    assert "network/prod" not in world.cli.ok("get", "all", "-o", "name").out
    assert world.cli.is_settled()


def test_a_person_may_forget_what_no_manifest_wants_any_more(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=GUARDED)
    refused = world.cli.run("forget", "network/prod")
    assert refused.code == 1
    assert "is wanted by the source" in refused.err
    world.remove("network")
    assert world.cli.apply().code == 1
    world.cli.ok("forget", "network/prod")
    assert world.cli.is_settled()
    assert world.sim.names("networks") == ["prod"]


def test_many_deletions_wait_for_an_approval(world: Fleet) -> None:
    networks = {f"net{n}": NETWORK.replace("prod", f"net-{n}") for n in range(5)}
    world.made(key=SSH_KEY, **networks)
    for name in networks:
        world.remove(name)
    held = world.cli.apply()
    assert held.code == 1
    assert "5 of 6 resources would be destroyed" in held.said
    assert "reconciler approve" in held.said
    assert len(world.sim.names("networks")) == 5
    done = world.cli.run("apply", "-f", "fleet", "--yes", "--max-destroy", "5")
    assert done.code == 0, done.said
    assert world.sim.names("networks") == []


def test_destroy_deletes_what_is_targeted_and_heeds_guards(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM, network=GUARDED)
    world.cli.run("destroy", "--yes", "--target", "tag=env=prod")
    assert world.sim.names("servers") == []
    assert world.sim.names("ssh_keys") == []
    done = world.cli.run("destroy", "--yes", "--max-destroy", "10")
    assert done.code == 1
    assert "network/prod" in done.said
    assert world.sim.names("networks") == ["prod"]


@pytest.mark.parametrize("loss", ["folder deleted", "folder emptied", "file unparsable", "reference broken"])
def test_manifests_that_cannot_be_read_delete_nothing(world: Fleet, loss: str) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    before = world.sim.mutations()
    expected = _lose(world, loss)
    done = world.cli.apply()
    assert done.code == 1
    assert expected in done.err
    assert "nothing was changed" in done.err
    assert world.sim.mutations() == before


def _lose(world: Fleet, loss: str) -> str:
    """Break the fleet in some way, and give what must be said of it."""
    match loss:
        case "folder deleted":
            shutil.rmtree(world.folder)
            return "there is no such file or folder"
        case "folder emptied":
            for file in world.folder.iterdir():
                file.unlink()
            return "no manifest was found"
        case "file unparsable":
            world.remove("network")
            world.write(key="kind: SshKey\n  name: [broken")
            return "fleet/key.yaml:"
        case _:
            world.remove("network")
            world.write(key=SSH_KEY.replace("endpoint: hz", "endpoint: elsewhere"))
            return "elsewhere"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "status", "status": 500, "path": "/v1/.*", "method": "GET"}, "cannot be observed"),
        ({"kind": "status", "status": 403, "path": "/v1/.*", "method": "GET"}, "cannot be observed"),
        ({"kind": "empty_list", "path": "/v1/.*", "method": "GET"}, "a lost permission look the same"),
        ({"kind": "html", "path": "/v1/.*", "method": "GET"}, "cannot be observed"),
        ({"kind": "missing_page", "path": "/v1/.*", "method": "GET"}, ""),
    ],
    ids=["every list 500", "every list 403", "every list empty", "html", "a page is missing"],
)
def test_a_provider_that_shows_nothing_changes_nothing(
    world: Fleet, fault: dict[str, object], expected: str
) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    before = world.sim.mutations()
    world.remove("network")
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    world.sim.control("POST", "faults", fault)
    done = world.cli.apply()
    world.sim.heal()
    if expected:
        assert done.code == 1
        assert expected in done.said
        assert world.sim.mutations() == before
    assert world.sim.names("ssh_keys") == ["admin"]
    assert world.cli.apply().code == 0
    assert world.sim.mutations().count("POST /v1/ssh_keys") == 1


def test_a_wrong_token_changes_nothing_and_says_so(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    before = world.sim.mutations()
    world.cli.env["FLEET_TOKEN"] = "somebody-elses-token-5f3a"
    plan = world.cli.run("plan", "-f", "fleet", "--detailed-exitcode")
    assert plan.code == 1
    assert "No changes for what could be seen; hz cannot be observed" in plan.out
    world.remove("network")
    done = world.cli.apply()
    assert done.code == 1
    assert "hz cannot be observed" in done.said
    assert "5f3a" not in done.said
    assert world.sim.mutations() == before


def test_a_missing_credential_is_named(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    del world.cli.env["FLEET_TOKEN"]
    done = world.cli.run("plan", "-f", "fleet")
    assert done.code == 1
    assert "credential token: the environment variable FLEET_TOKEN is not set" in done.said


def test_no_server_at_all_changes_nothing_and_says_so(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    world.remove("network")
    world.sim.process.kill()
    world.sim.process.wait()
    done = world.cli.apply()
    assert done.code == 1
    assert "hz cannot be observed" in done.said
    assert "network/prod would be deleted · unknown" in done.said


def test_an_object_of_somebody_else_is_never_taken(world: Fleet) -> None:
    world.sim.change("create", type="networks", body={"name": "prod", "ip_range": "10.9.0.0/16"})
    world.write(network=NETWORK)
    done = world.cli.apply()
    assert done.code == 1
    assert "is not ours" in done.said
    assert "lifecycle.adopt" in done.said
    assert world.sim.item("networks", "prod")["ip_range"] == "10.9.0.0/16"

"""The ordinary path: a plan says what would be done, an apply does just that, and then nothing is left."""

from __future__ import annotations

import pytest

from tests.rigs.processes import KEY, NETWORK, SSH_KEY, VM, VOLUME, Fleet


def test_a_plan_changes_nothing_and_an_apply_does_what_it_said(world: Fleet) -> None:
    world.write(key=SSH_KEY, network=NETWORK)
    planned = world.cli.ok("plan", "-f", "fleet")
    assert "+ ssh_key/admin will be created" in planned.out
    assert "⇒ POST /ssh_keys" in planned.out
    assert planned.out.endswith(
        "Plan: 2 to create, 0 to update, 0 to replace, 0 to delete; 2 requests at hz.\n"
    )
    assert world.sim.mutations() == []
    done = world.cli.ok("apply", "-f", "fleet", "--yes")
    assert done.out.endswith("Applied: 2 created.\n")
    assert sorted(world.sim.mutations()) == ["POST /v1/networks", "POST /v1/ssh_keys"]
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "prod"
    assert "No changes." in world.cli.ok("plan", "-f", "fleet").out


def test_an_apply_of_what_is_so_already_sends_no_change(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM, volume=VOLUME)
    before = world.sim.mutations()
    assert "nothing to do" in world.cli.ok("apply", "-f", "fleet", "--yes").out
    assert world.sim.mutations() == before


def test_a_changed_manifest_changes_just_that(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    planned = world.cli.ok("plan", "-f", "fleet")
    assert "tag env: prod → test" in planned.out
    assert "hz · manifest" in planned.out
    assert world.cli.apply().code == 0
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "test"
    assert world.sim.mutations()[1:] == [f"PUT /v1/ssh_keys/{world.sim.item('ssh_keys', 'admin')['id']}"]


def test_detailed_exit_codes_tell_nothing_error_and_changes_apart(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    assert world.cli.run("plan", "-f", "fleet", "--detailed-exitcode").code == 2
    assert world.cli.run("plan", "-f", "fleet").code == 0
    assert world.cli.apply().code == 0
    assert world.cli.run("plan", "-f", "fleet", "--detailed-exitcode").code == 0
    world.write(key="kind: [")
    assert world.cli.run("plan", "-f", "fleet", "--detailed-exitcode").code == 1


def test_without_a_terminal_and_without_yes_nothing_is_done(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    done = world.cli.run("apply", "-f", "fleet")
    assert done.code == 1
    assert "--yes was not given; nothing was changed" in done.err
    assert world.sim.ledger() == []


def test_at_a_terminal_only_yes_is_a_yes(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    refused = world.cli.at_terminal("y", "apply", "-f", "fleet")
    assert refused.code == 1
    assert "+ ssh_key/admin will be created" in refused.out
    assert "Nothing was changed." in refused.err
    assert world.sim.mutations() == []
    assert world.cli.at_terminal("yes", "apply", "-f", "fleet").code == 0
    assert world.sim.mutations() == ["POST /v1/ssh_keys"]


def test_a_yes_to_a_plan_that_was_shown_covers_what_needs_an_approval(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    world.remove("vm")
    done = world.cli.at_terminal("yes", "apply", "-f", "fleet")
    assert done.code == 0, done.said
    assert "needs an approval: vm/web-1 holds data" in done.said
    assert world.sim.names("servers") == []


def test_a_plan_as_json_names_every_step_and_request(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    plan = world.cli.ok("plan", "-f", "fleet", "--format", "json").json()
    assert plan["format_version"] == 1
    assert plan["summary"]["create"] == 1
    assert plan["requests"] == {"hz": 1}
    (step,) = plan["steps"]
    assert (step["address"], step["action"], step["endpoint"]) == ("ssh_key/admin", "create", "hz")
    assert {"key": "env", "before": None, "after": "prod", "reason": "manifest"} in step["tags"]
    (call,) = step["calls"]
    assert (call["method"], call["path"]) == ("POST", "/ssh_keys")
    assert call["params"]["public_key"] == KEY
    assert call["params"]["labels.reconciler/owner"] == "${owner}"


def test_a_plan_as_markdown_is_a_comment(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    text = world.cli.ok("plan", "-f", "fleet", "--format", "markdown").out
    assert text.startswith("### Plan for ")
    assert "| `+` | `ssh_key/admin` | hz |" in text
    assert text.count("````") == 2


def test_the_exact_requests_are_shown_when_asked_for(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    text = world.cli.ok("plan", "-f", "fleet", "--calls").out
    assert f"public_key = {KEY[:36]}" in text
    assert "labels.env = prod" in text


def test_only_what_is_targeted_is_done(world: Fleet) -> None:
    world.write(key=SSH_KEY, network=NETWORK)
    done = world.cli.run("apply", "-f", "fleet", "--yes", "--target", "type=network")
    assert done.code == 0, done.said
    assert world.sim.names("networks") == ["prod"]
    assert world.sim.names("ssh_keys") == []


def test_without_a_source_the_manifests_as_last_applied_count(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    world.sim.change("set", type="ssh_keys", name="admin", set={"labels.env": "mine"})
    done = world.cli.ok("apply", "--yes")
    assert "the manifests as last applied" in done.out
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "prod"


def test_one_failure_stops_only_what_needs_it_and_the_exit_code_says_so(world: Fleet) -> None:
    world.write(key=SSH_KEY, vm=VM, volume=VOLUME)
    world.sim.fault("status", status=422, method="POST", path="/v1/servers")
    done = world.cli.apply()
    assert done.code == 1
    assert "vm/web-1 failed:" in done.said
    assert "volume/data skipped: needs vm/web-1" in done.said
    assert world.sim.names("ssh_keys") == ["admin"]
    assert world.sim.names("servers") == []


def test_what_failed_is_shown_with_its_error_and_an_apply_tries_it_at_once(world: Fleet) -> None:
    world.write(key=SSH_KEY)
    world.sim.fault("status", status=422, method="POST", path="/v1/ssh_keys")
    assert world.cli.apply().code == 1
    world.sim.heal()
    shown = world.cli.ok("plan", "-f", "fleet").out
    assert "ssh_key/admin will be created" in shown
    assert "failed last time: " in shown
    (step,) = world.cli.ok("plan", "-f", "fleet", "-o", "json").json()["steps"]
    assert step["failed"]
    assert world.cli.apply().code == 0
    assert world.sim.names("ssh_keys") == ["admin"]


def test_what_is_blocked_beside_work_that_was_all_done_has_a_code_of_its_own(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK + "    lifecycle: {prevent_destroy: true}\n")
    world.remove("network")
    world.write(key=SSH_KEY.replace("env: prod", "env: test"))
    done = world.cli.apply()
    assert done.code == 3, done.said
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "test"
    assert world.cli.apply().code == 1, "nothing of what differs could be done"
    for command in ("plan", "apply", "destroy"):
        assert "3: all that may be done was done" in world.cli.ok(command, "--help").out


def test_of_what_is_gone_already_nothing_is_said_to_stay(world: Fleet) -> None:
    world.made(key=SSH_KEY, network=NETWORK)
    world.sim.change("delete", type="networks", name="prod")
    world.cli.run("observe")
    world.remove("network")
    text = world.cli.ok("plan", "-f", "fleet").out
    markdown = world.cli.ok("plan", "-f", "fleet", "-o", "markdown").out
    steps = world.cli.ok("plan", "-f", "fleet", "-o", "json").json()["steps"]
    if steps[0]["action"] == "forget":
        assert "network/prod will be forgotten, there is none" in text
        assert "there is none" in markdown
        assert steps[0]["gone"]
    assert "stays" not in text + markdown
    assert world.cli.apply().code == 0
    assert world.cli.is_settled()


@pytest.mark.parametrize(
    "scope", [("ssh_key/admin",), ("--type", "ssh_key"), ("--tag", "env=prod"), ("--endpoint", "hz")]
)
def test_what_is_held_is_left_alone_until_released(world: Fleet, scope: tuple[str, ...]) -> None:
    world.made(key=SSH_KEY)
    world.cli.ok("hold", *scope, "--reason", "the auditors are here")
    world.write(key=SSH_KEY.replace("env: prod", "env: prod, role: new"))
    held = world.cli.apply()
    assert held.code == 0  # somebody asked for it
    assert "the auditors are here" in held.said
    assert "role" not in world.sim.item("ssh_keys", "admin")["labels"]
    world.cli.ok("release", "1")
    assert world.cli.apply().code == 0
    assert world.sim.item("ssh_keys", "admin")["labels"]["role"] == "new"

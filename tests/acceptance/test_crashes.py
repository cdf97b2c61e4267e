"""Killed, interrupted, run twice at once: nothing is made twice and nothing is lost."""

from __future__ import annotations

import signal

import pytest

from tests.rigs.processes import NETWORK, SSH_KEY, VM, VOLUME, Fleet, until


@pytest.mark.parametrize("lost", ["answer", "connection"])
def test_killed_while_a_create_is_on_its_way(world: Fleet, lost: str) -> None:
    world.made(network=NETWORK)
    world.write(vm=VM, volume=VOLUME)
    if lost == "answer":
        world.sim.fault("latency", seconds=1.0, method="POST", path="/v1/servers", times=1)
    else:
        world.sim.fault("reset_after", method="POST", path="/v1/servers", times=1)
        world.sim.fault("latency", seconds=1.0, method="GET", path="/v1/servers", times=1)
    process = world.cli.start("apply", "-f", "fleet", "--yes", "--no-observe")
    until(lambda: world.sim.asked("POST", "/v1/servers"), "the create is sent")
    process.kill()
    process.wait()
    until(lambda: world.sim.names("servers") == ["web-1"], "the simulator goes on with what it was sent")
    world.sim.heal()
    done = world.cli.apply()
    assert done.code == 0, done.said
    assert "left over from a run that was cut off" in done.said
    assert world.sim.mutations().count("POST /v1/servers") == 1
    assert world.sim.mutations().count("POST /v1/volumes") == 1
    assert world.sim.names("volumes") == ["data"]
    assert world.cli.is_settled()


@pytest.mark.parametrize("task_seconds", [1.0])
def test_killed_while_an_action_runs(world: Fleet) -> None:
    world.write(vm=VM)
    process = world.cli.start("apply", "-f", "fleet", "--yes")
    until(lambda: any(e["path"] == "/v1/actions" for e in world.sim.ledger()), "its action is polled")
    process.kill()
    process.wait()
    done = world.cli.apply()
    assert done.code == 0, done.said
    assert world.sim.mutations().count("POST /v1/servers") == 1
    assert world.sim.item("servers", "web-1")["status"] == "running"
    assert world.cli.is_settled()


@pytest.mark.parametrize("task_seconds", [1.0])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_first_ctrl_c_ends_what_is_under_way_and_starts_nothing_new(
    world: Fleet, sign: signal.Signals
) -> None:
    world.write(vm=VM, volume=VOLUME)
    process = world.cli.start("apply", "-f", "fleet", "--yes")
    until(lambda: world.sim.asked("POST", "/v1/servers"), "the create is sent")
    process.send_signal(sign)
    done = world.cli.end(process)
    assert done.code == 130
    assert "Stopping: what is under way is brought to its end." in done.err
    assert "Applied: 1 created; 1 step left." in done.out
    assert world.sim.item("servers", "web-1")["status"] == "running"
    assert world.sim.names("volumes") == []
    assert world.cli.apply().code == 0
    assert world.sim.names("volumes") == ["data"]
    assert world.sim.mutations().count("POST /v1/servers") == 1


@pytest.mark.parametrize("task_seconds", [2.0])
def test_the_second_ctrl_c_leaves_at_once_and_the_next_run_ends_it(world: Fleet) -> None:
    world.write(vm=VM)
    process = world.cli.start("apply", "-f", "fleet", "--yes")
    until(lambda: any(e["path"] == "/v1/actions" for e in world.sim.ledger()), "its action is polled")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if "Stopping" in line:
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    done = world.cli.apply()
    assert done.code == 0, done.said
    assert world.sim.mutations().count("POST /v1/servers") == 1


def test_ctrl_c_ends_the_waiting_for_what_a_dead_run_had_sent_and_leaves_it_open(world: Fleet) -> None:
    world.write(network=NETWORK)
    world.sim.fault("latency", seconds=5.0, method="POST", path="/v1/networks", times=1)
    world.sim.fault("reset_before", method="POST", path="/v1/networks", times=1)
    process = world.cli.start("apply", "-f", "fleet", "--yes", "--no-observe")
    until(lambda: world.sim.asked("POST", "/v1/networks"), "the create is sent")
    process.kill()
    process.wait()
    world.sim.heal()
    before = len(world.sim.ledger())
    process = world.cli.start("plan", "-f", "fleet")
    until(
        lambda: world.sim.asked("GET", "/v1/networks", after=before),
        "the object is looked for, and not seen yet",
    )
    process.send_signal(signal.SIGINT)
    assert world.cli.end(process).code == 130
    (operation,) = world.cli.ok("get", "operations", "-o", "json").json()
    assert operation["status"] == "sending"


def test_an_apply_that_does_not_look_settles_first_what_a_dead_run_left_open(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    world.write(network=NETWORK)
    world.sim.fault("latency", seconds=5.0, method="POST", path="/v1/networks", times=1)
    process = world.cli.start("apply", "-f", "fleet", "--yes", "--no-observe")
    until(lambda: world.sim.asked("POST", "/v1/networks"), "the create is sent")
    process.kill()
    process.wait()
    world.sim.heal()
    until(lambda: world.sim.names("networks") != [], "the create took effect")
    done = world.cli.run("apply", "-f", "fleet", "--yes", "--no-observe")
    assert done.code == 0, done.said
    assert world.sim.mutations().count("POST /v1/networks") == 1
    assert world.cli.is_settled()


@pytest.mark.parametrize("task_seconds", [0.5])
def test_two_applies_at_once_make_everything_once(world: Fleet) -> None:
    world.write(key=SSH_KEY, network=NETWORK, vm=VM, volume=VOLUME)
    both = [world.cli.start("apply", "-f", "fleet", "--yes") for _ in range(2)]
    done = [world.cli.end(process) for process in both]
    assert {each.code for each in done} <= {0, 1}, "\n".join(each.err for each in done)
    created = [m for m in world.sim.mutations() if m.startswith("POST") and "actions" not in m]
    assert sorted(created) == [
        "POST /v1/networks",
        "POST /v1/servers",
        "POST /v1/ssh_keys",
        "POST /v1/volumes",
    ]
    last = world.cli.run("apply", "-f", "fleet", "--yes", "--retry")
    assert last.code == 0, last.said
    assert sorted(m for m in world.sim.mutations() if m in created) == sorted(created)
    assert world.cli.is_settled()

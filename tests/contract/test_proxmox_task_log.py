"""What the Proxmox VE driver reads from lists of tasks: whose each is, of which time, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.model.task_log import Happening, TaskLog
from reconciler.providers.driver import ObserveRequest
from reconciler.providers.task_log import TaskLogRequest
from tests.contract.proxmox_harness import ProxmoxHarness, proxmox
from tests.contract.proxmox_rig import SECRET

WEB = ("vm", "101")


@pytest.fixture
def made() -> Iterator[ProxmoxHarness]:
    """A cluster with a machine 101 that our own login made, and tasks that take ten seconds of its clock."""
    with proxmox(task_seconds=10) as harness:
        harness.rig.node.qemu.post(vmid=101)
        harness.rig.clock.now += 3600
        yield harness
        assert harness.violations() == []


def told(made: ProxmoxHarness, seconds: float = 60, *targets: tuple[str, str]) -> TaskLog:
    return made.driver.task_log(TaskLogRequest(frozenset(targets or {WEB}), seconds))


def test_a_user_a_token_and_our_own_login_are_told_apart(made: ProxmoxHarness) -> None:
    """By tasks that have ended, and by one that runs, whose list has it in another form."""
    rig = made.rig
    rig.by_password("jane@pve").nodes("pve1").qemu(101).status.start.post()
    rig.by_token("laptop", SECRET, "jane@pve").nodes("pve1").qemu(101).config.post(description="x")
    rig.clock.now += 20
    rig.vm(101).status.stop.post()
    log = told(made)
    assert [(task.kind, task.user, task.ours, task.succeeded) for task in log.tasks] == [
        ("qmstop", "reconciler@pve!demo", True, False),
        ("qmconfig", "jane@pve!laptop", False, True),
        ("qmstart", "jane@pve", False, True),
    ]
    assert log.tasks[0].ended_at is None
    assert log.tasks[2].causes == {Happening.STARTED, Happening.CHANGED}
    assert log.missing == ()


def test_only_what_was_not_over_by_then_is_told_by_the_servers_own_clock(made: ProxmoxHarness) -> None:
    """The rig's clock is weeks ahead of ours. A long task counts by its end."""
    made.rig.vm(101).status.start.post()
    made.rig.clock.now += 100
    assert told(made, 60).tasks == ()
    assert [task.kind for task in told(made, 95).tasks] == ["qmstart"]
    assert {task.kind for task in told(made, 3800).tasks} == {"qmcreate", "qmstart"}


def test_each_node_is_asked_once_and_after_a_look_nothing_else_is(made: ProxmoxHarness) -> None:
    assert told(made).requests == 4, "which nodes there are, and what may be seen"
    made.driver.observe(ObserveRequest(frozenset({"vm"}), known={"vm": frozenset({"101"})}))
    assert told(made).requests == 2
    assert told(made, 60, ("pool", "lab")).requests == 0, "a pool has no tasks"


def test_what_is_not_told_is_said_to_be_missing(made: ProxmoxHarness) -> None:
    made.fault("offline_node", options={"node": "pve2"})
    assert told(made).missing == ("node pve2 is offline",)
    made.mend()
    made.fault("lost_permission", options={"privileges": ["Sys.Audit"]})
    log = told(made)
    assert (log.missing, log.requests) == (
        ("Sys.Audit is missing on /nodes/pve1", "Sys.Audit is missing on /nodes/pve2"),
        2,
    )

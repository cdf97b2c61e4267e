"""Killed at any point, nothing is made twice, nothing is lost, and no person is needed.

A process of its own applies; a fault holds one of its requests; it is killed with SIGKILL at that moment.
Then another worker recovers and goes on, and the simulator's ledger and ground truth are looked at.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.engine.approval import Permit
from reconciler.executor.run import run_steps
from reconciler.executor.steps.recover import recover
from reconciler.model.plan import Action, BlockReason
from reconciler.store.database.session import Actor
from reconciler.store.work import operations as ops
from reconciler.store.work.workers import worker
from tests.rigs import forking
from tests.rigs.databases import TestDatabase
from tests.rigs.forking import Process
from tests.rigs.stage import TOKEN, Simulator, Stage, document, result_of, staged
from tests.rigs.workers import until_alone
from tests.scenario.test_executor import NET, adopting, machine, names, network, stranger

ROOT = Path(__file__).parents[2]
HELD = 5.0  # seconds for which a request is held; far more than the kill takes
OTHER = network("other", "10.1.0.0/16")
SHOP = document("Service", "shop", 'version: "1"')


def write_manifests(stage: Stage) -> Path:
    """The stage's manifests as files, in the folder that comes back."""
    folder = stage.home / "manifests"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in {"inventory.yaml": stage.inventory, **stage.manifests}.items():
        (folder / name).write_text(text)
    return folder


def start(stage: Stage) -> Process:
    """Apply the stage's manifests in a process of its own."""
    folder = write_manifests(stage)
    words = ("-m", "tests.scenario.child", stage.database.admin, str(stage.home), str(folder))
    return forking.start(*words, cwd=ROOT, env=os.environ, stdout=1, stderr=2)


def killed_when(stage: Stage, moment: Callable[[], bool]) -> None:
    """Start a process that applies, and kill it as soon as the moment has come."""
    process = start(stage)
    try:
        end = time.monotonic() + 60
        while not moment():
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < end, "the moment never came"
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    until_alone(stage)


def asked(simulator: Simulator, method: str, path: str, *, applied: bool = False) -> Callable[[], bool]:
    """Whether the simulator got a request since now, and (if asked) has acted on it."""
    before = len(simulator.ledger())

    def moment() -> bool:
        return any(
            entry["method"] == method and path in str(entry["path"]) and (entry["applied"] or not applied)
            for entry in simulator.ledger()[before:]
        )

    return moment


def status_is(stage: Stage, *wanted: str) -> Callable[[], bool]:
    return lambda: bool(stage.operations()) and stage.operations()[-1][2] in wanted


def let_time_pass(stage: Stage) -> None:
    """As if the requests had been sent an hour ago, and whatever was held had arrived."""
    stage.hcloud.clear() if stage.hetzner else stage.pve.clear()
    stage.let_an_hour_pass()


def recovered(stage: Stage) -> list[tuple[str, str, bool]]:
    """Recover as a process that has just started; (address, action, settled) of each operation."""
    stage.context = stage.engine.refreshed(stage.context, None)
    found = recover(stage.context, threading.Event())
    return [(str(each.address), each.action.value, each.settled) for each in found]


def drained(simulator: Simulator) -> None:
    """Wait until every request that was held has been dealt with, late as it may be."""
    end = time.monotonic() + 2 * HELD
    while any(entry["status"] == 0 and entry["fault"] in (None, "latency") for entry in simulator.ledger()):
        assert time.monotonic() < end
        time.sleep(0.02)


def nothing_twice_nothing_lost(stage: Stage, kind: str, *wanted: str) -> None:
    """The world is as wanted and in the books, nothing is open, and a further run changes nothing."""
    assert names(stage, kind) == sorted(wanted)
    assert stage.rows("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == [(0,)]
    assert stage.rows("SELECT count(*) FROM resources WHERE claimed_by IS NOT NULL") == [(0,)]
    assert stage.rows("SELECT count(*) FROM resources WHERE management = 'quarantined'") == [(0,)]
    before = len(stage.hcloud.sent())
    stage.settle()
    assert len(stage.hcloud.sent()) == before


class StoppedWhileWaiting(threading.Event):
    """A stop that comes as soon as anybody waits, and keeps for how long that would have been."""

    seconds: float | None = None

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds = timeout
        self.set()
        return True


@pytest.mark.parametrize("since", [0, 20, 29, 31, 33])
def test_nothing_is_concluded_before_the_request_and_the_lists_had_their_time(
    stage: Stage, since: int
) -> None:
    """A request may be on its way until its time-out, and its object in no list for a while after that."""
    stage.want(NET)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.3)
    stage.hcloud.fault("reset_before", method="POST", path="/v1/networks")
    killed_when(stage, asked(stage.hcloud, "POST", "/networks"))
    drained(stage.hcloud)
    stage.run("UPDATE resource_operation_calls SET sent_at = now() - make_interval(secs => %s)", since)
    stage.run("UPDATE resource_operations SET sent_at = now() - make_interval(secs => %s)", since)
    stage.context = stage.engine.refreshed(stage.context, None)
    stop = StoppedWhileWaiting()
    (item,) = recover(stage.context, stop)
    assert not item.settled
    assert stop.seconds is not None
    assert 0 < stop.seconds <= 35 - since
    assert stage.operations() == [("network/net", "create", "sending")]
    let_time_pass(stage)
    stage.settle()
    assert names(stage, "networks") == ["net"]


# -- creation -------------------------------------------------------------------------------------------


def test_killed_before_the_request_arrived(stage: Stage) -> None:
    stage.want(NET)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.3)
    stage.hcloud.fault("reset_before", method="POST", path="/v1/networks")
    killed_when(stage, asked(stage.hcloud, "POST", "/networks"))
    assert stage.operations() == [("network/net", "create", "sending")]
    assert stage.rows("SELECT status FROM plans") == [("applying",)]
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "create", True)]
    assert stage.operations() == [("network/net", "create", "interrupted")]
    assert stage.rows("SELECT status FROM plans") == [("failed",)]
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_killed_while_the_request_is_on_its_way_and_arrives_after_the_recovery(stage: Stage) -> None:
    """The worst of the late ones: nobody is there any more, the recovery saw nothing, and it lands."""
    stage.want(NET)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=1.5, times=1)
    killed_when(stage, asked(stage.hcloud, "POST", "/networks"))
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "create", True)]
    stage.apply(waves=1)
    drained(stage.hcloud)
    stage.apply()
    nothing_twice_nothing_lost(stage, "networks", "net")
    assert stage.hcloud.applied().count("POST /networks") == 1


def test_killed_after_the_object_was_made_and_before_its_answer(stage: Stage) -> None:
    stage.want(NET)
    stage.hcloud.fault("reset_after", method="POST", path="/v1/networks")
    seen = asked(stage.hcloud, "POST", "/networks", applied=True)
    # The look that follows the lost answer is held, so that the process dies knowing nothing.
    stage.apply(waves=0, sources=False)
    stage.hcloud.fault("latency", method="GET", path="/v1/networks", seconds=0.4)
    killed_when(stage, seen)
    assert stage.operations() == [("network/net", "create", "sending")]
    assert names(stage, "networks") == ["net"]
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "create", True)]
    assert stage.hcloud.sent() == ["POST /networks"], "found by its mark"
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_killed_while_the_provider_is_at_work(stage: Stage) -> None:
    stage.want(machine())
    api: Any = stage.hcloud.server.api
    api.project.timeline.action_seconds = 1.0
    killed_when(stage, status_is(stage, "accepted"))
    assert recovered(stage) == [("vm/web", "create", True)], "waited for, and found"
    assert stage.hcloud.sent() == ["POST /servers"]
    nothing_twice_nothing_lost(stage, "servers", "web")


def test_killed_while_looking_back(stage: Stage) -> None:
    stage.want(NET)
    stage.hcloud.fault("latency", method="GET", path="/v1/networks/[0-9]+", seconds=1.0, times=1)
    killed_when(stage, asked(stage.hcloud, "GET", "/networks/"))
    assert stage.operations() == [("network/net", "create", "accepted")]
    assert recovered(stage) == [("network/net", "create", True)]
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_killed_between_two_calls_of_one_step(stage: Stage) -> None:
    """A machine whose backups are switched on by a second call."""
    stage.want(machine(more=", backups: true"))
    stage.hcloud.fault("latency", method="POST", path=".*/enable_backup", seconds=0.3)
    stage.hcloud.fault("reset_before", method="POST", path=".*/enable_backup")
    killed_when(stage, asked(stage.hcloud, "POST", "enable_backup"))
    let_time_pass(stage)
    assert recovered(stage) == [("vm/web", "create", True)]
    stage.settle()
    nothing_twice_nothing_lost(stage, "servers", "web")
    assert [each.partition("/")[0] + each.rpartition("/")[2] for each in stage.hcloud.applied()] == [
        "POST servers",
        "POST enable_backup",
    ]


# -- change and removal ---------------------------------------------------------------------------------


def test_killed_while_a_change_is_on_its_way(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.hcloud.fault("latency", method="POST", path=".*/change_protection", seconds=0.8, times=1)
    killed_when(stage, asked(stage.hcloud, "POST", "change_protection"))
    drained(stage.hcloud)
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "update", True)]
    nothing_twice_nothing_lost(stage, "networks", "net")
    assert len([each for each in stage.hcloud.applied() if "change_protection" in each]) == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_killed_while_a_deletion_is_on_its_way(stage: Stage, arrives: bool) -> None:
    stage.want(NET, OTHER)
    stage.settle()
    stage.want(OTHER)
    stage.hcloud.fault("latency", method="DELETE", path="/v1/networks/.*", seconds=0.4, times=1)
    if not arrives:
        stage.hcloud.fault("reset_before", method="DELETE", path="/v1/networks/.*", times=1)
    killed_when(stage, asked(stage.hcloud, "DELETE", "/networks/"))
    drained(stage.hcloud)
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "delete", True)]
    assert ("network/net" in stage.managed()) is not arrives
    stage.settle()
    assert stage.managed().keys() == {"network/other"}
    nothing_twice_nothing_lost(stage, "networks", "other")


@pytest.mark.parametrize("held", ["DELETE", "POST"])
def test_killed_in_a_replacement(stage: Stage, held: str) -> None:
    """Between the old one's end and the new one's beginning."""
    allowed = "lifecycle: {replace: allowed, allow_downtime: true}"
    stage.want(machine(rest=allowed))
    stage.settle()
    stage.want(machine(rest=allowed).replace("debian-12", "ubuntu-24.04"))
    path = "/v1/servers/[0-9]+" if held == "DELETE" else "/v1/servers"
    stage.hcloud.fault("latency", method=held, path=path, seconds=0.4, times=1)
    killed_when(stage, asked(stage.hcloud, held, "/servers"))
    drained(stage.hcloud)
    let_time_pass(stage)
    assert recovered(stage) == [("vm/web", "replace", True)]
    stage.settle()
    nothing_twice_nothing_lost(stage, "servers", "web")
    assert stage.hcloud.state()["servers"][0]["image"]["name"] == "ubuntu-24.04"
    assert len([each for each in stage.hcloud.applied() if each.startswith("DELETE /servers")]) == 1


def test_killed_in_an_adoption(stage: Stage) -> None:
    stage.want(network("theirs", rest=adopting(stranger(stage, "theirs"))))
    stage.hcloud.fault("latency", method="PUT", path="/v1/networks/.*", seconds=0.3)
    stage.hcloud.fault("reset_before", method="PUT", path="/v1/networks/.*")
    killed_when(stage, asked(stage.hcloud, "PUT", "/networks/"))
    let_time_pass(stage)
    assert recovered(stage) == [("network/theirs", "adopt", True)]
    assert stage.rows("SELECT management FROM resources") == [("unmanaged",)], (
        "not ours, and not in quarantine"
    )
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", "theirs")


def test_a_resource_that_no_provider_has_survives_a_kill_too(stage: Stage) -> None:
    stage.want(document("Service", "shop", 'version: "1"'))
    stage.apply(waves=0)
    plan = stage.preview().plan
    left_open(stage, plan.steps[0])
    assert recovered(stage) == [("service/shop", "create", True)]
    stage.settle()
    assert stage.managed() == {"service/shop": ("available", "present")}


def left_open(stage: Stage, step: Any) -> None:
    """An operation of which only the intent was committed, by a worker that is dead."""
    with worker(stage.engine.store, "cli") as dead, stage.engine.store.transaction(Actor("x")) as tx:
        ops.begin(tx, uuid4(), step, dead, plan_step_id=None, revision_id=None, id_range=None)


# -- the recovery itself --------------------------------------------------------------------------------


def test_an_intent_that_was_never_sent_is_planned_again(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    left_open(stage, stage.preview().plan.steps[0])
    assert recovered(stage) == [("network/net", "create", True)]
    assert stage.hcloud.sent() == []
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_nothing_is_concluded_while_the_request_may_still_arrive(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.want(NET)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.3)
    stage.hcloud.fault("reset_before", method="POST", path="/v1/networks")
    killed_when(stage, asked(stage.hcloud, "POST", "/networks"))
    stop = threading.Event()
    stop.set()
    stage.context = stage.engine.refreshed(stage.context, None)
    (item,) = recover(stage.context, stop)
    assert not item.settled
    late = threading.Event()
    threading.Timer(0.3, late.set).start()
    (item,) = recover(stage.context, late)
    assert (item.settled, item.action) == (False, Action.CREATE), "it was still waiting when it was stopped"
    assert stage.operations() == [("network/net", "create", "sending")]


def killed_before_the_answer(stage: Stage) -> None:
    """The object was made, its process died knowing nothing of it, and all that was a while ago."""
    stage.want(NET)
    stage.hcloud.fault("reset_after", method="POST", path="/v1/networks")
    stage.apply(waves=0, sources=False)
    stage.hcloud.fault("latency", method="GET", path="/v1/networks", seconds=0.4)
    killed_when(stage, asked(stage.hcloud, "POST", "/networks", applied=True))
    let_time_pass(stage)


def test_what_cannot_be_looked_at_stays_open_and_keeps_its_resource_from_another_step(stage: Stage) -> None:
    killed_before_the_answer(stage)
    stage.hcloud.fault("status", method="GET", path="/v1/networks.*", status=503)
    assert recovered(stage) == [("network/net", "create", False)]
    assert recovered(stage) == [("network/net", "create", False)], (
        "this worker's own now, and looked at again"
    )
    assert stage.operations() == [("network/net", "create", "sending")]
    applied = stage.apply(observe=False, waves=1)
    assert {outcome.result.value for outcome in applied.outcomes} <= {"busy"}
    assert stage.hcloud.sent() == ["POST /networks"]
    stage.hcloud.clear()
    assert recovered(stage) == [("network/net", "create", True)]
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_nothing_is_concluded_from_a_list_that_is_not_whole(stage: Stage) -> None:
    killed_before_the_answer(stage)
    stage.hcloud.fault("missing_page", method="GET", path="/v1/networks", options={"mode": "short"})
    assert recovered(stage) == [("network/net", "create", False)]
    stage.hcloud.clear()
    assert recovered(stage) == [("network/net", "create", True)]
    nothing_twice_nothing_lost(stage, "networks", "net")


def test_a_recovery_that_is_killed_itself_is_taken_up_by_the_next(stage: Stage) -> None:
    killed_before_the_answer(stage)
    stage.hcloud.fault("latency", method="GET", path="/v1/networks.*", seconds=0.5)
    killed_when(stage, asked(stage.hcloud, "GET", "/networks"))
    stage.hcloud.clear()
    assert recovered(stage) == [("network/net", "create", True)]
    nothing_twice_nothing_lost(stage, "networks", "net")


# -- ids that we choose ---------------------------------------------------------------------------------

GUEST = document("VirtualMachine", "db", "endpoint: proxmox-1, cpu_cores: 1, memory: 512MiB")


def guests(stage: Stage) -> list[int]:
    return sorted(guest["vmid"] for guest in stage.pve.state()["guests"] if guest["name"] == "db")


@pytest.mark.parametrize("arrives", [True, False])
def test_a_guest_whose_creation_was_cut_off_is_made_once_with_the_id_it_was_given(
    proxmox: Stage, arrives: bool
) -> None:
    proxmox.want(GUEST)
    proxmox.pve.fault("latency", method="POST", path=".*/qemu", seconds=0.4, times=1)
    if not arrives:
        proxmox.pve.fault("reset_before", method="POST", path=".*/qemu", times=1)
    killed_when(proxmox, asked(proxmox.pve, "POST", "/qemu"))
    drained(proxmox.pve)
    let_time_pass(proxmox)
    assert recovered(proxmox) == [("vm/db", "create", True)]
    proxmox.settle()
    assert len(guests(proxmox)) == 1
    assert proxmox.rows("SELECT count(*) FROM external_id_reservations") == [(1,)]
    assert proxmox.external_id("vm/db") == str(guests(proxmox)[0])


def test_a_guest_whose_creation_lands_after_the_recovery_is_still_one(proxmox: Stage) -> None:
    """Property: the creation sent again carries the same id, so the late one cannot be a second guest."""
    proxmox.want(GUEST)
    proxmox.pve.fault("latency", method="POST", path=".*/qemu", seconds=1.5, times=1)
    killed_when(proxmox, asked(proxmox.pve, "POST", "/qemu"))
    let_time_pass(proxmox)
    assert recovered(proxmox) == [("vm/db", "create", True)]
    proxmox.apply(waves=1)
    drained(proxmox.pve)
    proxmox.apply()
    proxmox.settle()
    assert len(guests(proxmox)) == 1


def test_a_guest_whose_id_somebody_took_gets_another(proxmox: Stage) -> None:
    proxmox.want(GUEST)
    proxmox.apply(waves=0)
    plan = proxmox.preview().plan
    low = proxmox.context.connections.to("proxmox-1").id_range
    assert low is not None
    proxmox.pve.change(op="create", type="qemu", vmid=low.low, node="pve1", config={"name": "theirs"})
    (outcome,) = run_steps(proxmox.context, plan.steps, stop=threading.Event())
    assert outcome.result.value == "done", outcome
    assert guests(proxmox) == [low.low + 1]
    proxmox.settle()


# -- the token of another project -----------------------------------------------------------------------


@pytest.fixture
def two_projects(database: TestDatabase, place: Path) -> Iterator[Stage]:
    """One endpoint, and a second project that its credential may be another's of."""
    with staged(database, place, hetzner={"other_token": "of-another-project"}) as made:
        yield made


def token_is(stage: Stage, value: str) -> None:
    """Somebody puts another token where the credential comes from; a new process finds it."""
    os.environ["RECONCILER_TEST_HETZNER"] = value
    stage.context = stage.engine.refreshed(stage.context, None)


def cut_off_in_a_deletion(stage: Stage, *left: str) -> None:
    """Killed when its deletion was on its way, which never arrived."""
    stage.want(SHOP, *left)
    stage.hcloud.fault("latency", method="DELETE", path="/v1/networks/.*", seconds=0.3, times=1)
    stage.hcloud.fault("reset_before", method="DELETE", path="/v1/networks/.*", times=1)
    killed_when(stage, asked(stage.hcloud, "DELETE", "/networks/"))
    drained(stage.hcloud)
    let_time_pass(stage)


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("left", [(), (OTHER,)])
def test_what_may_have_been_made_is_not_made_again_with_another_projects_token(
    two_projects: Stage, left: tuple[str, ...], made: bool
) -> None:
    stage = two_projects
    stage.want(*left)
    if left:
        stage.settle()
    stage.want(NET, *left)
    stage.apply(waves=0)
    stage.hcloud.fault("reset_after" if made else "reset_before", method="POST", path="/v1/networks", times=1)
    stage.hcloud.fault("status", method="GET", path="/v1/networks.*", status=503)
    assert result_of(stage.apply(observe=False, waves=1), "network/net") == "ambiguous"
    stage.hcloud.clear()
    token_is(stage, "of-another-project")
    for _ in range(2):
        applied = stage.apply()
        (blocked,) = [item for item in applied.left.blocked if str(item.address) == "network/net"]
        assert blocked.reason is BlockReason.UNKNOWN
    assert stage.hcloud.state()["other_project"]["networks"] == []
    token_is(stage, TOKEN)
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", "net", *(["other"] if left else []))
    assert stage.hcloud.state()["other_project"]["networks"] == []


@pytest.mark.parametrize("left", [(), (OTHER,)])
def test_a_creation_that_was_cut_off_is_not_made_again_with_another_projects_token(
    two_projects: Stage, left: tuple[str, ...]
) -> None:
    stage = two_projects
    stage.want(*left)
    if left:
        stage.settle()
    stage.want(NET, *left)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.3, times=1)
    killed_when(stage, asked(stage.hcloud, "POST", "/networks"))
    drained(stage.hcloud)
    let_time_pass(stage)
    token_is(stage, "of-another-project")
    for _ in range(2):
        stage.apply()
    assert stage.hcloud.state()["other_project"]["networks"] == []
    token_is(stage, TOKEN)
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", "net", *(["other"] if left else []))


@pytest.mark.parametrize("left", [(), (OTHER,)])
def test_another_projects_token_does_not_make_a_deletion_that_was_cut_off_look_done(
    two_projects: Stage, left: tuple[str, ...]
) -> None:
    stage = two_projects
    stage.want(SHOP, NET, *left)
    stage.settle()
    cut_off_in_a_deletion(stage, *left)
    token_is(stage, "of-another-project")
    for _ in range(2):
        assert recovered(stage) == [("network/net", "delete", False)]
    stage.apply(Permit.for_plan(stage.plan()))
    assert stage.managed().keys() >= {"network/net"}
    assert stage.operations()[-1] == ("network/net", "delete", "sending")
    assert "net" in names(stage, "networks")
    token_is(stage, TOKEN)
    assert recovered(stage) == [("network/net", "delete", True)]
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", *(["other"] if left else []))


def test_the_last_deletion_is_known_to_be_done_by_the_login_that_saw_the_object_before(stage: Stage) -> None:
    stage.want(SHOP, NET)
    stage.settle()
    stage.want(SHOP)
    stage.hcloud.fault("latency", method="DELETE", path="/v1/networks/.*", seconds=0.3, times=1)
    killed_when(stage, asked(stage.hcloud, "DELETE", "/networks/"))
    drained(stage.hcloud)
    let_time_pass(stage)
    assert recovered(stage) == [("network/net", "delete", True)]
    assert stage.managed().keys() == {"service/shop"}
    nothing_twice_nothing_lost(stage, "networks")


def test_a_denial_that_proves_nothing_is_believed_when_a_person_says_so(two_projects: Stage) -> None:
    stage = two_projects
    stage.want(SHOP, NET)
    stage.settle()
    cut_off_in_a_deletion(stage)
    stage.hcloud.change(op="delete", type="networks", name="net")
    token_is(stage, "of-another-project")
    (item,) = recover(stage.context, threading.Event())
    assert (item.settled, "another project's token" in item.message) == (False, True)
    (item,) = recover(stage.context, threading.Event(), accept_empty={"hetzner-1"})
    assert (item.settled, item.message) == (True, "was carried out")
    nothing_twice_nothing_lost(stage, "networks")


@pytest.mark.parametrize("wanted", [(), (network(more=", protected: true"),)], ids=["deletion", "change"])
def test_a_step_that_is_sent_with_another_projects_token_concludes_nothing(
    two_projects: Stage, wanted: tuple[str, ...]
) -> None:
    stage = two_projects
    stage.want(SHOP, NET)
    stage.settle()
    token_is(stage, "of-another-project")
    stage.want(SHOP, *wanted)
    assert stage.apply(observe=False, waves=1).failed
    assert stage.hcloud.sent("DELETE") == []
    assert stage.managed()["network/net"][1] == "unknown"
    token_is(stage, TOKEN)
    stage.settle()
    nothing_twice_nothing_lost(stage, "networks", *(["net"] if wanted else []))
    assert stage.hcloud.applied().count("POST /networks") == 1


@pytest.mark.parametrize("beside", [(OTHER,), ()], ids=["another of ours", "nothing else"])
def test_what_was_deleted_behind_a_change_that_was_cut_off_is_gone_where_another_of_ours_is_shown(
    stage: Stage, beside: tuple[str, ...]
) -> None:
    stage.want(NET, *beside)
    stage.settle()
    stage.want(network(more=", protected: true"), *beside)
    stage.hcloud.fault("latency", method="POST", path=".*/change_protection", seconds=0.3, times=1)
    stage.hcloud.fault("reset_before", method="POST", path=".*/change_protection", times=1)
    killed_when(stage, asked(stage.hcloud, "POST", "change_protection"))
    drained(stage.hcloud)
    let_time_pass(stage)
    stage.hcloud.change(op="delete", type="networks", name="net")
    assert recovered(stage) == [("network/net", "update", bool(beside))]
    assert stage.managed()["network/net"][1] == ("absent" if beside else "present")

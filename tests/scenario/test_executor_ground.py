"""Steps whose ground moves: stopped, stale, held by another worker, or no longer ours."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from reconciler.engine.approval import Permit
from reconciler.errors import StalePlanError
from reconciler.executor import step as step_module
from reconciler.executor.outcome import Result
from reconciler.executor.run import run_steps
from reconciler.model.plan import Action
from reconciler.store.pauses import hold
from reconciler.store.plans import save_plan
from reconciler.store.workers import worker
from tests.scenario.stage import Stage, results
from tests.scenario.test_executor import ACTOR, NET, adopting, machine, names, network, stranger

# -- stopping -------------------------------------------------------------------------------------------


def test_once_stopped_no_new_mutation_starts_and_what_is_under_way_ends(stage: Stage) -> None:
    stage.want(*(network(f"n{number}", f"10.{number}.0.0/16") for number in range(3)))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stop = threading.Event()
    outcomes = run_steps(
        stage.context, plan.steps, stop=stop, workers=1, started=lambda _: None, ended=lambda _: stop.set()
    )
    assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.NOT_STARTED, Result.NOT_STARTED]
    assert stage.hcloud.sent() == ["POST /networks"]
    assert [status for _, _, status in stage.operations()] == ["done"]


def test_a_step_that_is_stopped_before_its_first_call_has_not_failed(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    plan = stage.preview().plan
    stop = threading.Event()
    outcomes = run_steps(stage.context, plan.steps, stop=stop, started=lambda _: stop.set())
    assert [outcome.result for outcome in outcomes] == [Result.NOT_STARTED]
    assert stage.hcloud.sent() == []
    assert stage.rows("SELECT count(*) FROM resource_failures") == [(0,)]
    assert stage.operations() == [("network/net", "create", "interrupted")]
    stage.settle()


def test_a_stop_ends_the_waiting_between_attempts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "_FIRST_WAIT", 60.0)
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.fault("status", method="POST", path=".*/change_protection", status=423)
    stop = threading.Event()
    ends = threading.Timer(0.3, stop.set)
    ends.start()
    (outcome,) = run_steps(stage.context, plan.steps, stop=stop)
    assert outcome.result is Result.FAILED
    assert len([each for each in stage.hcloud.sent() if "change_protection" in each]) == 1


# -- ground that moves ----------------------------------------------------------------------------------


def test_a_step_whose_ground_moved_sends_nothing(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.run("UPDATE resources SET allow_downtime = NOT allow_downtime WHERE address = 'network/net'")
    before = stage.hcloud.sent()
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.STALE
    assert stage.hcloud.sent() == before


def test_a_plan_that_was_agreed_to_is_applied_as_it_was_or_not_at_all(stage: Stage) -> None:
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    stage.want(network(more=", protected: true"), network("other", "10.1.0.0/16"))
    seen = Permit.for_plan(stage.plan())
    stage.hcloud.change(op="set", type="networks", name="net", set={"labels.someone": "else"})
    before = stage.hcloud.sent()
    with pytest.raises(StalePlanError):
        stage.apply(seen)
    assert stage.hcloud.sent() == before
    stage.hcloud.change(op="set", type="networks", name="other", set={"labels.someone": "else"})
    again = Permit.for_plan(stage.plan())
    assert results(stage.apply(again)) == {"done": 2}


def test_what_is_not_part_of_an_agreed_plan_may_move_without_harm(stage: Stage) -> None:
    stage.want(NET)
    seen = Permit.for_plan(stage.plan())
    stranger(stage, "somebodys")
    assert results(stage.apply(seen)) == {"done": 1}


def test_another_workers_resource_is_left_to_it(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    with worker(stage.engine.store, "cli") as other:
        stage.run("UPDATE resources SET claimed_by = %s, claimed_at = now() WHERE is_root", other)
        (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
        assert outcome.result is Result.BUSY
        assert "process" in outcome.message
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.DONE, "the worker is gone, and so is its claim"


def test_a_worker_whose_claim_is_taken_in_mid_step_writes_nothing_more(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.6)
    outcomes: list[Any] = []
    runner = threading.Thread(
        target=lambda: outcomes.extend(run_steps(stage.context, plan.steps, stop=threading.Event()))
    )
    runner.start()
    wait_for(lambda: bool(stage.hcloud.sent()))
    stage.run("UPDATE resources SET claim_epoch = claim_epoch + 1")
    runner.join()
    assert [outcome.result for outcome in outcomes] == [Result.BUSY]
    assert stage.operations() == [("network/net", "create", "sending")], "left to whoever took it"
    assert stage.rows("SELECT external_id FROM resources") == [(None,)]


def wait_for(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)


# -- whose it is ----------------------------------------------------------------------------------------


def test_nothing_is_deleted_that_lost_our_mark_since_it_was_planned(stage: Stage) -> None:
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    stage.want(network("other", "10.1.0.0/16"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.change(op="set", type="networks", name="net", set={"labels": {}})
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert names(stage, "networks") == ["net", "other"]
    (found,) = stage.rows("SELECT management FROM resources WHERE address = 'network/net'")
    assert found == ("quarantined",)
    (item,) = stage.apply().left.blocked
    assert item.hindrance == "quarantined"


def test_a_resource_whose_object_is_gone_already_is_deleted_without_fuss(stage: Stage) -> None:
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    stage.want(network("other", "10.1.0.0/16"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.change(op="delete", type="networks", name="net")
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.DONE
    assert stage.managed().keys() == {"network/other"}


def test_a_deletion_that_did_not_hold_is_no_success(stage: Stage) -> None:
    """The provider said yes and the object is still there."""
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    stage.want(network("other", "10.1.0.0/16"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.fault("stale", method="GET", path="/v1/networks/.*")
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert "network/net" in stage.managed()
    stage.hcloud.clear()
    stage.settle()
    assert stage.managed().keys() == {"network/other"}


def test_an_object_is_taken_over_by_its_id_and_marked_ours(stage: Stage) -> None:
    stage.want(network("theirs", rest=adopting(stranger(stage, "theirs"))))
    assert [step.action for step in stage.plan().steps] == [Action.ADOPT]
    stage.settle()
    (there,) = stage.hcloud.state()["networks"]
    assert {key for key in there["labels"] if key.startswith("reconciler/")} != set()
    assert stage.managed() == {"network/theirs": ("available", "present")}


def test_an_adoption_that_fails_leaves_the_object_nobodys_and_is_tried_again(stage: Stage) -> None:
    stage.want(network("theirs", rest=adopting(stranger(stage, "theirs"))))
    stage.hcloud.fault("status", method="PUT", path="/v1/networks/.*", status=422, times=1)
    assert results(stage.apply(waves=1)) == {"failed": 1}
    assert stage.rows("SELECT management FROM resources") == [("unmanaged",)]
    stage.settle()
    assert stage.managed() == {"network/theirs": ("available", "present")}


def test_a_secret_that_cannot_be_found_fails_its_step_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    monkeypatch.delenv("RECONCILER_TEST_HETZNER")
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert "hetzner-1" in outcome.message
    assert stage.operations()[-1][2] == "failed", (
        "the operation has ended, so nothing stands in the next one's way"
    )
    monkeypatch.setenv("RECONCILER_TEST_HETZNER", "a-token-of-the-tests")
    stage.settle()


def test_a_hold_is_seen_by_the_next_plan(stage: Stage) -> None:
    stage.want(NET)
    with stage.engine.store.transaction(ACTOR) as tx:
        hold(tx, "ada", "hands off", resource_type="network")
    (item,) = stage.apply().left.blocked
    assert item.hindrance == "held"
    assert stage.hcloud.sent() == []


def test_a_saved_plan_names_its_steps_and_their_calls(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    plan = stage.preview().plan
    with stage.engine.store.transaction(ACTOR) as tx:
        number, ids = save_plan(tx, plan, "ada", "saved")
    assert stage.rows("SELECT plan_id, hash FROM plan_steps") == [(number, plan.steps[0].hash())]
    assert set(ids) == {plan.steps[0].address}


def test_the_plan_says_how_many_requests_it_takes_and_takes_no_more(stage: Stage) -> None:
    subnet = ", subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}], protected: true"
    stage.want(network(more=subnet), machine("a"), machine("b"))
    plan = stage.plan()
    stage.settle()
    assert plan.requests == {"hetzner-1": len(stage.hcloud.sent())}

"""Steps whose ground moves: stopped, stale, held by another worker, or no longer ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.engine.approval import Permit
from reconciler.engine.observing import observe_all
from reconciler.engine.planning import PlanOptions
from reconciler.errors import DatabaseUnavailable, StalePlanError
from reconciler.executor.run import run_steps
from reconciler.executor.steps import recover as recover_module
from reconciler.executor.steps import retries, waiting
from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.recover import recover
from reconciler.model.backoff import BackOff
from reconciler.model.plan import BlockReason, Step
from reconciler.store.database import session as session_module
from reconciler.store.work.pauses import hold
from reconciler.store.work.plans import save_plan
from reconciler.store.work.workers import worker
from tests.rigs.databases import TestDatabase
from tests.rigs.processes import until
from tests.rigs.stage import TOKEN, Stage, document, results, staged
from tests.scenario.test_executor import ACTOR, NET, machine, names, network, stranger

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
    monkeypatch.setattr(retries, "BETWEEN_CALLS", BackOff(60.0, 60.0))
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


def test_what_no_provider_shows_is_not_recorded_as_a_manifest_that_changed_meanwhile(stage: Stage) -> None:
    """Of a logical resource its manifest is all that can be recorded, and it has to be the one planned."""
    stage.want(document("Service", "shop", 'version: "1"'))
    stage.settle()
    stage.want(document("Service", "shop", 'version: "2"'))
    stage.apply(waves=0)
    (step,) = stage.preview().plan.steps
    stage.want(document("Service", "shop", 'version: "3"'))
    stage.apply(waves=0)
    (outcome,) = run_steps(stage.context, [step], stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert "its manifest changed while it was applied" in outcome.message
    assert stage.rows("SELECT value_string FROM resource_attributes") == [("1",)]
    stage.settle()


def test_a_stop_while_a_denied_deletion_is_looked_at_leaves_it_to_the_recovery(stage: Stage) -> None:
    """It was sent, so it is not written down as one that never was, nor as one that failed."""
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    number = stage.external_id("network/net")
    stage.want(network("other", "10.1.0.0/16"))
    stage.apply(waves=0)
    (step,) = stage.preview().plan.steps
    where = {"method": "DELETE", "path": f"/v1/networks/{number}"}
    stage.hcloud.fault("latency", seconds=0.5, **where)
    stage.hcloud.fault("status", status=404, **where)
    stop, budget = threading.Event(), stage.context.connections.to("hetzner-1").budget

    def stopped_when_it_is_sent() -> None:
        until(lambda: any(entry["method"] == "DELETE" for entry in stage.hcloud.ledger()), "it is sent")
        budget.pause(60)
        stop.set()

    stopping = threading.Thread(target=stopped_when_it_is_sent)
    stopping.start()
    (outcome,) = run_steps(stage.context, [step], stop=stop)
    stopping.join()
    assert outcome.result is Result.AMBIGUOUS
    assert stage.operations()[-1] == ("network/net", "delete", "sending")
    stage.hcloud.clear()


def test_no_machine_is_stopped_for_a_change_that_cannot_be_finished(stage: Stage) -> None:
    group = document("PlacementGroup", "apart", "endpoint: hetzner-1, placement_type: spread")
    life = "lifecycle: {allow_downtime: true}"
    stage.want(group, machine(more=", power_state: running", rest=life))
    stage.settle()
    stage.want(group, machine(more=", power_state: running, placement_group: apart", rest=life))
    stage.apply(waves=0)
    (step,) = stage.preview().plan.steps
    before = stage.hcloud.sent()
    assert len(step.calls) > 1, "it is stopped first"
    stage.run("UPDATE resources SET external_id = NULL WHERE address = 'placement_group/apart'")
    (outcome,) = run_steps(stage.context, [step], stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert "placement_group/apart" in outcome.message
    assert stage.hcloud.sent() == before


@pytest.fixture
def slow(database: TestDatabase, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A provider whose actions take an hour."""
    monkeypatch.setattr(waiting, "_GRACE", 0.0)
    monkeypatch.setattr(recover_module, "TASK_WAIT", 10.0)
    with staged(database, place, hetzner={"clock": Clock(), "action_seconds": 3600.0}) as made:
        yield made


class Clock:
    """The time, and as much later as has been said."""

    later = 0.0

    def __call__(self) -> float:
        return time.time() + self.later


def a_day_later(stage: Stage) -> None:
    api: Any = stage.hcloud.server.api
    api._clock.later += 86400.0


def stopped_when(stage: Stage, steps: Sequence[Step], status: str) -> Outcome:
    """Run a step, and ask for a stop once its operation has this status."""
    stop = threading.Event()
    found: list[Outcome] = []
    running = threading.Thread(
        target=lambda: found.extend(run_steps(stage.context, steps, stop=stop)), daemon=True
    )
    running.start()
    while stage.operations()[-1:] != [(str(steps[0].address), steps[0].action.value, status)]:
        assert running.is_alive(), "it ended before it could be stopped"
    stop.set()
    running.join(60)
    (outcome,) = found
    return outcome


def test_a_stop_leaves_a_long_task_on_record_and_the_next_run_waits_for_it(slow: Stage) -> None:
    slow.want(machine())
    slow.apply(waves=0)
    outcome = stopped_when(slow, slow.preview().plan.steps, "accepted")
    assert outcome.result is Result.AMBIGUOUS
    assert slow.operations() == [("vm/web", "create", "accepted")]
    slow.context = slow.engine.refreshed(slow.context, None)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    (item,) = recover(slow.context, stop)
    assert (item.settled, slow.operations()) == (False, [("vm/web", "create", "accepted")])
    a_day_later(slow)
    (item,) = recover(slow.context, threading.Event())
    assert item.settled
    assert slow.hcloud.sent() == ["POST /servers"]
    slow.settle()


def test_a_stop_ends_the_waiting_for_a_place_in_the_budget_and_nothing_was_sent(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    steps = stage.preview().plan.steps
    budget = stage.context.connections.to("hetzner-1").budget
    budget.pause(3600)
    outcome = stopped_when(stage, steps, "sending")
    budget._paused_until = 0.0
    assert outcome.result is Result.NOT_STARTED
    assert stage.hcloud.sent() == []
    assert stage.operations() == [("network/net", "create", "interrupted")]
    assert stage.rows("SELECT count(*) FROM resource_failures") == [(0,)]
    stage.settle()


def test_a_lost_database_is_named_with_what_it_leaves_open_and_the_next_run_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "CHECKOUT_SECONDS", 0.5)
    monkeypatch.setattr(session_module, "LOST_SECONDS", 0.1)
    stage.want(NET)
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=1.0, times=1)

    def lose() -> None:
        while not stage.hcloud.sent("POST"):
            pass
        with psycopg.connect(stage.database.server.superuser_dsn(), autocommit=True) as connection:
            name = stage.database.name
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    losing = threading.Thread(target=lose, daemon=True)
    losing.start()
    with pytest.raises(DatabaseUnavailable) as caught:
        stage.apply()
    losing.join()
    with psycopg.connect(stage.database.server.superuser_dsn(), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{stage.database.name}" ALLOW_CONNECTIONS true'.encode())
    assert "is not currently accepting connections" in caught.value.message, "the server's own words"
    assert "left open: network/net" in caught.value.message
    assert "nothing needs unlocking" in (caught.value.hint or "")
    assert stage.hcloud.sent() == ["POST /networks"]
    stage.let_an_hour_pass()
    monkeypatch.setattr(session_module, "LOST_SECONDS", 60.0)  # the pool comes back by and by
    stage.context = stage.engine.refreshed(stage.context, None)
    stage.settle()
    assert stage.hcloud.sent() == ["POST /networks"]
    assert stage.rows("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == [(0,)]


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
    before = stage.hcloud.sent(), stage.rows("SELECT count(*) FROM revisions")
    with pytest.raises(StalePlanError, match="nothing was changed"):
        stage.apply(seen)
    assert (stage.hcloud.sent(), stage.rows("SELECT count(*) FROM revisions")) == before
    stage.hcloud.change(op="set", type="networks", name="other", set={"name": "else"})
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
    assert item.reason == "quarantined"


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


def test_a_secret_that_cannot_be_found_fails_its_step_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.apply(waves=0)
    plan = stage.preview().plan
    monkeypatch.delenv("RECONCILER_TEST_HETZNER")
    stage.context.connections.close()  # they read it once
    (outcome,) = run_steps(stage.context, plan.steps, stop=threading.Event())
    assert outcome.result is Result.FAILED
    assert "hetzner-1" in outcome.message
    assert stage.operations()[-1][2] == "failed", (
        "the operation has ended, so nothing stands in the next one's way"
    )
    monkeypatch.setenv("RECONCILER_TEST_HETZNER", TOKEN)
    stage.settle()


def test_a_hold_is_seen_by_the_next_plan(stage: Stage) -> None:
    stage.want(NET)
    with stage.engine.store.transaction(ACTOR) as tx:
        hold(tx, "ada", "hands off", resource_type="network")
    (item,) = stage.apply().left.blocked
    assert item.reason == "held"
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


def test_what_a_provider_does_not_take_waits_and_drift_that_somebody_makes_does_not(stage: Stage) -> None:
    stage.options = PlanOptions()
    told = ", expose_routes_to_vswitch: true"
    stage.want(network(more=", expose_routes_to_vswitch: false"))
    stage.settle()
    number = int(stage.external_id("network/net"))

    def updates() -> int:
        return stage.hcloud.sent().count(f"PUT /networks/{number}")

    stage.hcloud.fault("stale", method="GET", path="/v1/networks.*")  # accepted each time, and never shown
    stage.want(network(more=told))
    applied = stage.apply()
    (item,) = applied.left.blocked
    assert (results(applied), updates(), item.reason) == ({"done": 3}, 3, BlockReason.BACK_OFF)
    assert "expose_routes_to_vswitch was set 3 times and the provider still shows false" in item.message
    assert (stage.apply().outcomes, updates()) == ((), 3)
    stage.options = PlanOptions(retry_now=True)
    assert "was set 4 times" in stage.apply().left.blocked[0].message
    assert updates() == 4, "what a person wants tried again is tried once"

    stage.options = PlanOptions()
    stage.want(network(more=told + ", protected: true"))
    stage.apply(waves=1)
    assert updates() > 4, "another specification is another matter"

    stage.hcloud.clear()
    stage.settle()
    assert stage.rows("SELECT 1 FROM resource_failures") == []
    by_hand = {"op": "set", "type": "networks", "id": number, "set": {"expose_routes_to_vswitch": False}}
    for _ in range(4):
        stage.hcloud.change(**by_hand)
        before = updates()
        stage.settle()
        assert updates() == before + 1, "the value held in between"
    stage.hcloud.change(**by_hand)
    stage.hcloud.fault("stale", method="GET", path="/v1/networks.*")
    assert results(stage.apply()) == {"done": 3}, "what was healed before was not in vain"
    stage.hcloud.clear()
    stage.options = PlanOptions(retry_now=True)
    stage.settle()
    assert stage.rows("SELECT 1 FROM resource_failures") == [], "what agrees has nothing left to wait for"


@pytest.mark.parametrize("drift", ["heal", "report"])
def test_what_hung_on_a_replaced_machine_hangs_on_the_new_one_when_the_run_ends(
    stage: Stage, drift: str
) -> None:
    """Also in a run that did not look itself, but was given coverage: the daemon's. And it is no drift."""
    stage.inventory = stage.inventory.replace(
        "credential: hetzner-token}", f"credential: hetzner-token, drift: {drift}}}"
    )
    assert drift in stage.inventory
    life = "lifecycle: {replace: allowed}"
    volume = document("Volume", "data", "endpoint: hetzner-1, size_gb: 10, server: web")
    stage.want(machine(more=", location: fsn1", rest=life), volume)
    stage.settle()
    spec = "server_type: cx22, image: debian-11, endpoint: hetzner-1, location: fsn1"
    stage.want(document("VirtualMachine", "web", spec, life), volume)
    session = stage.session()
    session.coverage = observe_all(session.context, session.context.connections.endpoints)
    assert session.apply(Permit()).left.steps == ()
    state = stage.hcloud.state()
    assert [each["server"] for each in state["volumes"]] == [each["id"] for each in state["servers"]]


def test_a_replacement_that_brings_nothing_destroys_no_second_machine(stage: Stage) -> None:
    """A system image by its number is shown by its name ever after; here the catalog does not know of it."""
    catalog = stage.engine.catalog
    rules = catalog.rules["vm", "hetzner"]
    unknowing = {**rules, "image": replace(rules["image"], also=None)}
    stage.engine.catalog = replace(catalog, rules={**catalog.rules, ("vm", "hetzner"): unknowing})
    stage.options = PlanOptions()
    stage.want(machine())
    stage.settle()
    number = stage.hcloud.state()["servers"][0]["image"]["id"]
    spec = f"server_type: cx22, image: '{number}', endpoint: hetzner-1"
    stage.want(document("VirtualMachine", "web", spec, "lifecycle: {replace: allowed}"))
    applied = [stage.apply(), stage.apply()]
    assert len([each for each in stage.hcloud.sent("DELETE") if "/servers/" in each]) == 1
    (item,) = applied[1].left.blocked
    assert (item.reason, item.hint) == (BlockReason.BACK_OFF, "reconciler retry vm/web")
    assert "image was set once and the provider still shows debian-12" in item.message
    assert stage.rows("SELECT not_before FROM resource_failures") == [(None,)], "no clock ever frees it"
    stage.run("UPDATE resource_failures SET last_at = last_at - interval '100 years'")
    for options in (PlanOptions(), PlanOptions(retry_now=True)):
        stage.options = options
        stage.want(
            document("VirtualMachine", "web", spec, "lifecycle: {replace: allowed, allow_downtime: true}")
        )
        assert [each.reason for each in stage.apply().left.blocked] == [BlockReason.BACK_OFF]
    assert len([each for each in stage.hcloud.sent("DELETE") if "/servers/" in each]) == 1
    stage.want(machine())
    stage.settle()

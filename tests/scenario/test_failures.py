"""What failed before: against what it counts, and what a person's own command waits for."""

from __future__ import annotations

from reconciler.engine.planning import PlanOptions
from reconciler.executor.steps.swings import TIMES
from reconciler.model.address import Address
from reconciler.model.plan import Action, BlockReason
from reconciler.store.work import pauses
from tests.rigs.stage import Stage, results
from tests.scenario.test_executor import ACTOR, NET, machine, network

BY_ITSELF = PlanOptions()
"""As the daemon plans: nobody has said that anything is to be tried at once."""
ASKED = PlanOptions(retry_now=True)
"""As `plan` and `apply` do."""


def refusing(stage: Stage, method: str, path: str) -> None:
    stage.hcloud.fault("status", method=method, path=path, status=422)


def test_a_corrected_manifest_is_tried_at_once_and_the_old_one_waits(stage: Stage) -> None:
    stage.options = BY_ITSELF
    stage.want(NET, network("wrong", "10.1.0.0/16"))
    refusing(stage, "POST", "/v1/networks")
    assert results(stage.apply()) == {"failed": 2}
    stage.hcloud.clear()
    assert {item.reason for item in stage.apply().left.blocked} == {BlockReason.BACK_OFF}
    stage.want(NET, network("wrong", "10.2.0.0/16"))
    applied = stage.apply()
    assert [(str(each.address), each.result.value) for each in applied.outcomes] == [
        ("network/wrong", "done")
    ]
    stage.want(NET, network("wrong", "10.2.0.0/16"))
    assert [str(item.address) for item in stage.apply().left.blocked] == ["network/net"]


def test_a_preview_shows_what_failed_with_its_error_and_an_apply_does_not_wait(stage: Stage) -> None:
    stage.options = ASKED
    stage.want(NET)
    refusing(stage, "POST", "/v1/networks")
    assert results(stage.apply()) == {"failed": 1}, "once, and not again within the same apply"
    (step,) = stage.plan().steps
    assert step.action is Action.CREATE
    assert step.failed, "and says what with"
    stage.hcloud.clear()
    assert results(stage.apply()) == {"done": 1}
    assert stage.rows("SELECT 1 FROM resource_failures") == []


def test_what_is_to_go_waits_for_no_failed_update(stage: Stage) -> None:
    stage.options = BY_ITSELF
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    stage.want(network(more=", protected: true"), network("other", "10.1.0.0/16"))
    refusing(stage, "POST", "/v1/networks/.*")
    assert results(stage.apply()) == {"failed": 1}
    stage.hcloud.clear()
    stage.want(network("other", "10.1.0.0/16"))
    assert results(stage.apply()) == {"done": 1}
    assert stage.managed().keys() == {"network/other"}


def test_what_needs_something_that_waits_after_a_failure_waits_with_it(stage: Stage) -> None:
    stage.options = BY_ITSELF
    subnet = ", subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]"
    joined = ", location: fsn1, networks: [{network: net}]"
    stage.want(network(more=subnet), machine(more=joined))
    stage.settle()
    stage.want(network(more=subnet + ", protected: true"), machine(more=joined + ", backups: true"))
    refusing(stage, "POST", "/v1/networks/.*")
    assert results(stage.apply()) == {"failed": 1, "skipped": 1}
    sent = stage.hcloud.sent()
    plan = stage.plan()
    assert plan.steps == ()
    assert {str(item.address): item.reason for item in plan.blocked} == {
        "network/net": BlockReason.BACK_OFF,
        "vm/web": BlockReason.DEPENDENCY,
    }
    stage.apply()
    assert stage.hcloud.sent() == sent
    stage.hcloud.clear()
    stage.options = ASKED
    stage.settle()


def test_a_value_that_swings_back_by_itself_is_said_once_and_left(stage: Stage) -> None:
    stage.options = BY_ITSELF
    stage.want(network(more=", expose_routes_to_vswitch: true"))
    stage.settle()
    number = int(stage.external_id("network/net"))

    def swing() -> int:
        """The provider makes another value of it, some time later; gives how often it was set back."""
        there = {"op": "set", "type": "networks", "id": number, "set": {"expose_routes_to_vswitch": False}}
        stage.hcloud.change(**there)
        stage.apply()
        return stage.hcloud.sent().count(f"PUT /networks/{number}")

    assert [swing() for _ in range(TIMES + 4)][-1] == TIMES, "after that it is left as it is"
    (item,) = stage.apply().left.blocked
    assert item.reason is BlockReason.BACK_OFF
    assert f"expose_routes_to_vswitch was set {TIMES} times" in item.message
    assert "became false again later" in item.message
    stage.options = ASKED
    assert swing() == TIMES, "an apply alone is no reason"
    with stage.engine.store.transaction(ACTOR) as tx:
        assert pauses.retry(tx, Address.parse("network/net"))
    assert swing() == TIMES + 1
    stage.want(network(more=", expose_routes_to_vswitch: false"))
    stage.settle()

"""A plan that is not what a plan must be is refused, by whoever made it, before any of it is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine import planning
from reconciler.errors import BrokenPlanError
from reconciler.model.plan import Plan
from reconciler.planner import PlanInput, make_plan  # noqa: TID251 - to be broken
from tests.rigs.stage import Stage
from tests.scenario.test_executor import network


def losing_count(given: PlanInput) -> Plan:
    """A planner with a fault: its plans do not say what they send."""
    return replace(make_plan(given), requests={})


@pytest.fixture(autouse=True)
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "make_plan", losing_count)


def test_nothing_is_done_of_a_plan_that_breaks_a_promise(stage: Stage) -> None:
    stage.want(network())
    for run in (stage.preview, stage.apply):
        with pytest.raises(BrokenPlanError) as refused:
            run()
        assert "nothing of it was done" in refused.value.message
        assert "0 requests at hetzner-1, and the steps have 1 calls there" in refused.value.message
        assert "promised: the number of requests is that of the calls" in refused.value.message
        assert "a fault of reconciler" in str(refused.value.hint)
    assert stage.hcloud.sent() == []
    assert stage.operations() == []


def test_who_does_not_ask_for_it_is_told_nothing(stage: Stage) -> None:
    stage.engine.check_plans = False
    stage.want(network())
    stage.settle()

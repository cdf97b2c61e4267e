"""What failed before, with the clock as an argument: what waits, what is parked, and what neither holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.model.failure import Failure
from reconciler.model.plan import Action, BlockReason
from tests.rigs.core import NOW, given, recorded_of
from tests.rigs.planner import ALLOWED, did, failing, make_plan, network, only, vm

LATER = [timedelta(), timedelta(seconds=16), timedelta(hours=2), timedelta(days=4015), timedelta(days=328500)]
"""However the clock moves."""

APPLIED = vm(image="debian-12", lifecycle=ALLOWED)
"""What a replacement has just applied; the provider shows another image all the same."""

SHOWN = recorded_of(vm(image="ubuntu-22.04", lifecycle=ALLOWED), applied_desired_hash=APPLIED.hash())


def clock(later: timedelta) -> datetime:
    return NOW + later


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("asked", [False, True])
def test_a_replacement_that_brought_nothing_is_parked_whatever_the_clock_says(
    later: timedelta, asked: bool
) -> None:
    parked = failing(APPLIED, Action.REPLACE, None)
    plan = make_plan(given([APPLIED], [SHOWN], failures=parked, now=clock(later), retry_now=asked))
    assert only(plan) is BlockReason.BACK_OFF
    assert plan.blocked[0].hint == "reconciler retry vm/web"
    freed = make_plan(given([APPLIED], [SHOWN], failures=parked, now=clock(later), retry_parked=True))
    assert did(freed) == {"vm/web": Action.REPLACE}


@pytest.mark.parametrize("later", LATER)
def test_something_else_in_the_manifest_destroys_no_second_machine(later: timedelta) -> None:
    edited = replace(APPLIED, attributes={**APPLIED.attributes, "backups": True})
    parked = failing(APPLIED, Action.REPLACE, None)
    before = {APPLIED.address: APPLIED}
    plan = make_plan(given([edited], [SHOWN], failures=parked, applied=before, now=clock(later)))
    assert only(plan) is BlockReason.BACK_OFF
    another = replace(APPLIED, attributes={**APPLIED.attributes, "image": "debian-13"})
    plan = make_plan(given([another], [SHOWN], failures=parked, applied=before, now=clock(later)))
    assert did(plan) == {"vm/web": Action.REPLACE}, "another image is another matter"


def test_a_failure_counts_against_its_action_and_its_specification_only() -> None:
    far = NOW + timedelta(hours=1)
    there = recorded_of(network(protected=True))
    wanted = network(protected=False)
    waits = failing(wanted, Action.UPDATE, far)
    assert only(make_plan(given([wanted], [there], failures=waits))) is BlockReason.BACK_OFF
    corrected = network(protected=False, expose_routes_to_vswitch=True)
    assert did(make_plan(given([corrected], [there], failures=waits))) == {"network/net": Action.UPDATE}
    assert did(make_plan(given(removed=[there], failures=waits))) == {"network/net": Action.DELETE}
    other = failing(wanted, Action.CREATE, far)
    assert did(make_plan(given([wanted], [there], failures=other))) == {"network/net": Action.UPDATE}
    gone = {there.address: (Failure(Action.DELETE, None, far, "in use"),)}
    assert only(make_plan(given(removed=[there], failures=gone))) is BlockReason.BACK_OFF


def test_who_asks_waits_for_nothing_and_is_told_what_failed() -> None:
    waits = failing(network(), Action.CREATE, NOW + timedelta(hours=1), "no capacity")
    (step,) = make_plan(given([network()], failures=waits, retry_now=True)).steps
    assert (step.action, step.failed) == (Action.CREATE, "no capacity")
    (fresh,) = make_plan(given([network()])).steps
    assert step.hash() == fresh.hash(), "what is approved is the same step"

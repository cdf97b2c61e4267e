"""Which step begins when, over any plan and any way that its steps end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.executor.steps.outcome import Outcome, Result
from reconciler.executor.steps.schedule import Schedule
from reconciler.model.address import Address
from reconciler.model.plan import Action, Step

UNDONE = sorted(set(Result) - {Result.DONE, Result.SKIPPED})
"""How a step that began may end, if not well."""


def step(number: int, *needs: int) -> Step:
    return Step(
        address=address(number),
        action=Action.UPDATE,
        endpoint="cloud",
        provider_type="logical",
        reason=None,
        summary="",
        requires=tuple(map(address, needs)),
    )


def address(number: int) -> Address:
    return Address.parse(f"service/s{number}")


def outcome(of: Step, result: Result = Result.DONE) -> Outcome:
    return Outcome(of.address, of.action, result)


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    """In an order that respects what each requires; 99 is no step of the run."""
    size = draw(st.integers(0, 8))
    return [
        step(n, *sorted(draw(st.sets(st.sampled_from([*range(n), 99]), max_size=3)))) for n in range(size)
    ]


@given(plans(), st.data())
def test_every_step_gets_one_outcome_and_none_begins_before_what_it_requires(
    steps: list[Step], data: st.DataObject
) -> None:
    schedule, told, under_way = Schedule(steps), list[Outcome](), list[Step]()
    while True:
        if data.draw(st.booleans()) and (taken := schedule.take()) is not None:
            ours = {each.address for each in steps}
            needs = [schedule.outcomes.get(need) for need in taken.requires if need in ours]
            assert all(need is not None and need.result is Result.DONE for need in needs)
            under_way.append(taken)
        elif under_way:
            ending = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            result = data.draw(st.sampled_from([Result.DONE, Result.DONE, *UNDONE]))
            told += [outcome(ending, result), *schedule.end(outcome(ending, result))]
        elif (taken := schedule.take()) is not None:
            under_way.append(taken)
        else:
            break
    assert len(told) == len(steps) == len({each.address for each in told}), (
        "nothing is left, nothing is told twice"
    )
    assert {each.address: each for each in told} == schedule.outcomes
    failed = {each.address for each in told if each.result is not Result.DONE}
    for each in steps:
        skipped = schedule.outcomes[each.address].result is Result.SKIPPED
        assert skipped == bool(failed.intersection(each.requires)), each


def test_steps_begin_in_the_order_of_the_plan() -> None:
    schedule = Schedule([step(0), step(1, 0), step(2), step(3, 0)])
    first, second = schedule.take(), schedule.take()
    assert [first, second, schedule.take()] == [step(0), step(2), None]
    assert schedule.end(outcome(step(0))) == []
    assert [schedule.take(), schedule.take(), schedule.take()] == [step(1, 0), step(3, 0), None]


def test_what_is_skipped_names_what_failed_and_takes_along_what_needs_it() -> None:
    schedule = Schedule([step(0), step(1, 0), step(2, 1), step(3)])
    schedule.take()
    skipped = schedule.end(outcome(step(0), Result.FAILED))
    assert [(str(each.address), each.message) for each in skipped] == [
        ("service/s1", "needs service/s0, which did not succeed"),
        ("service/s2", "needs service/s1, which did not succeed"),
    ]
    assert schedule.take() == step(3)


@pytest.mark.parametrize("result", UNDONE)
def test_whatever_did_not_succeed_lets_nothing_begin_that_needs_it(result: Result) -> None:
    """In doubt, stale or busy is as little a ground to build on as failed is."""
    schedule = Schedule([step(0), step(1, 0), step(2, 1)])
    schedule.take()
    skipped = schedule.end(outcome(step(0), result))
    assert [each.result for each in skipped] == [Result.SKIPPED, Result.SKIPPED]
    assert schedule.take() is None


def test_nothing_begins_any_more_once_abandoned() -> None:
    schedule = Schedule([step(0), step(1, 0), step(2)])
    schedule.take()
    assert [str(each.address) for each in schedule.abandon()] == ["service/s1", "service/s2"]
    assert {each.result for each in schedule.outcomes.values()} == {Result.NOT_STARTED}
    assert (schedule.end(outcome(step(0))), schedule.take()) == ([], None)

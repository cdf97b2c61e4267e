"""Approvals: bound to hashes, of a whole plan or of its steps; what they do not cover waits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given as drawn
from hypothesis import strategies as st

from reconciler.engine.approval import Permit, permitted, used
from reconciler.model.plan import Action, Plan, Step
from reconciler.planner import Limits
from reconciler.store.work.plans import Approval
from tests.rigs.core import given, recorded_of, want
from tests.rigs.planner import make_plan


def mass_deletion() -> Plan:
    gone = [recorded_of(want(f"network/n{number}", ip_range="10.0.0.0/8")) for number in range(3)]
    return make_plan(given(removed=gone, limits=Limits(destroy=2)))


def with_data() -> Plan:
    """A volume that loses its manifest and its data, the machine it is attached to, and a network."""
    machine = want("vm/web", server_type="cx22", image="debian-12")
    volume = recorded_of(want("volume/data", size_gb=10, server="vm/web"))
    net = want("network/net", ip_range="10.0.0.0/8")
    return make_plan(given([net], removed=[volume, recorded_of(machine)]))


def approval(plan: Plan, *steps: Step, number: int = 1) -> Approval:
    chosen = steps or plan.steps
    return Approval(number, plan.hash(), frozenset(step.hash() for step in chosen))


def names(steps: tuple[Step, ...]) -> list[str]:
    return [str(step.address) for step in steps]


def test_what_needs_no_approval_runs_and_what_does_waits_with_all_that_needs_it() -> None:
    plan = with_data()
    run, waiting = permitted(plan, Permit(), [])
    assert names(run) == ["network/net"]
    assert names(waiting) == ["volume/data", "vm/web"]


def test_an_approval_lets_through_just_what_it_covers() -> None:
    plan = with_data()
    volume = next(step for step in plan.steps if step.address.type == "volume")
    run, waiting = permitted(plan, Permit(), [approval(plan, volume)])
    assert (sorted(names(run)), names(waiting)) == (["network/net", "volume/data"], ["vm/web"])
    run, waiting = permitted(plan, Permit(), [approval(plan)])
    assert (len(run), waiting) == (3, ())


def test_a_mass_deletion_runs_whole_and_approved_or_not_at_all() -> None:
    plan = mass_deletion()
    assert permitted(plan, Permit(), []) == ((), plan.steps)
    assert permitted(plan, Permit(), [approval(plan, *plan.steps[:2])]) == ((), plan.steps)
    assert permitted(plan, Permit(), [approval(plan)]) == (plan.steps, ())


def test_something_harmless_that_came_along_does_not_undo_an_approval() -> None:
    plan = mass_deletion()
    more = make_plan(given([want("network/new", ip_range="10.0.0.0/8")]))
    both = replace(plan, steps=(*plan.steps, *more.steps))
    assert permitted(both, Permit(), [approval(plan)]) == (both.steps, ())


def test_an_approval_of_something_else_is_none() -> None:
    plan = mass_deletion()
    moved = [replace(step, expected_version=99) for step in plan.steps]
    assert permitted(plan, Permit(), [approval(plan, *moved)]) == ((), plan.steps)


def test_who_saw_the_plan_agreed_to_it_and_to_nothing_else() -> None:
    plan = mass_deletion()
    assert permitted(plan, Permit.for_plan(plan), []) == (plan.steps, ())
    more = make_plan(given([want("network/new", ip_range="10.0.0.0/8")]))
    both = replace(plan, steps=(*plan.steps, *more.steps))
    assert permitted(both, Permit.for_plan(plan), []) == (plan.steps, ())


def test_an_approval_is_used_up_by_what_needed_it_only() -> None:
    plan = with_data()
    given_for_all = approval(plan, number=7)
    free = tuple(step for step in plan.steps if not step.approvals)
    assert used(plan, free, [given_for_all]) == ()
    assert used(plan, plan.steps, [given_for_all, approval(mass_deletion(), number=8)]) == (7,)


@drawn(st.data())
def test_no_step_that_needs_an_approval_runs_without_one(data: st.DataObject) -> None:
    plan = data.draw(st.sampled_from([mass_deletion(), with_data()]))
    covered = data.draw(st.sets(st.sampled_from(plan.steps))) if plan.steps else set()
    run, waiting = permitted(plan, Permit(), [approval(plan, *covered)] if covered else [])
    assert sorted(names(run) + names(waiting)) == sorted(names(plan.steps))
    for step in run:
        assert not step.approvals or step in covered
        destroying = {s for s in plan.steps if s.action in (Action.DELETE, Action.REPLACE)}
        assert not plan.approvals or destroying <= covered
        assert not {str(need) for need in step.requires} & set(names(waiting))

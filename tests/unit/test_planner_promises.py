"""Promises of the planner that hold for any fleet of any types: generated, not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from reconciler.model.address import Address
from reconciler.model.plan import Action, Hindrance, Plan, Step
from reconciler.model.resource import Desired, Lifecycle, Management, Presence, Recorded, ReplacePolicy
from reconciler.planner import EndpointView, Limits, PlanInput
from reconciler.planner.references import references
from tests.unit.core_rig import ENDPOINTS, given, lifecycles, names, recorded_of, resources
from tests.unit.manifest_rig import catalog
from tests.unit.planner_rig import make_plan

fleets = st.lists(resources(), max_size=4, unique_by=lambda item: item.address)
DESTROYING = (Action.DELETE, Action.REPLACE)


def closed(fleet: list[Desired]) -> dict[Address, Desired]:
    """The fleet without references to what is not in it, and without circles."""
    known: dict[Address, Desired] = {}
    for item in sorted(fleet, key=lambda each: each.address):
        plain = replace(item, adopt=None)
        known[item.address] = plain if references(plain, catalog()) <= known.keys() else _free(plain)
    return known


def _free(item: Desired) -> Desired:
    def keep(each: Desired) -> Desired:
        rules = catalog().attributes(each.type, each.provider_type)
        found = {n: v for n, v in each.attributes.items() if not rules[n].definition.reference_types}
        return replace(each, attributes=found, parts=tuple(map(keep, each.parts)))

    return keep(item)


@st.composite
def moved(draw: st.DrawFn, desired: Desired) -> Recorded | None:
    """The recorded side in any condition: as wanted, bare, absent, unknown, quarantined, or none at all."""
    if not draw(st.booleans()):
        return None
    there = recorded_of(desired)
    changes: dict[str, Any] = {
        "presence": draw(st.sampled_from(Presence)),
        "management": draw(st.sampled_from([Management.MANAGED] * 3 + [Management.QUARANTINED])),
        "applied_desired_hash": draw(st.sampled_from([None, desired.hash(), b"other"])),
        "lifecycle": draw(lifecycles),
    }
    if draw(st.booleans()):
        changes |= {"attributes": {}, "tags": {"old": ""}}
    if draw(st.booleans()):
        changes |= {"external_id": None}
    return replace(there, **changes)


@st.composite
def inputs(draw: st.DrawFn, /, **more: Any) -> PlanInput:
    """Any input: some resources wanted, some wanted no more, in any condition; some endpoints blind."""
    known = closed(draw(fleets))
    rows = {address: draw(moved(item)) for address, item in known.items()}
    gone = draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    blind = draw(st.sets(st.sampled_from(sorted(ENDPOINTS)), max_size=1))
    plain = given(
        [item for address, item in known.items() if address not in gone],
        [row for address, row in rows.items() if row is not None and address not in gone],
        [row for address in sorted(gone) if (row := rows[address]) is not None],
        endpoints={
            name: EndpointView(name, kind, trouble="no answer" if name in blind else None)
            for name, kind in ENDPOINTS.items()
        },
    )
    return replace(plain, **more)


def at(plan_input: PlanInput, address: Address) -> Recorded | None:
    removed = {item.address: item for item in plan_input.removed}
    return removed.get(address) or plan_input.recorded.get(address)


@settings(max_examples=50, deadline=None)
@drawn(inputs(), st.randoms())
def test_equal_inputs_give_an_equal_plan_and_hash_in_whatever_order_they_come(
    one: PlanInput, random: Any
) -> None:
    def shuffled(pairs: Mapping[Address, Any]) -> dict[Address, Any]:
        items = list(pairs.items())
        random.shuffle(items)
        return dict(items)

    other = replace(
        one,
        desired=shuffled(one.desired),
        recorded=shuffled(one.recorded),
        removed=tuple(reversed(one.removed)),
    )
    first, second = make_plan(one), make_plan(other)
    assert first == second
    assert first.hash() == second.hash()
    assert [step.hash() for step in first.steps] == [step.hash() for step in second.steps]


@settings(max_examples=60, deadline=None)
@drawn(inputs())
def test_nothing_is_done_on_unknown_or_to_what_is_not_ours(one: PlanInput) -> None:
    for step in make_plan(one).steps:
        there = at(one, step.address)
        assert not one.endpoints[step.endpoint].trouble
        if there is not None:
            assert there.management is Management.MANAGED
            assert there.presence is not Presence.UNKNOWN


@settings(max_examples=60, deadline=None)
@drawn(inputs())
def test_a_guarded_resource_has_no_step_that_destroys_it_or_its_data(one: PlanInput) -> None:
    for step in make_plan(one).steps:
        desired, there = one.desired.get(step.address), at(one, step.address)
        guard = desired.lifecycle if desired is not None else there.lifecycle if there is not None else None
        if guard is not None and guard.prevent_destroy:
            assert step.action not in DESTROYING
            assert not any(part.action == "delete" and part.holds_data for part in step.parts)
        if step.action is Action.REPLACE:
            assert guard is not None
            assert guard.replace is ReplacePolicy.ALLOWED


@settings(max_examples=60, deadline=None)
@drawn(inputs())
def test_nothing_that_holds_data_is_destroyed_unseen(one: PlanInput) -> None:
    """By the manifest's word, or by an approval."""
    for step in make_plan(one).steps:
        there = at(one, step.address)
        if step.action is Action.DELETE and catalog().resource_types[step.address.type].holds_data:
            assert there is not None
            assert step.approvals or there.lifecycle.on_remove == "delete"
        if step.action is Action.UPDATE and any(p.holds_data and p.action == "delete" for p in step.parts):
            assert step.approvals


@settings(max_examples=50, deadline=None)
@drawn(inputs(limits=Limits(destroy=1, share=0.3, share_from=1), managed=4))
def test_more_destruction_than_the_limit_is_never_free(one: PlanInput) -> None:
    plan = make_plan(one)
    destroyed = sum(step.action in DESTROYING for step in plan.steps)
    assert bool(plan.approvals) == (destroyed > 1)


@settings(max_examples=50, deadline=None)
@drawn(inputs())
def test_every_step_rests_on_the_row_it_was_made_for(one: PlanInput) -> None:
    for step in make_plan(one).steps:
        there = at(one, step.address)
        assert step.resource == (there.uid if there else None)
        assert step.pin == (there.version if there else None)
        wanted = one.desired.get(step.address)
        assert step.desired_hash == (wanted.hash() if wanted else None)


@settings(max_examples=50, deadline=None)
@drawn(inputs())
def test_whatever_is_parked_says_why(one: PlanInput) -> None:
    for item in make_plan(one).blocked:
        assert item.message
        if item.hindrance is not Hindrance.REPORT_ONLY:
            assert item.hint, item


class World:
    """What would be there if every step did what it says: the desired side, taken over."""

    def __init__(self, one: PlanInput) -> None:
        self.input = one
        self.rows = dict(one.recorded)

    def apply(self, step: Step) -> None:
        if step.action in (Action.DELETE, Action.FORGET):
            self.input = replace(
                self.input, removed=tuple(item for item in self.input.removed if item.address != step.address)
            )
            return
        made = recorded_of(self.input.desired[step.address])
        self.rows[step.address] = replace(made, applied_desired_hash=step.desired_hash)

    def plan(self) -> Plan:
        return make_plan(replace(self.input, recorded=self.rows))


@settings(max_examples=60, deadline=None)
@drawn(inputs())
def test_a_plan_applied_leaves_nothing_but_what_was_blocked(one: PlanInput) -> None:
    world = World(one)
    first = world.plan()
    for step in first.steps:
        world.apply(step)
    second = world.plan()
    left = {step.address for step in second.steps}
    assert left <= {item.address for item in first.blocked if item.hindrance is Hindrance.DEPENDENCY}
    for step in second.steps:
        world.apply(step)
    third = world.plan()
    assert not [step for step in third.steps if step.address not in left]


@settings(max_examples=50, deadline=None)
@drawn(fleets, st.lists(lifecycles, min_size=1, max_size=4))
def test_a_fleet_applied_as_a_whole_is_settled_as_a_whole(
    fleet: list[Desired], lives: list[Lifecycle]
) -> None:
    known = closed([replace(item, lifecycle=lives[n % len(lives)]) for n, item in enumerate(fleet)])
    world = World(given(list(known.values())))
    for step in world.plan().steps:
        assert step.action is Action.CREATE
        world.apply(step)
    after = world.plan()
    assert (after.steps, after.blocked) == ((), ())
    assert {address for address, _ in after.settled} == known.keys()


@settings(max_examples=50, deadline=None)
@drawn(resources(), names)
def test_steps_that_would_do_something_else_have_another_hash(desired: Desired, name: str) -> None:
    plain = replace(desired, adopt=None)
    (step,) = make_plan(given([_free(plain)])).steps
    (call,) = step.calls
    for other in (
        replace(step, pin=3),
        replace(step, action=Action.UPDATE),
        replace(step, desired_hash=b"x"),
        replace(step, requires=(Address.of("vm", "elsewhere"),)),
        replace(step, calls=(replace(call, path="/other"),)),
        replace(step, calls=(replace(call, params=(*call.params, (f"more-{name}", "1"))),)),
        replace(step, calls=(call, call)),
    ):
        assert other.hash() != step.hash()


def test_no_value_can_look_like_another_parameter() -> None:
    (step,) = make_plan(given([_free(recorded_free())])).steps
    (call,) = step.calls
    one = replace(call, params=(("a", "1"), ("b", "2")))
    other = replace(call, params=(("a", "1:str\nb=2"),))
    third = replace(call, params=(("a", 1), ("b", 2)))
    assert len({one.content(), other.content(), third.content()}) == 3


def recorded_free() -> Desired:
    return Desired(Address.of("service", "a"), "service", "logical", "logical", {})

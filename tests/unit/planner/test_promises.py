"""Promises of the planner that hold for any fleet of any types: generated, not chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import event, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from reconciler.errors import PlanError
from reconciler.model.address import Address, as_name
from reconciler.model.diff import Diff
from reconciler.model.failure import Failure
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, BlockReason, Call, Impact, Plan, Step
from reconciler.model.resource import Desired, Lifecycle, Management, Presence, Recorded, ReplacePolicy
from reconciler.planner import EndpointStatus, Limits, Lower, PlanInput, Selection
from reconciler.planner.references import references
from reconciler.planner.select import Selector
from tests.rigs.core import (
    ENDPOINTS,
    NOW,
    given,
    lifecycles,
    names,
    one_call,
    recorded_of,
    resources,
    want,
    with_parts,
)
from tests.rigs.examples import often
from tests.rigs.manifest import catalog
from tests.rigs.planner import make_plan


def address_of(item: Desired) -> Address:
    return item.address


fleets = st.lists(resources(), max_size=4, unique_by=address_of)


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
            name: EndpointStatus(name, kind, trouble="no answer" if name in blind else None)
            for name, kind in ENDPOINTS.items()
        },
    )
    return replace(plain, **more)


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual nine times out of ten, so that one oddity does not hide the others."""
    return st.sampled_from([usual] * 9 * len(others) + list(others))


hold_tags = st.sampled_from([None, ("old", ""), ("env", "prod")])
times = st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)])
losses = mostly("", "its backups are deleted", "an address goes with it")
FREE = Lifecycle(replace=ReplacePolicy.ALLOWED, allow_downtime=True)


@st.composite
def lowerings(draw: st.DrawFn, known: list[Address]) -> Lower:
    """Drivers: what they refuse, what they interrupt, what they ask first and what goes with it is any."""
    refused, stopped, asked = (
        {address for address in known if draw(mostly(usual, not usual))} for usual in (False, False, False)
    )
    lost = {address: draw(losses) for address in known}

    def lower(
        action: Action, endpoint: str, desired: Desired | None, recorded: Recorded | None, found: Diff
    ) -> tuple[Call, ...]:
        if found.address in refused:
            raise PlanError("it cannot be had", hint="take another")
        (call,) = one_call(action, endpoint, desired, recorded, found)
        if found.address in stopped:
            call = replace(call, impact=Impact.STOP)
        if (loss := lost.get(found.address)) and action is not Action.CREATE:
            call = replace(call, destroys=(loss,))
        look = replace(call, operation="test.look", creates=False, deletes=False, destroys=(), reads=True)
        return (look, call) if found.address in asked else (call,)

    return lower


@st.composite
def failed(draw: st.DrawFn, item: Desired) -> tuple[Failure, ...]:
    kinds = st.sampled_from([Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT])
    specs = st.sampled_from([item.hash(), None, b"other"])
    return tuple(
        Failure(kind, draw(specs), draw(times), "no room") for kind in draw(st.sets(kinds, max_size=3))
    )


@st.composite
def lived(draw: st.DrawFn, known: dict[Address, Desired]) -> dict[Address, Desired]:
    """The same, some depending on others, without circles; some may be replaced, some take an object over."""
    earlier: list[Address] = []
    made: dict[Address, Desired] = {}
    for address in sorted(known):
        needs = draw(st.sets(st.sampled_from(earlier), max_size=2)) if earlier else set[Address]()
        made[address] = replace(
            known[address],
            depends_on=tuple(sorted(needs)),
            lifecycle=draw(st.one_of(st.just(FREE), st.just(Lifecycle()), lifecycles)),
            adopt=draw(mostly(None, "4711", f"ext-{address}")),
        )
        earlier.append(address)
    return made


@st.composite
def weathered(draw: st.DrawFn, desired: Desired) -> Recorded:
    """What became of it: mostly there and ours, with some of it otherwise."""

    def worn(row: Recorded) -> Recorded:
        lost = draw(st.sets(st.sampled_from(sorted(row.attributes)), max_size=2)) if row.attributes else set()
        left = {name: value for name, value in row.attributes.items() if name not in lost}
        return replace(row, attributes=left)

    there = worn(recorded_of(desired))
    machine = "power_state" in catalog().attributes(desired.type, desired.provider_type)
    return replace(
        there,
        parts=tuple(worn(part) for part in there.parts if draw(mostly(True, False))),
        presence=draw(mostly(Presence.PRESENT, Presence.ABSENT, Presence.UNKNOWN)),
        management=draw(mostly(Management.MANAGED, Management.QUARANTINED)),
        external_id=draw(mostly(there.external_id, None)),
        applied_desired_hash=draw(st.sampled_from([None, desired.hash(), b"other"])),
        lifecycle=draw(st.one_of(st.just(FREE), st.just(Lifecycle()), lifecycles)),
        tags=draw(mostly(there.tags, {"env": "prod"})),
        busy=draw(mostly(False, True)),
        owes_start=machine and draw(mostly(False, True)),
        state=draw(mostly(there.state, "stopped")) if machine else there.state,
    )


@st.composite
def conditions(draw: st.DrawFn) -> PlanInput:
    """Any input in any condition: holds, failures, strangers, selections, drivers that may do anything."""
    known = draw(lived(closed(draw(st.lists(resources(), min_size=1, max_size=5, unique_by=address_of)))))

    def some(*odds: bool) -> list[Address]:
        return [address for address in sorted(known) if draw(st.sampled_from(odds))]

    destroy = draw(mostly(False, True))
    gone = sorted(known) if destroy else some(True, False, False)
    rows = {address: draw(weathered(known[address])) for address in some(True, True, True, False)}
    theirs = {"external_id": "4711", "management": Management.UNMANAGED}
    made: dict[str, Any] = {
        "strangers": {a: recorded_of(known[a], **theirs) for a in some(True, False) if a not in rows},
        "holds": tuple(
            Hold("ann", "moving", address=address, tag=draw(hold_tags), until=draw(times))
            for address in some(True, *[False] * 7)
        ),
        "failures": {address: draw(failed(known[address])) for address in some(True, False)},
        "retry_now": draw(st.booleans()),
        "retry_parked": draw(st.booleans()),
        "endpoints": {
            name: EndpointStatus(name, kind, draw(mostly(False, True)), draw(mostly(None, *["silent"] * 1)))
            for name, kind in ENDPOINTS.items()
        },
        "limits": Limits(destroy=draw(st.integers(0, 3)), share=0.5, share_from=1),
        "managed": draw(st.integers(1, 9)),
        "lower": draw(lowerings(sorted(known))),
        "destroy": destroy,
    }
    if draw(mostly(False, True)):
        chosen, left = some(True, False), some(True, *[False] * 4)
        made["selection"] = Selection(
            tuple(Selector(address=address) for address in chosen),
            tuple(Selector(address=address) for address in left if address not in chosen),
        )
    elif not destroy:
        made["elsewhere"] = dict.fromkeys(some(True, *[False] * 7), "other")
    return given(
        [item for address, item in known.items() if address not in gone],
        [row for address, row in rows.items() if address not in gone],
        [rows[address] for address in gone if address in rows],
        **made,
    )


def tell(plan: Plan) -> None:
    """What `--hypothesis-show-statistics` counts: that it was not all for nothing."""
    for step in plan.steps:
        event(f"a step: {step.action}")
    for item in plan.blocked:
        event(f"blocked: {item.reason}")


@settings(max_examples=often(25), deadline=None)
@drawn(conditions())
def test_any_plan_keeps_what_the_planner_promises(one: PlanInput) -> None:
    """`make_plan` fails the test where one is broken."""
    tell(make_plan(one))


@settings(max_examples=often(12), deadline=None)
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


RANGES = ("10.0.1.0/24", "10.0.2.0/24", "10.0.0.0/22")


@st.composite
def houses(draw: st.DrawFn, address: Address) -> Desired:
    """One of the resources of a town, as somebody may want it: everything refers to something."""
    kind, number = address.type, int(address.name)

    def some(values: Sequence[str]) -> list[str]:
        return [value for value in values if draw(st.booleans())]

    needs = tuple(Address.of("service", f"{n}") for n in range(number) if draw(mostly(False, True)))
    life = draw(st.sampled_from([FREE, FREE, Lifecycle(), Lifecycle(prevent_destroy=True)]))
    more: dict[str, Any] = {"depends_on": needs, "lifecycle": life}
    more["tags"] = draw(st.sampled_from([{}, {"env": "prod"}]))
    match kind:
        case "service":
            return want(str(address), "logical", **more)
        case "network":
            made = [
                want(f"{address}/subnet/{as_name(each)}", ip_range=each, network_zone="eu-central")
                for each in draw(st.sampled_from([RANGES[:1], RANGES[1:2], RANGES[:2], RANGES[2:], ()]))
            ]
            network = want(str(address), ip_range="10.0.0.0/16", **more)
            return replace(network, parts=tuple(made), collections=frozenset({"subnet"}))
        case "placement_group":
            group = want(str(address), **more)
            return replace(group, attributes={**group.attributes, "name": draw(st.sampled_from("xyz"))})
        case "volume":
            server = {"server": f"vm/{draw(st.sampled_from('01'))}"} if draw(st.booleans()) else {}
            return want(
                str(address), size_gb=10, filesystem=draw(st.sampled_from(["ext4", "xfs"])), **server, **more
            )
    groups = some(["placement_group/0", "placement_group/1"])[:1]
    machine = want(
        str(address),
        server_type="cx22",
        image=draw(mostly("debian-12", "debian-13")),
        firewalls=(),
        **({"placement_group": groups[0]} if groups else {"unset": frozenset({"placement_group"})}),
        **more,
    )
    attached = [
        {"network": f"network/{n}", "ip": f"10.0.{draw(st.sampled_from('12'))}.{number + 4}"}
        for n in some("01")
    ]
    return with_parts(machine, "network_attachment", *attached)


TOWN = [
    Address.of(kind, f"{number}")
    for kind, count in (("service", 2), ("network", 2), ("placement_group", 2), ("vm", 3), ("volume", 1))
    for number in range(count)
]


@st.composite
def towns(draw: st.DrawFn) -> PlanInput:
    """A few resources that all have to do with each other, wanted and recorded in any two ways."""
    wanted = {address: draw(houses(address)) for address in TOWN if draw(mostly(True, False))}
    rows = {
        address: recorded_of(
            draw(houses(address)),
            presence=draw(mostly(Presence.PRESENT, Presence.ABSENT, Presence.UNKNOWN)),
            busy=draw(mostly(False, True)),
            state="stopped" if address.type == "vm" and draw(st.booleans()) else "running",
            applied_desired_hash=b"other",
        )
        for address in TOWN
        if draw(mostly(True, False))
    }
    return given(
        list(wanted.values()),
        [row for address, row in rows.items() if address in wanted],
        [row for address, row in rows.items() if address not in wanted],
        holds=tuple(Hold("ann", "moving", address=address) for address in TOWN if draw(mostly(False, True))),
        failures={
            address: draw(failed(item)) for address, item in wanted.items() if draw(mostly(False, True))
        },
        retry_parked=draw(st.booleans()),
        endpoints={
            name: EndpointStatus(name, kind, draw(mostly(False, True))) for name, kind in ENDPOINTS.items()
        },
        lower=draw(lowerings(TOWN)),
        limits=Limits(destroy=99, share=1),
    )


@settings(max_examples=often(20), deadline=None)
@drawn(towns())
def test_what_hangs_together_keeps_every_promise_too(one: PlanInput) -> None:
    tell(make_plan(one))


class AsPlanned:
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


@settings(max_examples=often(15), deadline=None)
@drawn(inputs())
def test_a_plan_applied_leaves_nothing_but_what_was_blocked(one: PlanInput) -> None:
    world = AsPlanned(one)
    first = world.plan()
    for step in first.steps:
        world.apply(step)
    second = world.plan()
    left = {step.address for step in second.steps}
    assert left <= {item.address for item in first.blocked if item.reason is BlockReason.DEPENDENCY}
    for step in second.steps:
        world.apply(step)
    third = world.plan()
    assert not [step for step in third.steps if step.address not in left]


@settings(max_examples=often(12), deadline=None)
@drawn(fleets, st.lists(lifecycles, min_size=1, max_size=4))
def test_a_fleet_applied_as_a_whole_is_settled_as_a_whole(
    fleet: list[Desired], lives: list[Lifecycle]
) -> None:
    known = closed([replace(item, lifecycle=lives[n % len(lives)]) for n, item in enumerate(fleet)])
    world = AsPlanned(given(list(known.values())))
    for step in world.plan().steps:
        assert step.action is Action.CREATE
        world.apply(step)
    after = world.plan()
    assert (after.steps, after.blocked) == ((), ())
    assert {address for address, _ in after.settled} == known.keys()


@settings(max_examples=often(12), deadline=None)
@drawn(resources(), names)
def test_steps_that_would_do_something_else_have_another_hash(desired: Desired, name: str) -> None:
    plain = replace(desired, adopt=None)
    (step,) = make_plan(given([_free(plain)])).steps
    (call,) = step.calls
    for other in (
        replace(step, expected_version=3),
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

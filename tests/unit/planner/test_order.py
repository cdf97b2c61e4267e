"""Order: nothing before what it needs, nothing removed while it is used, and a circle named in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, BlockReason, Plan
from reconciler.model.resource import Desired, Lifecycle, Management, Presence, ReplacePolicy
from reconciler.planner import parse_selector
from reconciler.planner.references import references
from reconciler.planner.select import Selection
from tests.rigs.core import given, recorded_of, want, with_parts
from tests.rigs.examples import often
from tests.rigs.manifest import PUBLIC_KEY, catalog
from tests.rigs.planner import failing, make_plan


def service(name: str, *needs: str, **more: Any) -> Desired:
    return want(f"service/{name}", "logical", depends_on=tuple(map(Address.parse, needs)), **more)


def vm(**more: Any) -> Desired:
    return want("vm/web", server_type="cx22", image="debian-12", **more)


def key(name: str = "admin") -> Desired:
    return want(f"ssh_key/{name}", public_key=PUBLIC_KEY)


def order(plan: Plan) -> list[str]:
    return [f"{step.action} {step.address}" for step in plan.steps]


def requires(plan: Plan, address: str) -> list[str]:
    (step,) = (step for step in plan.steps if str(step.address) == address)
    return [str(need) for need in step.requires]


def test_what_is_referred_to_comes_first() -> None:
    net = want("network/net", ip_range="10.0.0.0/16")
    machine = with_parts(vm(ssh_keys=("ssh_key/admin",)), "network_attachment", {"network": "network/net"})
    group = want("cluster/web", "logical")
    plan = make_plan(given([replace(machine, member_of=(group.address,)), key(), net, group]))
    assert order(plan)[-1] == "create vm/web"
    assert requires(plan, "vm/web") == ["cluster/web", "network/net", "ssh_key/admin"]


def test_what_is_there_already_is_not_waited_for() -> None:
    plan = make_plan(given([vm(ssh_keys=("ssh_key/admin",))], [recorded_of(key())]))
    assert requires(plan, "vm/web") == []


def test_what_needs_something_that_neither_is_nor_comes_waits_and_so_on_up_the_chain() -> None:
    held = failing(key(), Action.CREATE, given().now.replace(year=2999))
    chain = [key(), vm(ssh_keys=("ssh_key/admin",)), service("shop", "vm/web"), service("other")]
    plan = make_plan(given(chain, failures=held))
    assert order(plan) == ["create service/other"]
    assert {str(item.address): item.reason for item in plan.blocked} == {
        "ssh_key/admin": BlockReason.BACK_OFF,
        "vm/web": BlockReason.DEPENDENCY,
        "service/shop": BlockReason.DEPENDENCY,
    }
    assert "ssh_key/admin" in plan.blocked[1].message


@pytest.mark.parametrize(
    "change",
    [
        {"presence": Presence.ABSENT},
        {"external_id": None},
        {"management": Management.QUARANTINED},
    ],
)
def test_what_is_not_there_or_not_ours_cannot_be_built_on(change: dict[str, Any]) -> None:
    plan = make_plan(given([vm(ssh_keys=("ssh_key/admin",))], [recorded_of(key(), **change)]))
    assert order(plan) == []
    assert plan.blocked[0].reason is BlockReason.DEPENDENCY


def selecting(*targets: str, excludes: tuple[str, ...] = ()) -> Selection:
    return Selection(tuple(map(parse_selector, targets)), tuple(map(parse_selector, excludes)))


def test_what_a_target_needs_and_is_not_there_comes_along_and_so_on_down_the_chain() -> None:
    chain = [
        service("a"),
        service("b", "service/a"),
        service("c", "service/b"),
        service("other", "service/a"),
    ]
    plan = make_plan(given(chain, selection=selecting("service/c")))
    assert order(plan) == ["create service/a", "create service/b", "create service/c"]
    assert [text.partition(",")[0] for text in plan.warnings] == [
        "service/a is not selected",
        "service/b is not selected",
    ]
    both = make_plan(given(chain, selection=selecting("service/c", "service/b", "service/a")))
    assert (order(both), both.warnings) == (order(plan), ())


def test_what_a_target_needs_and_is_there_is_left_as_it_is() -> None:
    there = [recorded_of(service("a", tags={"env": "dev"})), recorded_of(service("c"))]
    changed = [service("a", tags={"env": "prod"}), service("c", "service/a", tags={"env": "prod"})]
    plan = make_plan(given(changed, there, selection=selecting("service/c")))
    assert order(plan) == ["update service/c"]
    settled = make_plan(
        given([service("c", "service/b"), service("b")], there, selection=selecting("service/c"))
    )
    assert (order(settled), settled.warnings) == ([], ()), "nothing is made for what needs no step"
    held = (Hold("ann", "moving", address=Address.parse("service/b")),)
    quiet = make_plan(
        given([service("c", "service/b"), service("b")], there, selection=selecting("service/c"), holds=held)
    )
    assert (order(quiet), quiet.blocked) == ([], ()), "nor is it told that it could not be"


def test_what_a_target_must_have_taken_over_first_comes_along() -> None:
    """Else the target would wait for it for ever."""
    net = want("network/net", ip_range="10.0.0.0/16", adopt="77")
    attached = with_parts(vm(), "network_attachment", {"network": "network/net"})
    there = recorded_of(with_parts(vm(), "network_attachment"))
    theirs = {net.address: recorded_of(net, external_id="77", management=Management.UNMANAGED)}
    plan = make_plan(given([net, attached], [there], strangers=theirs, selection=selecting("vm/web")))
    assert order(plan) == ["adopt network/net"]
    assert "is not ours yet: it comes along" in plan.warnings[0]


def test_what_is_excluded_is_not_made_for_the_sake_of_a_target() -> None:
    chain = [service("a"), service("b", "service/a"), service("c", "service/b"), service("d"), service("e")]
    asked = replace(chain[2], depends_on=(*chain[2].depends_on, Address.parse("service/d")))
    chosen = selecting("service/c", "service/e", excludes=("service/a",))
    plan = make_plan(given([*chain[:2], asked, *chain[3:]], selection=chosen))
    assert order(plan) == ["create service/e"], "nor is the rest of what the target would have needed"
    first, second = plan.blocked
    assert (str(first.address), first.reason) == ("service/b", BlockReason.DEPENDENCY)
    assert first.message.endswith("service/a is excluded")
    assert first.hint == "do not exclude service/a"
    assert str(second.address) == "service/c"


def test_removals_go_in_the_opposite_order() -> None:
    gone = [recorded_of(key()), recorded_of(vm(ssh_keys=("ssh_key/admin",)))]
    plan = make_plan(given(removed=gone))
    assert order(plan) == ["delete vm/web", "delete ssh_key/admin"]
    assert requires(plan, "ssh_key/admin") == ["vm/web"]


def test_what_is_removed_waits_until_its_users_have_let_go() -> None:
    there = recorded_of(want("volume/data", size_gb=10, server="vm/web"))
    loose = want("volume/data", size_gb=10, unset=frozenset({"server"}))
    plan = make_plan(given([loose], [there], [recorded_of(vm())]))
    assert order(plan) == ["update volume/data", "delete vm/web"]
    assert requires(plan, "vm/web") == ["volume/data"]


def test_what_is_removed_waits_for_a_user_that_is_replaced() -> None:
    life = Lifecycle(replace=ReplacePolicy.ALLOWED)
    group = want("placement_group/apart")
    there = recorded_of(replace(vm(placement_group="placement_group/apart"), lifecycle=life))
    asked = replace(vm(), lifecycle=life, attributes={**vm().attributes, "image": "debian-13"})
    plan = make_plan(given([asked], [there], [recorded_of(group)]))
    assert order(plan) == ["replace vm/web", "delete placement_group/apart"]


def test_what_somebody_hung_on_a_machine_closes_no_circle_when_all_of_it_goes() -> None:
    """An address that is moved by hand follows no manifest's order; nothing else may be held up by that."""
    front = want("floating_ip/front", ip_version="ipv4", location="fsn1", server="vm/web")
    chain = [
        recorded_of(front),
        recorded_of(vm(depends_on=(Address.parse("service/shop"),))),
        recorded_of(service("shop", "floating_ip/front")),
    ]
    plan = make_plan(given([key()], removed=chain, destroy=True))
    gone = [text for text in order(plan) if text.startswith("delete")]
    assert gone == ["delete vm/web", "delete service/shop", "delete floating_ip/front"]
    alone = make_plan(given(removed=[recorded_of(front), recorded_of(vm())], destroy=True))
    assert order(alone) == ["delete floating_ip/front", "delete vm/web"], "taken off first where it can be"


def test_what_the_provider_refuses_to_remove_while_it_is_used_goes_last_whatever_a_manifest_says() -> None:
    """In a circle of ties it is the manifest's word on the order that gives way, not the provider's rule."""
    joined = with_parts(vm(), "network_attachment", {"network": "network/net"})
    net = want("network/net", ip_range="10.0.0.0/16", depends_on=(Address.parse("vm/web"),))
    plan = make_plan(given(removed=[recorded_of(net), recorded_of(joined)], destroy=True))
    assert order(plan) == ["delete vm/web", "delete network/net"]
    shop = service("shop", "network/net")
    after = want("network/net", ip_range="10.0.0.0/16", depends_on=(Address.parse("service/shop"),))
    far = replace(joined, depends_on=(Address.parse("service/shop"),))
    longer = make_plan(given(removed=[recorded_of(item) for item in (after, far, shop)], destroy=True))
    place = {str(step.address): number for number, step in enumerate(longer.steps)}
    assert place["vm/web"] < place["network/net"]


def test_a_circle_is_named_with_everything_in_it() -> None:
    ring = [service("a", "service/b"), service("b", "service/c"), service("c", "service/a")]
    with pytest.raises(PlanError) as found:
        make_plan(given(ring))
    for item in ring:
        assert str(item.address) in found.value.message
    assert found.value.hint


def test_what_refers_to_itself_or_to_what_is_not_in_our_books_makes_no_circle() -> None:
    alone = service("a", "service/a")
    assert references(alone, catalog()) == frozenset()
    odd = recorded_of(want("volume/data", size_gb=10))
    assert references(replace(odd, attributes={"server": "vm#4711"}), catalog()) == frozenset()


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Desired], list[int]]:
    """Services that need only earlier ones, in any order, and the numbers of those that are there already."""
    count = draw(st.integers(1, 8))
    made = [
        service(f"s{number}", *draw(st.sets(st.sampled_from([f"service/s{n}" for n in range(number)]))))
        if number
        else service("s0")
        for number in range(count)
    ]
    there = draw(st.lists(st.integers(0, count - 1), unique=True))
    return draw(st.permutations(made)), there


@settings(max_examples=often(20))
@drawn(worlds(), st.data())
def test_no_step_without_what_it_requires_before_it(
    world: tuple[list[Desired], list[int]], data: st.DataObject
) -> None:
    wanted, there = world
    recorded = [recorded_of(item) for item in wanted if int(item.address.name[1:]) in there]
    missing = data.draw(st.sets(st.sampled_from([item.address for item in wanted])))
    until = given().now.replace(year=2999)
    held = [failing(item, Action.CREATE, until) for item in wanted if item.address in missing]
    plan = make_plan(given(wanted, recorded, failures={a: f for one in held for a, f in one.items()}))
    steps = {step.address for step in plan.steps}
    exists = {item.address for item in recorded}
    by_address = {item.address: item for item in wanted}
    done: set[Address] = set()
    for step in plan.steps:
        assert set(step.requires) <= done
        assert set(by_address[step.address].depends_on) <= steps | exists
        done.add(step.address)
    accounted = steps | {item.address for item in plan.blocked} | {address for address, _ in plan.settled}
    assert accounted == set(by_address), "nothing falls out of a plan unsaid"


@settings(max_examples=often(12))
@drawn(worlds())
def test_removing_a_whole_world_takes_users_before_what_they_use(
    world: tuple[list[Desired], list[int]],
) -> None:
    gone = [recorded_of(item) for item in world[0]]
    plan = make_plan(given(removed=gone))
    place = {step.address: number for number, step in enumerate(plan.steps)}
    assert all(step.action is Action.DELETE for step in plan.steps)
    for item in gone:
        assert all(place[item.address] < place[used] for used in item.depends_on)

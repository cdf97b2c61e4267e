"""Steps that count on each other: what one of them gives up or makes, until it turns out that it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.address import Address, as_name
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, BlockReason, Call, Impact
from reconciler.model.resource import Desired, Management, Recorded
from tests.rigs.core import given, one_call, recorded_of, want, with_parts
from tests.rigs.planner import blocked, did, failing, make_plan, network, vm

NOWHERE = Address.parse("service/none")
OLD, NEW = "10.0.1.0/24", "10.0.2.0/24"


def called(address: str, name: str, *needs: Address) -> Desired:
    group = want(f"placement_group/{address}", depends_on=needs)
    return replace(group, attributes={**group.attributes, "name": name})


def subnets(*ranges: str, **more: Any) -> Desired:
    made = [
        want(f"network/net/subnet/{as_name(each)}", ip_range=each, network_zone="eu-central")
        for each in ranges
    ]
    return replace(network(**more), parts=tuple(made), collections=frozenset({"subnet"}))


def attached(address: str, name: str = "web") -> Desired:
    return with_parts(vm(name), "network_attachment", {"network": "network/net", "ip": address})


def there(*items: Desired) -> list[Recorded]:
    return [recorded_of(item) for item in items]


def test_a_name_is_not_taken_whose_holder_does_not_give_it_up_after_all() -> None:
    before = there(called("a", "x"), called("b", "y"))
    plan = make_plan(given([called("a", "z"), called("b", "x")], before))
    assert [str(step.address) for step in plan.steps] == ["placement_group/a", "placement_group/b"]
    plan = make_plan(given([called("a", "z", NOWHERE), called("b", "x")], before))
    assert plan.steps == ()
    assert blocked(plan) == {
        "placement_group/a": BlockReason.DEPENDENCY,
        "placement_group/b": BlockReason.IN_USE,
    }
    assert "held by placement_group/a" in plan.blocked[1].message


def test_nor_by_anybody_down_the_line() -> None:
    before = there(called("a", "1"), called("b", "2"), called("c", "3"))
    wanted = [called("a", "0", NOWHERE), called("b", "1"), called("c", "2")]
    assert make_plan(given(wanted, before)).steps == ()


def test_a_name_that_two_are_recorded_to_have_is_free_when_both_have_given_it_up() -> None:
    """Somebody made another one of the name of ours, before it was seen that ours is gone."""
    theirs = recorded_of(called("theirs", "x"), management=Management.UNMANAGED)
    plan = make_plan(given([called("b", "x")], removed=there(called("a", "x")), holders=(theirs,)))
    assert did(plan) == {"placement_group/a": Action.DELETE}
    assert "placement_group/theirs" in plan.blocked[0].message


def test_a_machine_is_not_moved_into_a_subnet_that_its_network_does_not_get_after_all() -> None:
    before = there(subnets(OLD), attached("10.0.1.5"))
    plan = make_plan(given([subnets(OLD, NEW), attached("10.0.2.5")], before))
    assert did(plan) == {"network/net": Action.UPDATE, "vm/web": Action.UPDATE}
    for asked in (
        subnets(OLD, NEW, depends_on=(NOWHERE,)),  # it waits for what is not there
        subnets("10.0.0.0/22"),  # the new one overlaps one that is still in use
    ):
        plan = make_plan(given([asked, attached("10.0.2.5")], before))
        assert plan.steps == ()
        assert str(plan.blocked[-1].address) == "vm/web"
        assert "needs network/net, which cannot be changed now" in plan.blocked[-1].message


def test_a_subnet_that_stays_keeps_nobody_from_moving_out() -> None:
    before = there(subnets(OLD, NEW), attached("10.0.1.5"))
    others = tuple(there(attached("10.0.1.9", "other")))
    plan = make_plan(given([subnets(NEW), attached("10.0.2.5")], before, users=others))
    assert did(plan) == {"vm/web": Action.UPDATE}
    assert blocked(plan) == {"network/net": BlockReason.IN_USE}


def test_what_follows_says_what_it_does_and_what_goes_with_it() -> None:
    def lower(*args: Any) -> tuple[Call, ...]:
        gone = any(part.action is PartAction.DELETE for part in args[-1].parts)
        (call,) = one_call(*args)
        words, impact = ("its gateway was not looked at",), Impact.REBOOT
        return (replace(call, unchecked=words, impact=impact) if gone else call,)

    before = there(subnets(OLD), attached("10.0.1.5"))
    wanted = [subnets(NEW), attached("10.0.2.5")]
    plan = make_plan(given(wanted, before, lower=lower))
    assert [(str(step.address), step.impact) for step in plan.follows] == [("network/net", Impact.REBOOT)]
    assert plan.steps[0].impact is Impact.ONLINE
    assert "network/net: its gateway was not looked at" in plan.warnings


def test_what_is_there_can_be_built_on_though_its_change_waits_for_what_is_not() -> None:
    before = there(subnets(OLD))
    wanted = [subnets(OLD, tags={"new": ""}, depends_on=(NOWHERE,)), attached("10.0.1.5")]
    assert did(make_plan(given(wanted, before))) == {"vm/web": Action.CREATE}


def test_the_wait_of_one_is_that_of_those_that_need_it_and_of_those_that_need_these() -> None:
    service = want("service/s", "logical")
    waits = failing(service, Action.CREATE, given().now.replace(year=2999))
    before = there(subnets(OLD), attached("10.0.1.5"))
    wanted = [service, subnets(OLD, NEW, depends_on=(service.address,)), attached("10.0.2.5")]
    plan = make_plan(given(wanted, before, failures=waits))
    assert plan.steps == ()
    assert blocked(plan).keys() == {"service/s", "network/net", "vm/web"}

"""Removals: what stays and still uses an object keeps it, and the plan says who, why, and what frees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine.approval import Permit, permitted
from reconciler.model.address import Address
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, Blocked, BlockReason, Plan
from reconciler.model.resource import (
    Desired,
    Lifecycle,
    Management,
    OnRemove,
    Presence,
    Recorded,
    ReplacePolicy,
)
from reconciler.planner import Selection, parse_selector
from tests.rigs.core import given, recorded_of, want, with_parts
from tests.rigs.manifest import PUBLIC_KEY
from tests.rigs.planner import make_plan

WEB, NET = Address.parse("vm/web"), Address.parse("network/net")
HELD = Hold("ann", "moving house", address=WEB)
ALLOWED = Lifecycle(replace=ReplacePolicy.ALLOWED)


def vm(name: str = "web", **more: Any) -> Desired:
    return want(f"vm/{name}", **({"server_type": "cx22", "image": "debian-12"} | more))


def attached(name: str = "web", **more: Any) -> Desired:
    return with_parts(vm(name, **more), "network_attachment", {"network": "network/net"})


def alone(name: str = "web", **more: Any) -> Desired:
    return with_parts(vm(name, **more), "network_attachment")


def network(**changes: Any) -> Recorded:
    return recorded_of(want("network/net", ip_range="10.0.0.0/16"), **changes)


def did(plan: Plan) -> dict[str, Action]:
    return {str(step.address): step.action for step in plan.steps}


def order(plan: Plan) -> list[str]:
    return [f"{step.action} {step.address}" for step in plan.steps]


def in_use(plan: Plan) -> Blocked:
    """The one removal that is kept back."""
    (item,) = (each for each in plan.blocked if each.reason is BlockReason.IN_USE)
    assert item.hint, "whatever is parked says what frees it"
    assert item.address not in {step.address for step in plan.steps}
    return item


def test_what_a_held_machine_is_attached_to_stays() -> None:
    plan = make_plan(given([alone()], [recorded_of(attached())], [network()], holds=(HELD,)))
    assert plan.steps == ()
    item = in_use(plan)
    assert (str(item.address), item.action) == ("network/net", Action.DELETE)
    assert item.message == "is still used by vm/web, which is held by ann: moving house"
    assert "reconciler release vm/web" in item.hint


def test_once_the_user_lets_go_in_the_same_plan_the_removal_comes_after_it() -> None:
    plan = make_plan(given([alone()], [recorded_of(attached())], [network()]))
    assert order(plan) == ["update vm/web", "delete network/net"]
    assert plan.steps[1].requires == (WEB,)
    both = make_plan(given(removed=[network(), recorded_of(attached())], destroy=True))
    assert order(both) == ["delete vm/web", "delete network/net"]


def test_a_machine_that_is_taken_over_lets_go_first_too() -> None:
    theirs = recorded_of(attached(), external_id="77", management=Management.UNMANAGED)
    asked = alone(adopt="77")
    plan = make_plan(given([asked], removed=[network()], strangers={WEB: theirs}, users=(theirs,)))
    assert order(plan) == ["adopt vm/web", "delete network/net"]
    assert plan.steps[1].requires == (WEB,)


@pytest.mark.parametrize(
    ("attribute", "target", "more"),
    [
        ("firewalls", "firewall/edge", {}),
        ("placement_group", "placement_group/apart", {}),
        ("ipv4", "primary_ip/front", {"ip_version": "ipv4"}),
    ],
)
def test_whatever_lasts_is_a_use(attribute: str, target: str, more: dict[str, Any]) -> None:
    values: dict[str, Any] = {attribute: (target,) if attribute == "firewalls" else target}
    there = recorded_of(vm(**values))
    plan = make_plan(given([vm()], [there], [recorded_of(want(target, **more))], holds=(HELD,)))
    assert str(in_use(plan).address) == target


def test_a_pool_stays_while_a_guest_is_in_it() -> None:
    guest = recorded_of(want("container/db", "proxmox", pool="pool/prod"))
    hold = (replace(HELD, address=guest.address),)
    plan = make_plan(given(removed=[guest, recorded_of(want("pool/prod", "proxmox"))], holds=hold))
    assert str(in_use(plan).address) == "pool/prod"


def test_what_was_only_given_at_creation_is_no_use() -> None:
    key = recorded_of(want("ssh_key/admin", public_key=PUBLIC_KEY))
    there = recorded_of(vm(ssh_keys=("ssh_key/admin",)))
    assert did(make_plan(given([vm()], [there], [key], holds=(HELD,)))) == {"ssh_key/admin": Action.DELETE}


def test_what_no_manifest_takes_off_it_keeps_it_too() -> None:
    """Attachments that a manifest does not list are left as they are, and then so is the network."""
    for plan in (
        make_plan(given([vm()], [recorded_of(attached())], [network()])),
        make_plan(given(removed=[network()], users=(recorded_of(attached()),))),
    ):
        assert "manifest of vm/web" in in_use(plan).hint


def test_an_object_that_is_not_ours_keeps_what_it_uses() -> None:
    stranger = recorded_of(attached(), management=Management.UNMANAGED)
    plan = make_plan(given(removed=[network()], users=(stranger,)))
    assert "not ours" in in_use(plan).message


@pytest.mark.parametrize("gone", [{"presence": Presence.ABSENT}, {"external_id": None}])
def test_what_does_not_exist_uses_nothing(gone: dict[str, Any]) -> None:
    plan = make_plan(given(removed=[network()], users=(recorded_of(attached(), **gone),)))
    assert did(plan) == {"network/net": Action.DELETE}


@pytest.mark.parametrize(
    ("lifecycle", "why"),
    [
        (Lifecycle(prevent_destroy=True), "guarded"),
        (Lifecycle(on_remove=OnRemove.BLOCK), "may not just be removed"),
        (Lifecycle(on_remove=OnRemove.RETAIN), "left where it is"),
    ],
)
def test_a_user_whose_own_removal_does_not_happen_stays(lifecycle: Lifecycle, why: str) -> None:
    plan = make_plan(given(removed=[network(), recorded_of(attached(), lifecycle=lifecycle)]))
    assert why in in_use(plan).message


def test_what_stays_for_its_users_keeps_what_it_uses_itself() -> None:
    chain = [
        recorded_of(want(f"service/{name}", "logical", depends_on=tuple(map(Address.parse, needs))), **more)
        for name, needs, more in (
            ("a", [], {}),
            ("b", ["service/a"], {}),
            ("c", ["service/b"], {"lifecycle": Lifecycle(prevent_destroy=True)}),
        )
    ]
    plan = make_plan(given(removed=chain, destroy=True))
    assert plan.steps == ()
    found = {str(item.address): item.message for item in plan.blocked}
    assert "service/c, which is guarded" in found["service/b"]
    assert "service/b, which is still used itself" in found["service/a"]


def test_a_manifests_new_word_on_what_it_depends_on_holds_though_the_resource_is_held() -> None:
    before = want("service/shop", "logical", depends_on=(Address.parse("database/main"),))
    gone = recorded_of(want("database/main", "logical"))
    hold = (replace(HELD, address=before.address),)
    plan = make_plan(given([replace(before, depends_on=())], [recorded_of(before)], [gone], holds=hold))
    assert did(plan) == {"database/main": Action.DELETE}


def test_a_user_that_is_not_selected_stays() -> None:
    chosen = Selection(targets=(parse_selector("network/net"),))
    both = [network(), recorded_of(attached())]
    item = in_use(make_plan(given(removed=both, selection=chosen, destroy=True)))
    assert item.message == "is still used by vm/web, which is not selected"
    assert item.hint == "select vm/web too, so that it goes or lets go first"
    item = in_use(make_plan(given([alone()], [recorded_of(attached())], [network()], selection=chosen)))
    assert "not selected" in item.message


def test_a_partial_step_that_does_not_let_go_leaves_the_use() -> None:
    there = recorded_of(vm(placement_group="placement_group/apart", backups=False))
    gone = recorded_of(want("placement_group/apart"))
    plan = make_plan(given([vm(backups=True, unset=frozenset({"placement_group"}))], [there], [gone]))
    assert did(plan) == {"vm/web": Action.UPDATE}, "the backups, which need no stop"
    assert "would have to be stopped" in in_use(plan).message


def test_a_removal_waits_with_the_user_that_waits_for_an_approval() -> None:
    plan = make_plan(given(removed=[network(), recorded_of(attached())]))
    run, waiting = permitted(plan, Permit(), [])
    assert (run, [str(step.address) for step in waiting]) == ((), ["vm/web", "network/net"])


def volume(**more: Any) -> Desired:
    return want("volume/data", size_gb=10, **more)


def test_what_hangs_on_a_machine_comes_loose_with_it_unless_it_may_not_be_touched() -> None:
    hung = recorded_of(volume(server="vm/web"))
    assert did(make_plan(given(removed=[recorded_of(vm())], users=(hung,), destroy=True))) == {
        "vm/web": Action.DELETE
    }
    asked, there = vm(image="debian-13", lifecycle=ALLOWED), recorded_of(vm(lifecycle=ALLOWED))
    assert did(make_plan(given([asked], [there], users=(hung,)))) == {"vm/web": Action.REPLACE}
    hold = (replace(HELD, address=hung.address),)
    for plan in (
        make_plan(given(removed=[recorded_of(vm())], users=(hung,), holds=hold, destroy=True)),
        make_plan(given([asked], [there], users=(hung,), holds=hold)),
        make_plan(given([volume()], [hung], [recorded_of(vm())], holds=hold, destroy=True)),
    ):
        assert "volume/data, which is held" in in_use(plan).message


def address_of(**more: Any) -> Desired:
    return want("primary_ip/front", **({"ip_version": "ipv4"} | more), lifecycle=ALLOWED)


def test_a_replacement_takes_no_address_from_a_machine_that_keeps_it() -> None:
    asked, there = address_of(ip_version="ipv6"), recorded_of(address_of())
    plan = make_plan(given([asked], [there], users=(recorded_of(vm(ipv4="primary_ip/front")),)))
    assert (plan.steps, in_use(plan).action) == ((), Action.REPLACE)


def test_a_replacement_waits_for_those_that_let_go() -> None:
    user = recorded_of(vm(ipv4="primary_ip/front"), state="stopped")
    other = recorded_of(want("primary_ip/other", ip_version="ipv4"))
    plan = make_plan(
        given(
            [address_of(ip_version="ipv6"), vm(ipv4="primary_ip/other")],
            [recorded_of(address_of()), user, other],
        )
    )
    assert order(plan) == ["update vm/web", "replace primary_ip/front"]
    gone = make_plan(
        given([address_of(ip_version="ipv6")], [recorded_of(address_of())], [user], destroy=True)
    )
    assert order(gone) == ["delete vm/web", "replace primary_ip/front"]


def test_letting_go_first_closes_no_circle() -> None:
    """The volume moves to a machine that needs the replaced one: then the replacement comes first."""
    moved, hung = volume(server="vm/new"), recorded_of(volume(server="vm/web"))
    asked, there = vm(image="debian-13", lifecycle=ALLOWED), recorded_of(vm(lifecycle=ALLOWED))
    plan = make_plan(given([asked, vm("new", depends_on=(WEB,)), moved], [there, hung]))
    assert order(plan) == ["replace vm/web", "create vm/new", "update volume/data"]

"""What a plan may destroy or interrupt: only what a manifest or an approval allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.address import Address
from reconciler.model.diff import Diff
from reconciler.model.plan import Action, BlockReason, Call, Impact, Plan
from reconciler.model.resource import (
    Desired,
    Lifecycle,
    OnRemove,
    Recorded,
)
from reconciler.planner import Limits, Selection, parse_selector
from tests.rigs.core import given, one_call, recorded_of, want, with_parts
from tests.rigs.planner import ALLOWED, GUARDED, blocked, did, make_plan, network, only, vm

# -- what may be destroyed ------------------------------------------------------------------------------


def test_what_cannot_change_in_place_is_not_replaced_unless_the_manifest_says_so() -> None:
    plan = make_plan(given([vm(backups=True)], [recorded_of(vm(image="debian-11", backups=False))]))
    assert blocked(plan) == {"vm/web": BlockReason.REPLACE_NOT_ALLOWED}
    (step,) = plan.steps
    assert (step.action, step.summary, step.partial) == (Action.UPDATE, "backups", True), "the rest goes on"


def test_a_guarded_resource_is_never_replaced_or_deleted() -> None:
    there = recorded_of(vm(image="debian-11"), lifecycle=GUARDED)
    assert only(make_plan(given([vm(lifecycle=GUARDED)], [there]))) is BlockReason.PREVENT_DESTROY
    assert only(make_plan(given(removed=[there]))) is BlockReason.PREVENT_DESTROY
    assert only(make_plan(given(removed=[there], destroy=True))) is BlockReason.PREVENT_DESTROY


def test_a_removal_that_is_blocked_waits_for_a_person() -> None:
    there = recorded_of(network(), lifecycle=Lifecycle(on_remove=OnRemove.BLOCK))
    assert only(make_plan(given(removed=[there]))) is BlockReason.ON_REMOVE_BLOCK


def test_what_holds_data_is_deleted_only_with_an_approval_or_where_its_manifest_said_so() -> None:
    silent, asked = recorded_of(vm()), recorded_of(vm(), lifecycle=Lifecycle(on_remove=OnRemove.DELETE))
    assert make_plan(given(removed=[silent])).steps[0].approvals != ()
    assert make_plan(given(removed=[asked])).steps[0].approvals == ()
    assert make_plan(given(removed=[silent], destroy=True)).steps[0].approvals == ()


def guest(*disks: str, **life: Any) -> Desired:
    made = [{"slot": slot, "size_gb": 8} for slot in disks]
    return replace(with_parts(want("vm/db", "proxmox"), "disk", *made), lifecycle=Lifecycle(**life))


def test_a_part_that_holds_data_goes_only_with_an_approval() -> None:
    (step,) = make_plan(given([guest("scsi0")], [recorded_of(guest("scsi0", "scsi1"))])).steps
    assert (step.action, len(step.approvals)) == (Action.UPDATE, 1)
    assert "disk" in step.approvals[0]
    assert make_plan(given([guest("scsi0", "scsi1")], [recorded_of(guest("scsi0"))])).steps[0].approvals == ()


def test_a_part_that_holds_data_stays_where_its_parent_is_guarded() -> None:
    there = recorded_of(guest("scsi0", "scsi1"))
    plan = make_plan(given([guest("scsi0", prevent_destroy=True)], [there]))
    assert only(plan) is BlockReason.PREVENT_DESTROY


def test_what_can_only_grow_is_not_made_smaller() -> None:
    there = recorded_of(want("volume/data", size_gb=20, protected=False))
    plan = make_plan(given([want("volume/data", size_gb=10, protected=True)], [there]))
    assert blocked(plan) == {"volume/data": BlockReason.SHRINK}
    assert [step.summary for step in plan.steps] == ["protected"]
    assert did(make_plan(given([want("volume/data", size_gb=30)], [there]))) == {"volume/data": Action.UPDATE}


def test_what_is_made_anew_is_as_small_as_it_is_wanted() -> None:
    def volume(**more: Any) -> Desired:
        return want("volume/data", lifecycle=ALLOWED, **more)

    there = recorded_of(volume(size_gb=20, filesystem="ext4"))
    plan = make_plan(given([volume(size_gb=10, filesystem="xfs")], [there]))
    (step,) = plan.steps
    assert (step.action, step.summary, step.partial) == (Action.REPLACE, "filesystem, size_gb", False)
    assert plan.blocked == ()


def test_a_running_machine_is_not_stopped_unless_its_manifest_allows_it() -> None:
    asked, there = vm(server_type="cx32"), recorded_of(vm())
    assert only(make_plan(given([asked], [there]))) is BlockReason.DOWNTIME_NOT_ALLOWED
    allowed = replace(asked, lifecycle=Lifecycle(allow_downtime=True))
    assert did(make_plan(given([allowed], [there]))) == {"vm/web": Action.UPDATE}
    assert did(make_plan(given([asked], [replace(there, state="stopped")]))) == {"vm/web": Action.UPDATE}


def test_what_would_need_the_stop_is_named() -> None:
    """Attributes, those of parts with the part, and parts that come or go."""

    def rebooting(*args: Any) -> tuple[Call, ...]:
        return tuple(replace(call, impact=Impact.REBOOT) for call in one_call(*args))

    there = recorded_of(
        with_parts(vm(), "network_attachment", {"network": "network/a", "ip": "10.0.0.4"}), state="running"
    )
    parts = [{"network": "network/a", "ip": "10.0.0.5"}, {"network": "network/b"}]
    asked = with_parts(vm(backups=True), "network_attachment", *parts)
    reached = [recorded_of(network(name)) for name in ("a", "b")]
    at = "vm/web/network_attachment"
    assert [
        each.message for each in make_plan(given([asked], [there, *reached], lower=rebooting)).blocked
    ] == [
        "a change of backups needs a restart",
        f"a change of ip of {at}/0 needs a restart",
        f"a change of {at}/1 needs a restart",
    ]


def test_no_call_interrupts_a_running_machine_that_nobody_asked_to_stop() -> None:
    """Whatever the catalog says of the attribute: the last word is what would be sent."""

    def rebooting(*args: Any) -> tuple[Call, ...]:
        return tuple(replace(call, impact=Impact.REBOOT) for call in one_call(*args))

    asked, there = vm(backups=True), recorded_of(vm(backups=False, power_state="running"))
    assert only(make_plan(given([asked], [there], lower=rebooting))) is BlockReason.DOWNTIME_NOT_ALLOWED
    switched_off = vm(backups=True, power_state="stopped")
    assert did(make_plan(given([switched_off], [there], lower=rebooting))) == {"vm/web": Action.UPDATE}


def removals(count: int) -> list[Recorded]:
    return [recorded_of(network(f"n{number:02}")) for number in range(count)]


def test_more_destruction_than_the_limit_waits_for_an_approval_of_the_whole_plan() -> None:
    limits = Limits(destroy=3, share=0.5, share_from=4)
    assert make_plan(given(removed=removals(3), limits=limits)).approvals == ()
    (why,) = make_plan(given(removed=removals(4), limits=limits)).approvals
    assert "4" in why
    replaced = [vm(f"v{number}", lifecycle=ALLOWED) for number in range(4)]
    there = [recorded_of(replace(item, attributes={**item.attributes, "image": "old"})) for item in replaced]
    assert make_plan(given(replaced, there, limits=limits)).approvals != ()


def test_a_share_is_more_than_the_limit_only_where_it_is_above_it() -> None:
    limits = Limits(destroy=10, share=0.5, share_from=4)
    assert make_plan(given(removed=removals(2), managed=4, limits=limits)).approvals == ()
    (why,) = make_plan(given(removed=removals(3), managed=4, limits=limits)).approvals
    assert "the limit is 50%" in why
    assert make_plan(given(removed=removals(3), managed=3, limits=limits)).approvals == ()


def test_a_large_share_of_the_fleet_is_too_much_even_below_the_limit() -> None:
    assert make_plan(given(removed=removals(3), managed=5)).approvals != ()
    assert make_plan(given(removed=removals(2), managed=5)).approvals == ()
    assert make_plan(given(removed=removals(3), managed=3)).approvals == (), "of very few, all is no mass"


def test_forgetting_destroys_nothing_and_does_not_count() -> None:
    retained = [replace(item, lifecycle=Lifecycle(on_remove=OnRemove.RETAIN)) for item in removals(20)]
    assert make_plan(given(removed=retained, managed=20)).approvals == ()


def test_what_is_not_selected_is_neither_done_nor_settled() -> None:
    chosen = Selection(targets=(parse_selector("type=network"),), excludes=(parse_selector("network/b"),))
    plan = make_plan(
        given(
            [network("a"), network("b"), vm("c")],
            [recorded_of(vm("c"))],
            [recorded_of(vm("d")), recorded_of(network("e"))],
            selection=chosen,
        )
    )
    assert did(plan) == {"network/a": Action.CREATE, "network/e": Action.DELETE}
    assert plan.settled == ()


def test_an_empty_diff_is_nothing() -> None:
    assert not Diff(Address.parse("vm/web"))
    assert not Plan()

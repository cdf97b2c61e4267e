"""The planner's decisions, one resource at a time: which action, why, or what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import Reason
from reconciler.model.hold import Hold
from reconciler.model.plan import Action, BlockReason, Call, Impact
from reconciler.model.resource import (
    Desired,
    Lifecycle,
    Management,
    OnRemove,
    Presence,
)
from reconciler.planner import EndpointStatus
from tests.rigs.core import NOW, given, one_call, recorded_of, refusing, want, with_parts
from tests.rigs.planner import ALLOWED, blocked, did, failing, make_plan, network, only, vm

# -- actions --------------------------------------------------------------------------------------------


def test_what_is_wanted_and_not_there_is_created() -> None:
    (step,) = make_plan(given([network()])).steps
    assert (step.action, step.reason, step.resource, step.expected_version) == (
        Action.CREATE,
        Reason.MANIFEST,
        None,
        None,
    )
    assert step.desired_hash == network().hash()
    assert [change.name for change in step.changes] == ["ip_range"]


def test_what_is_there_as_wanted_needs_nothing_and_is_remembered() -> None:
    plan = make_plan(given([network()], [recorded_of(network())]))
    assert (plan.steps, plan.blocked) == ((), ())
    assert plan.settled == ((network().address, network().hash()),)


def test_what_differs_is_updated_and_rests_on_the_row_it_was_compared_with() -> None:
    there = recorded_of(network(protected=True), version=41)
    (step,) = make_plan(given([network(protected=False)], [there])).steps
    assert (step.action, step.resource, step.expected_version) == (Action.UPDATE, there.uid, 41)
    assert step.summary == "protected"
    assert not step.partial


def test_what_disappeared_is_created_again_and_says_that_it_drifted() -> None:
    there = recorded_of(network(), presence=Presence.ABSENT, state="missing")
    (step,) = make_plan(given([network()], [there])).steps
    assert (step.action, step.reason, step.resource) == (Action.CREATE, Reason.DRIFT, there.uid)


def test_a_create_that_was_interrupted_is_planned_again_for_the_same_row() -> None:
    there = recorded_of(network(), external_id=None, presence=Presence.ABSENT, state="failed")
    (step,) = make_plan(given([network()], [there])).steps
    assert (step.action, step.reason, step.resource) == (Action.CREATE, Reason.MANIFEST, there.uid)


def test_what_no_manifest_wants_any_more_is_deleted() -> None:
    there = recorded_of(network())
    (step,) = make_plan(given(removed=[there])).steps
    assert (step.action, step.resource, step.expected_version) == (Action.DELETE, there.uid, there.version)
    assert step.approvals == ()


def test_what_is_gone_anyway_is_only_forgotten() -> None:
    for there in (recorded_of(vm(), presence=Presence.ABSENT), recorded_of(vm(), external_id=None)):
        (step,) = make_plan(given(removed=[there])).steps
        assert (step.action, step.calls) == (Action.FORGET, ())


def test_what_shall_be_retained_is_forgotten_and_left_alone() -> None:
    there = recorded_of(vm(), lifecycle=Lifecycle(on_remove=OnRemove.RETAIN))
    (step,) = make_plan(given(removed=[there])).steps
    assert (step.action, step.calls) == (Action.FORGET, ())


def test_a_replacement_deletes_and_creates_in_one_step() -> None:
    there = recorded_of(vm(image="debian-11"))
    (step,) = make_plan(given([vm(lifecycle=ALLOWED)], [there])).steps
    assert (step.action, step.impact) == (Action.REPLACE, Impact.REPLACE)
    assert [(call.deletes, call.creates) for call in step.calls] == [(True, False), (False, True)]
    first = replace(ALLOWED, create_before_destroy=True)
    (step,) = make_plan(given([vm(lifecycle=first)], [there])).steps
    assert [(call.deletes, call.creates) for call in step.calls] == [(False, True), (True, False)]


def test_an_existing_object_is_taken_over_only_by_its_id() -> None:
    stranger = recorded_of(network(), external_id="77", management=Management.UNMANAGED)
    asked = network(adopt="77")
    (step,) = make_plan(given([asked], strangers={asked.address: stranger})).steps
    assert (step.action, step.adopt, step.resource) == (Action.ADOPT, "77", stranger.uid)
    assert step.expected_version == stranger.version
    assert step.summary == "take over an existing object"
    other_name = recorded_of(network(name="theirs"), external_id="77", management=Management.UNMANAGED)
    (renaming,) = make_plan(given([asked], strangers={asked.address: other_name})).steps
    assert renaming.summary == "take over an existing object, and change name"
    by_name = make_plan(given([network()], strangers={asked.address: stranger}))
    assert only(by_name) is BlockReason.NOT_OURS
    assert '"77"' in by_name.blocked[0].hint, "and the plan says how to adopt it"
    other = make_plan(given([network(adopt="78")], strangers={asked.address: stranger}))
    assert only(other) is BlockReason.NOT_OURS
    nothing = make_plan(given([network(adopt="78")]))
    assert only(nothing) is BlockReason.UNKNOWN


def test_an_object_that_two_manifests_ask_for_is_given_to_neither() -> None:
    stranger = recorded_of(network(), external_id="77", management=Management.UNMANAGED)
    both = [network("b", adopt="77"), network("a", adopt="77")]
    there = {item.address: stranger for item in both}
    plan = make_plan(given(both, strangers=there))
    assert plan.steps == ()
    assert {str(item.address): item.message for item in plan.blocked} == {
        "network/a": "network/b asks for the same object (id 77)",
        "network/b": "network/a asks for the same object (id 77)",
    }
    assert did(make_plan(given(both[:1], strangers=there))) == {"network/b": Action.ADOPT}


def test_a_hold_by_tag_keeps_an_object_that_carries_it_from_being_taken_over() -> None:
    stranger = recorded_of(network(), external_id="77", management=Management.UNMANAGED, tags={"env": "prod"})
    asked = network(adopt="77")
    there = {asked.address: stranger}
    held = Hold("ada", "hands off", tag=("env", "prod"))
    assert only(make_plan(given([asked], strangers=there, holds=(held,)))) is BlockReason.HELD


def test_a_removal_does_not_search_all_that_is_wanted() -> None:
    """Else removing and making many at once would cost the square of their number."""

    class Counting(dict[Address, Desired]):
        looks = 0

        def values(self) -> Any:
            self.looks += 1
            return super().values()

    def looks(count: int) -> int:
        wanted = Counting({item.address: item for item in [network()]})
        gone = [recorded_of(network(f"old{number}")) for number in range(count)]
        make_plan(replace(given(removed=gone), desired=wanted))
        return wanted.looks

    assert looks(20) == looks(1)


def test_an_object_that_another_manifest_asks_for_is_not_deleted_under_it() -> None:
    old = recorded_of(network("old"), external_id="77")
    plan = make_plan(given([network("new", adopt="77")], removed=[old]))
    assert not plan.steps
    assert {str(item.address): item.action for item in plan.blocked} == {
        "network/new": Action.ADOPT,
        "network/old": Action.DELETE,
    }
    assert all("reconciler forget network/old" in item.hint for item in plan.blocked)
    other = make_plan(given([network("new", adopt="78")], removed=[old]))
    assert did(other) == {"network/old": Action.DELETE}


def test_nothing_is_taken_over_into_a_place_that_is_still_taken() -> None:
    stranger = recorded_of(network(), external_id="77", management=Management.UNMANAGED)
    lost = recorded_of(network(), presence=Presence.ABSENT)
    plan = make_plan(given([network(adopt="77")], [lost], strangers={lost.address: stranger}))
    assert only(plan) is BlockReason.UNSUPPORTED


def test_the_worst_of_its_calls_is_the_impact_of_a_step() -> None:
    impacts = iter([Impact.ONLINE, Impact.REBOOT, Impact.ONLINE])

    def lowered(*args: Any) -> tuple[Call, ...]:
        return tuple(replace(one_call(*args)[0], impact=impact) for impact in impacts)

    life = Lifecycle(allow_downtime=True)
    plan = make_plan(
        given([vm(backups=True, lifecycle=life)], [recorded_of(vm(backups=False))], lower=lowered)
    )
    assert plan.steps[0].impact is Impact.REBOOT
    assert plan.requests == {"hetzner-1": 3}


def test_an_owed_start_is_made_good_though_the_manifest_says_nothing_of_power() -> None:
    there = recorded_of(vm(), state="stopped", owes_start=True)
    (step,) = make_plan(given([vm()], [there])).steps
    assert [(change.name, change.after) for change in step.changes] == [("power_state", "running")]
    assert make_plan(given([vm()], [replace(there, owes_start=False)])).steps == ()


def test_what_waits_for_a_restart_is_said() -> None:
    there = recorded_of(vm(), pending=frozenset({"memory_mb"}))
    (warning,) = make_plan(given([vm()], [there])).warnings
    assert "vm/web: memory_mb" in warning


# -- reasons -----------------------------------------------------------------------------------------


def test_nothing_is_deleted_or_changed_or_made_at_an_endpoint_that_cannot_be_seen() -> None:
    blind = {"hetzner-1": EndpointStatus("hetzner-1", "hetzner", trouble="hetzner-1: no answer")}
    there = recorded_of(vm("b", backups=False))
    plan = make_plan(
        given([vm("a"), vm("b", backups=True)], [there], [recorded_of(vm("c"))], endpoints=blind)
    )
    assert plan.steps == ()
    assert set(blocked(plan).values()) == {BlockReason.UNKNOWN}
    assert blocked(plan).keys() == {"vm/a", "vm/b", "vm/c"}


def test_nothing_is_deleted_or_changed_or_made_again_on_unknown() -> None:
    unknown = {"presence": Presence.UNKNOWN}
    there = recorded_of(vm("b", backups=False), **unknown)
    plan = make_plan(given([vm("b", backups=True)], [there], [recorded_of(vm("c"), **unknown)]))
    assert plan.steps == ()
    assert blocked(plan) == {"vm/b": BlockReason.UNKNOWN, "vm/c": BlockReason.UNKNOWN}


def test_an_id_that_was_never_learnt_is_not_forgotten_on_unknown() -> None:
    there = recorded_of(vm(), presence=Presence.UNKNOWN, external_id=None)
    assert only(make_plan(given(removed=[there]))) is BlockReason.UNKNOWN


@pytest.mark.parametrize("presence", [Presence.PRESENT, Presence.ABSENT])
@pytest.mark.parametrize("on_remove", [None, OnRemove.RETAIN, OnRemove.DELETE])
def test_what_is_in_quarantine_is_left_alone(presence: Presence, on_remove: OnRemove | None) -> None:
    there = recorded_of(
        network(protected=True),
        management=Management.QUARANTINED,
        presence=presence,
        lifecycle=Lifecycle(on_remove=on_remove),
    )
    assert only(make_plan(given([network(protected=False)], [there]))) is BlockReason.QUARANTINED
    assert only(make_plan(given(removed=[there]))) is BlockReason.QUARANTINED


def test_what_is_in_quarantine_is_taken_over_where_the_manifest_names_it_and_nothing_else_hinders() -> None:
    there = recorded_of(network(), external_id="77", management=Management.QUARANTINED)
    asked = network(adopt="77")
    assert did(make_plan(given([asked], [there]))) == {"network/net": Action.ADOPT}
    held = Hold("ada", "hands off", address=asked.address)
    assert only(make_plan(given([asked], [there], holds=(held,)))) is BlockReason.HELD
    blind = {"hetzner-1": EndpointStatus("hetzner-1", "hetzner", trouble="no answer")}
    assert only(make_plan(given([asked], [there], endpoints=blind))) is BlockReason.UNKNOWN


def test_what_an_operation_is_at_work_on_is_left_to_it() -> None:
    there = recorded_of(vm(backups=False), busy=True)
    assert only(make_plan(given([vm(backups=True)], [there]))) is BlockReason.BUSY
    assert only(make_plan(given(removed=[there]))) is BlockReason.BUSY


def test_an_endpoint_that_is_not_there_is_said() -> None:
    assert only(make_plan(given([vm()], endpoints={}))) is BlockReason.UNSUPPORTED


@pytest.mark.parametrize(
    "hold",
    [
        Hold("ada", "moving", address=Address.parse("vm/web")),
        Hold("ada", "moving", endpoint="hetzner-1"),
        Hold("ada", "moving", type="vm"),
        Hold("ada", "moving", tag=("env", "prod")),
        Hold("ada", "moving", type="vm", tag=("env", "prod"), until=NOW + timedelta(seconds=1)),
    ],
)
def test_a_hold_stops_whatever_would_be_done(hold: Hold) -> None:
    asked = vm(tags={"env": "prod"}, backups=True)
    there = recorded_of(vm(tags={"env": "prod"}, backups=False))
    retained = replace(there, lifecycle=Lifecycle(on_remove=OnRemove.RETAIN))
    for plan in (
        make_plan(given([asked], holds=(hold,))),
        make_plan(given([asked], [there], holds=(hold,))),
        make_plan(given(removed=[there], holds=(hold,))),
        make_plan(given(removed=[retained], holds=(hold,))),
    ):
        assert only(plan) is BlockReason.HELD
        assert "ada" in plan.blocked[0].message
        assert "moving" in plan.blocked[0].message


@pytest.mark.parametrize(
    "hold",
    [
        Hold("ada", "moving", address=Address.parse("vm/other")),
        Hold("ada", "moving", until=NOW),
        Hold("ada", "moving", type="vm", endpoint="proxmox-1"),
        Hold("ada", "moving", tag=("env", "dev")),
    ],
)
def test_a_hold_of_something_else_or_of_the_past_stops_nothing(hold: Hold) -> None:
    assert did(make_plan(given([vm(tags={"env": "prod"})], holds=(hold,)))) == {"vm/web": Action.CREATE}


def test_what_failed_is_left_alone_until_its_time_and_says_why() -> None:
    until = NOW + timedelta(minutes=1)
    plan = make_plan(given([vm()], failures=failing(vm(), Action.CREATE, until)))
    assert only(plan) is BlockReason.BACK_OFF
    assert "no capacity" in plan.blocked[0].message
    (step,) = make_plan(given([vm()], failures=failing(vm(), Action.CREATE, NOW))).steps
    assert (step.action, step.failed) == (Action.CREATE, "no capacity")


def test_a_move_to_another_endpoint_is_not_made_behind_ones_back() -> None:
    there = recorded_of(vm(), endpoint="elsewhere")
    assert only(make_plan(given([vm()], [there]))) is BlockReason.UNSUPPORTED


def test_what_the_driver_cannot_do_blocks_one_resource_and_says_so() -> None:
    lower = refusing(one_call, PlanError("no such size", hint="take another"), Action.UPDATE)
    plan = make_plan(
        given([vm("a", backups=True), vm("b")], [recorded_of(vm("a", backups=False))], lower=lower)
    )
    assert did(plan) == {"vm/b": Action.CREATE}
    (item,) = plan.blocked
    assert (item.reason, item.message, item.hint) == (
        BlockReason.UNSUPPORTED,
        "no such size",
        "take another",
    )


# -- drift that is only reported ------------------------------------------------------------------------

REPORTS = {"hetzner-1": EndpointStatus("hetzner-1", "hetzner", report_only=True)}


def test_drift_is_only_reported_where_an_endpoint_says_so_and_the_manifest_still_counts() -> None:
    asked = network(protected=True)
    drifted = recorded_of(network(protected=False), applied_desired_hash=asked.hash())
    plan = make_plan(given([asked], [drifted], endpoints=REPORTS))
    assert only(plan) is BlockReason.REPORT_ONLY
    assert "protected" in plan.blocked[0].message
    gone = recorded_of(asked, presence=Presence.ABSENT, applied_desired_hash=asked.hash())
    assert only(make_plan(given([asked], [gone], endpoints=REPORTS))) is BlockReason.REPORT_ONLY
    edited = recorded_of(network(protected=False), applied_desired_hash=b"an earlier one")
    assert did(make_plan(given([asked], [edited], endpoints=REPORTS))) == {"network/net": Action.UPDATE}
    assert did(make_plan(given([asked], endpoints=REPORTS))) == {"network/net": Action.CREATE}


def test_a_part_that_leaves_its_manifest_is_no_drift() -> None:
    subnet = {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
    asked = with_parts(network(), "subnet")
    there = recorded_of(with_parts(network(), "subnet", subnet), applied_desired_hash=b"an earlier one")
    assert did(make_plan(given([asked], [there], endpoints=REPORTS))) == {"network/net": Action.UPDATE}


def test_a_hold_by_tag_holds_what_carries_the_tag_until_now() -> None:
    machine = want("network/net", tags={"env": "test"}, ip_range="10.0.0.0/8")
    there = recorded_of(want("network/net", tags={"env": "prod"}, ip_range="10.0.0.0/8"))
    plan = make_plan(given([machine], [there], holds=(Hold("ann", "audit", tag=("env", "prod")),)))
    assert [blocked.reason for blocked in plan.blocked] == [BlockReason.HELD]
    assert plan.steps == ()

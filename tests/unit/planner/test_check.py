"""Each promise of the planner is noticed where a plan breaks it: by hand, or made for another input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.model.address import Address, as_name
from reconciler.model.diff import PartAction, PartChange, Reason, TagChange
from reconciler.model.failure import Failure
from reconciler.model.hold import Hold
from reconciler.model.inventory import FieldChange, InventoryKind, InventoryStep
from reconciler.model.plan import Action, Blocked, BlockReason, Call, Impact, Plan, Step
from reconciler.model.resource import (
    Desired,
    Lifecycle,
    Management,
    OnRemove,
    Presence,
    Recorded,
)
from reconciler.planner import EndpointStatus, Limits, PlanInput, Selection, parse_selector
from reconciler.planner.check import PROMISES, Broken, Promise, check
from reconciler.planner.promises import destroying, ground, order, reporting
from tests.rigs.core import NOW, given, one_call, recorded_of, want, with_parts
from tests.rigs.planner import ALLOWED, GUARDED, failing, make_plan, network, vm

Case = tuple[Plan, PlanInput]
"""A plan that does not keep a promise, and what it is said to be made from."""

CASES: dict[Promise, Callable[[], Iterator[Case]]] = {}


def breaks(promise: Promise) -> Callable[[Callable[[], Iterator[Case]]], Callable[[], Iterator[Case]]]:
    def of(cases: Callable[[], Iterator[Case]]) -> Callable[[], Iterator[Case]]:
        CASES[promise] = cases
        return cases

    return of


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__)
def test_a_plan_that_breaks_a_promise_is_caught(promise: Promise) -> None:
    cases = list(CASES[promise]())
    assert cases
    for number, (plan, one) in enumerate(cases):
        found = list(promise(plan, one))
        assert found, f"case {number} was not noticed"
        assert all(each.what for each in found)
        assert set(found) <= set(check(plan, one))


def test_the_words_of_a_promise_are_its_own() -> None:
    words = {
        each.promise for promise in PROMISES for plan, one in CASES[promise]() for each in promise(plan, one)
    }
    assert len(words) == len(PROMISES)


def test_a_broken_promise_names_the_resource_and_what_was_promised() -> None:
    broken = Broken("nothing is done on unknown", Address.parse("vm/web"), "delete, and it is not known")
    assert str(broken) == "vm/web: delete, and it is not known (promised: nothing is done on unknown)"
    assert str(replace(broken, address=None)).startswith("delete, and")


# -- worlds, each with a plan that keeps every promise ---------------------------------------------------


def made(one: PlanInput, **changes: Any) -> Case:
    """The plan for an input, its one step changed by hand."""
    plan = make_plan(one)
    (step,) = plan.steps
    return replace(plan, steps=(replace(step, **changes),)), one


def seen(one: PlanInput, **changes: Any) -> Case:
    """The plan for an input, taken for one of another input."""
    return make_plan(one), replace(one, **changes)


def creating(**more: Any) -> PlanInput:
    return given([vm()], **more)


def updating(desired: Desired | None = None, **row: Any) -> PlanInput:
    return given([desired or vm(backups=True)], [recorded_of(vm(backups=False), **row)])


def deleting(**row: Any) -> PlanInput:
    return given(removed=[recorded_of(network(), **row)])


def replacing() -> PlanInput:
    return given([vm(lifecycle=ALLOWED)], [recorded_of(vm(image="debian-11", lifecycle=ALLOWED))])


def adopting() -> PlanInput:
    asked = network(adopt="77")
    stranger = recorded_of(network(), external_id="77", management=Management.UNMANAGED)
    return given([asked], strangers={asked.address: stranger})


def other_row(one: PlanInput, **changes: Any) -> dict[Address, Recorded]:
    return {address: replace(row, **changes) for address, row in one.recorded.items()}


def guest(*disks: str, **life: Any) -> Desired:
    made = [{"slot": slot, "size_gb": 8} for slot in disks]
    return replace(with_parts(want("vm/db", "proxmox"), "disk", *made), lifecycle=Lifecycle(**life))


def losing_a_disk() -> PlanInput:
    return given([guest("scsi0")], [recorded_of(guest("scsi0", "scsi1"))])


def losing(words: str, **life: Any) -> PlanInput:
    """A change by which something else is lost."""

    def lower(*args: Any) -> tuple[Call, ...]:
        return tuple(replace(call, destroys=(words,)) for call in one_call(*args))

    return replace(updating(vm(backups=True, lifecycle=Lifecycle(**life))), lower=lower)


def subnets(*ranges: str) -> Desired:
    made = [
        want(f"network/net/subnet/{as_name(each)}", ip_range=each, network_zone="eu-central")
        for each in ranges
    ]
    return replace(network(), parts=tuple(made), collections=frozenset({"subnet"}))


def attached(address: str) -> Desired:
    return with_parts(vm(), "network_attachment", {"network": "network/net", "ip": address})


def moving() -> PlanInput:
    """A machine that moves to a new subnet, after which the old one goes."""
    return given(
        [subnets("10.0.2.0/24"), attached("10.0.2.5")],
        [recorded_of(subnets("10.0.1.0/24")), recorded_of(attached("10.0.1.5"))],
    )


# -- ground ----------------------------------------------------------------------------------------------


@breaks(ground.can_be_seen)
def _() -> Iterator[Case]:
    yield seen(creating(), endpoints={})
    blind = EndpointStatus("hetzner-1", "hetzner", trouble="no answer")
    yield seen(deleting(), endpoints={"hetzner-1": blind})
    withheld = EndpointStatus("hetzner-1", "hetzner", withheld="not given for that host")
    yield seen(updating(), endpoints={"hetzner-1": withheld})
    plan = make_plan(moving())
    yield (
        replace(plan, steps=()),
        replace(moving(), endpoints={"hetzner-1": blind}),
    )


@breaks(ground.is_known)
def _() -> Iterator[Case]:
    unknown: dict[str, Any] = {"presence": Presence.UNKNOWN}
    yield make_plan(deleting()), deleting(**unknown)
    yield make_plan(updating()), updating(**unknown)
    retained = Lifecycle(on_remove=OnRemove.RETAIN)
    yield make_plan(deleting(lifecycle=retained)), deleting(lifecycle=retained, **unknown)


@breaks(ground.is_not_in_quarantine)
def _() -> Iterator[Case]:
    quarantined: dict[str, Any] = {"management": Management.QUARANTINED}
    yield make_plan(deleting()), deleting(**quarantined)
    yield make_plan(updating()), updating(**quarantined)


@breaks(ground.is_not_at_work)
def _() -> Iterator[Case]:
    yield make_plan(deleting()), deleting(busy=True)
    yield make_plan(updating()), updating(busy=True)


@breaks(ground.is_not_held)
def _() -> Iterator[Case]:
    yield seen(creating(), holds=(Hold("ann", "moving", type="vm"),))
    (stranger,) = adopting().strangers.values()
    tagged = {stranger.address: replace(stranger, tags={"env": "prod"})}
    yield seen(adopting(), strangers=tagged, holds=(Hold("ann", "moving", tag=("env", "prod")),))
    yield seen(deleting(), holds=(Hold("ann", "moving", address=network().address),))


@breaks(ground.has_waited)
def _() -> Iterator[Case]:
    later = NOW + timedelta(seconds=1)
    yield seen(creating(), failures=failing(vm(), Action.CREATE, later))
    yield seen(creating(), failures=failing(vm(), Action.CREATE, None), retry_now=True)
    yield seen(creating(), failures=failing(vm(), Action.CREATE, later), retry_parked=True)
    drifted = replacing()
    wanted = drifted.desired[Address.parse("vm/web")]
    drifted = replace(drifted, recorded=other_row(drifted, applied_desired_hash=wanted.hash()))
    parked = {wanted.address: (Failure(Action.REPLACE, b"another", None, "brought nothing"),)}
    yield seen(drifted, failures=parked)


@breaks(ground.drift_is_left)
def _() -> Iterator[Case]:
    reports = {"hetzner-1": EndpointStatus("hetzner-1", "hetzner", report_only=True)}
    gone = given([network()], [recorded_of(network(), presence=Presence.ABSENT)])
    yield seen(gone, endpoints=reports)
    wanted = vm(backups=True)
    yield seen(updating(wanted, applied_desired_hash=wanted.hash()), endpoints=reports)
    tagged = network(tags={"env": "prod"})
    drifted = recorded_of(network(), applied_desired_hash=tagged.hash())
    yield seen(given([tagged], [drifted]), endpoints=reports)
    whole = subnets("10.0.1.0/24")
    lost = recorded_of(network(), applied_desired_hash=whole.hash())
    yield seen(given([whole], [lost]), endpoints=reports)


@breaks(ground.rests_on_its_row)
def _() -> Iterator[Case]:
    yield seen(updating(), recorded=other_row(updating(), version=8))
    yield seen(updating(), recorded=other_row(updating(), uid=recorded_of(network()).uid))
    yield made(creating(), expected_version=3)
    yield made(creating(), desired_hash=b"another")
    yield made(deleting(), desired_hash=b"another")
    yield made(deleting(), expected_version=None)
    yield made(adopting(), ground=b"something else")
    yield made(updating(), endpoint="proxmox-1")


@breaks(ground.fits_what_is_there)
def _() -> Iterator[Case]:
    yield seen(creating(), recorded={vm().address: recorded_of(vm())})
    yield seen(updating(), recorded={})
    yield seen(updating(), recorded=other_row(updating(), presence=Presence.ABSENT))
    yield seen(updating(), recorded=other_row(updating(), management=Management.UNMANAGED))
    yield seen(updating(), recorded=other_row(updating(), endpoint="proxmox-1"))
    yield make_plan(deleting()), deleting(presence=Presence.ABSENT)
    yield made(deleting(), gone=True)
    yield made(deleting(presence=Presence.ABSENT), gone=False)


@breaks(ground.is_not_elsewhere)
def _() -> Iterator[Case]:
    yield seen(creating(), elsewhere={vm().address: "other"})
    yield seen(deleting(), elsewhere={network().address: None})
    yield seen(given([vm()], [recorded_of(vm())]), elsewhere={vm().address: "other"})


@breaks(ground.is_selected)
def _() -> Iterator[Case]:
    others = Selection(targets=(parse_selector("vm/other"),))
    yield seen(creating(), selection=others)
    yield seen(deleting(), selection=others)
    yield seen(creating(), selection=Selection(excludes=(parse_selector("vm/web"),)))
    chosen = Selection(targets=(parse_selector("service/b"),))
    front = want("service/b", "logical", depends_on=(Address.parse("service/a"),))
    one = given([want("service/a", "logical"), front], selection=chosen)
    yield replace(make_plan(one), warnings=()), one


# -- destroying ------------------------------------------------------------------------------------------


@breaks(destroying.guards_hold)
def _() -> Iterator[Case]:
    yield make_plan(deleting()), deleting(lifecycle=GUARDED)
    guarded = vm(lifecycle=GUARDED)
    yield make_plan(replacing()), replace(replacing(), desired={guarded.address: guarded})
    one = losing_a_disk()
    yield seen(one, desired={a: guest("scsi0", prevent_destroy=True) for a in one.desired})
    one = losing("its backups are deleted")
    yield seen(one, desired=losing("", prevent_destroy=True).desired)


@breaks(destroying.removals_are_allowed)
def _() -> Iterator[Case]:
    for on_remove in (OnRemove.BLOCK, OnRemove.RETAIN):
        yield make_plan(deleting()), deleting(lifecycle=Lifecycle(on_remove=on_remove))
    retained = make_plan(deleting(lifecycle=Lifecycle(on_remove=OnRemove.RETAIN)))
    yield retained, deleting(lifecycle=Lifecycle(on_remove=OnRemove.DELETE))


@breaks(destroying.is_wanted_or_not)
def _() -> Iterator[Case]:
    yield seen(deleting(), desired={network().address: network()})
    yield seen(deleting(), removed=())
    yield seen(updating(), desired={})


@breaks(destroying.heirs_get_theirs)
def _() -> Iterator[Case]:
    heir = network("new", adopt="77")
    yield (
        make_plan(deleting(external_id="77")),
        replace(deleting(external_id="77"), desired={heir.address: heir}),
    )


@breaks(destroying.replacements_are_allowed)
def _() -> Iterator[Case]:
    yield seen(replacing(), desired={vm().address: vm()})
    yield made(updating(vm(backups=True, lifecycle=ALLOWED)), action=Action.REPLACE)


@breaks(destroying.objects_stay)
def _() -> Iterator[Case]:
    yield made(replacing(), action=Action.UPDATE, calls=())
    (call,) = make_plan(updating()).steps[0].calls
    yield made(updating(), calls=(replace(call, deletes=True),))
    yield made(adopting(), calls=(replace(call, creates=True),))


@breaks(destroying.downtime_is_allowed)
def _() -> Iterator[Case]:
    (call,) = make_plan(updating()).steps[0].calls
    for impact in (Impact.REBOOT, Impact.STOP):
        yield made(updating(), calls=(replace(call, impact=impact),), impact=impact)


@breaks(destroying.adoption_is_named)
def _() -> Iterator[Case]:
    yield seen(adopting(), desired={network().address: network()})
    yield seen(adopting(), desired={network().address: network(adopt="78")})
    (stranger,) = adopting().strangers.values()
    yield seen(adopting(), strangers={stranger.address: replace(stranger, external_id="78")})
    yield seen(adopting(), strangers={stranger.address: replace(stranger, management=Management.MANAGED)})
    yield seen(adopting(), strangers={})
    yield made(adopting(), adopt="78")
    yield made(updating(), adopt="77")


@breaks(destroying.data_needs_consent)
def _() -> Iterator[Case]:
    yield made(given(removed=[recorded_of(vm())]), approvals=())
    yield made(losing_a_disk(), approvals=())
    yield made(losing("its backups are deleted"), approvals=())
    taken = replace(replacing(), desired={vm().address: vm(lifecycle=ALLOWED, adopt="ext-vm/web")})
    yield made(taken, approvals=())


@breaks(destroying.masses_wait)
def _() -> Iterator[Case]:
    yield seen(deleting(), limits=Limits(destroy=0))
    yield seen(deleting(), managed=1, limits=Limits(share_from=1))
    yield replace(make_plan(deleting()), approvals=("for no reason",)), deleting()


@breaks(destroying.losses_are_said)
def _() -> Iterator[Case]:
    one = losing("its backups are deleted")
    yield replace(make_plan(one), warnings=()), one
    yield replace(make_plan(replacing()), warnings=()), replacing()
    plan = make_plan(updating())
    (call,) = plan.steps[0].calls
    unsaid = replace(plan.steps[0], calls=(replace(call, unchecked=("whether there is room",)),))
    yield replace(plan, steps=(unsaid,)), updating()
    yield replace(plan, steps=(), follows=(unsaid,)), updating()


@breaks(destroying.nothing_shrinks)
def _() -> Iterator[Case]:
    def volume(size: int) -> Desired:
        return want("volume/data", size_gb=size)

    one = given([volume(20)], [recorded_of(volume(10))])
    (step,) = make_plan(one).steps
    (change,) = step.changes
    yield made(one, changes=(replace(change, before=20, after=10),))
    part = PartChange(
        Address.parse("vm/db/disk/scsi0"), PartAction.UPDATE, (replace(change, before=20, after=10),)
    )
    yield made(losing_a_disk(), parts=(part,))


# -- order -----------------------------------------------------------------------------------------------


def chain() -> PlanInput:
    second = want("service/b", "logical", depends_on=(Address.parse("service/a"),))
    return given([want("service/a", "logical"), second])


@breaks(order.steps_are_single)
def _() -> Iterator[Case]:
    plan = make_plan(updating())
    yield replace(plan, steps=(*plan.steps, *plan.steps)), updating()
    renamed = replace(plan.steps[0], address=Address.parse("vm/other"))
    yield replace(plan, steps=(*plan.steps, renamed)), updating()
    plan = make_plan(moving())
    yield replace(plan, follows=(*plan.follows, *plan.follows)), moving()


@breaks(order.required_comes_first)
def _() -> Iterator[Case]:
    plan = make_plan(chain())
    yield replace(plan, steps=tuple(reversed(plan.steps))), chain()
    yield replace(plan, steps=plan.steps[1:]), chain()
    yield made(creating(), requires=(vm().address,))


@breaks(order.needed_is_there)
def _() -> Iterator[Case]:
    plan = make_plan(chain())
    first, second = plan.steps
    yield replace(plan, steps=(first, replace(second, requires=()))), chain()
    yield replace(plan, steps=(replace(second, requires=()),)), chain()
    yield replace(plan, steps=(replace(first, action=Action.DELETE), second)), chain()
    row = recorded_of(want("service/a", "logical"), management=Management.QUARANTINED)
    one = given([chain().desired[second.address]], [row])
    yield replace(plan, steps=(replace(second, requires=()),)), one


@breaks(order.nothing_used_is_deleted)
def _() -> Iterator[Case]:
    loose = with_parts(vm(), "network_attachment")
    one = given([loose], [recorded_of(attached("10.0.1.5"))], [recorded_of(network())])
    plan = make_plan(one)
    user, removal = plan.steps
    assert (user.action, removal.action) == (Action.UPDATE, Action.DELETE)
    yield replace(plan, steps=(removal,)), one
    yield replace(plan, steps=(user, replace(removal, requires=()))), one
    yield replace(plan, steps=(replace(user, parts=()), removal)), one
    yield seen(deleting(), users=(recorded_of(attached("10.0.1.5")),))
    firewall = recorded_of(want("firewall/edge"))
    yield seen(given(removed=[firewall]), users=(recorded_of(vm(firewalls=("firewall/edge",))),))


def called(address: str, name: str) -> Desired:
    group = want(f"placement_group/{address}")
    return replace(group, attributes={**group.attributes, "name": name})


@breaks(order.values_are_free)
def _() -> Iterator[Case]:
    one = given(
        [called("a", "z"), called("b", "x")],
        [recorded_of(called("a", "x")), recorded_of(called("b", "y"))],
    )
    plan = make_plan(one)
    gives, takes = plan.steps
    yield replace(plan, steps=(takes,)), one
    yield replace(plan, steps=(takes, replace(gives, changes=()))), one
    yield replace(plan, steps=(replace(takes, requires=()), gives)), one
    theirs = recorded_of(called("c", "new"), management=Management.UNMANAGED)
    yield seen(given([called("a", "new")]), holders=(theirs,))


@breaks(order.nothing_is_built_on_what_waits)
def _() -> Iterator[Case]:
    first, second, third = (
        want(f"service/{name}", "logical", depends_on=tuple(map(Address.parse, needs)), tags={"new": ""})
        for name, needs in (("a", []), ("b", ["service/a"]), ("c", ["service/b"]))
    )
    one = given(
        [first, second, third], [recorded_of(replace(each, tags={})) for each in (first, second, third)]
    )
    steps = make_plan(one).steps
    for reason in (BlockReason.BACK_OFF, BlockReason.BUSY):
        waits = Blocked(first.address, Action.UPDATE, reason, "is tried again later", "wait")
        yield Plan(steps=steps[1:], blocked=(waits,)), one
        so_too = Blocked(second.address, Action.UPDATE, BlockReason.DEPENDENCY, "needs service/a", "wait")
        yield Plan(steps=steps[2:], blocked=(waits, so_too)), one
    _, user = make_plan(moving()).steps
    kept = Blocked(network().address, Action.UPDATE, BlockReason.IN_USE, "overlaps", "move them first")
    yield Plan(steps=(user,), blocked=(kept,)), moving()


def test_what_is_left_alone_for_a_reason_of_its_own_does_not_wait_for_what_it_needs() -> None:
    first, second, third = (
        want(f"service/{name}", "logical", depends_on=tuple(map(Address.parse, needs)), tags={"new": ""})
        for name, needs in (("a", []), ("b", ["service/a"]), ("c", ["service/b"]))
    )
    one = given(
        [first, second, third], [recorded_of(replace(each, tags={})) for each in (first, second, third)]
    )
    waits = Blocked(first.address, Action.UPDATE, BlockReason.BUSY, "is at work", "wait")
    told = Blocked(second.address, Action.UPDATE, BlockReason.REPORT_ONLY, "is only reported", "heal")
    plan = Plan(steps=make_plan(one).steps[2:], blocked=(waits, told))
    assert list(order.nothing_is_built_on_what_waits(plan, one)) == []


# -- reporting ---------------------------------------------------------------------------------------------


@breaks(reporting.requests_are_calls)
def _() -> Iterator[Case]:
    yield replace(make_plan(creating()), requests={}), creating()
    yield replace(make_plan(creating()), requests={"hetzner-1": 1, "proxmox-1": 1}), creating()
    yield made(creating(), calls=())


@breaks(reporting.blocked_is_not_done)
def _() -> Iterator[Case]:
    plan = make_plan(updating())
    (step,) = plan.steps
    for reason in BlockReason:
        item = Blocked(step.address, Action.UPDATE, reason, "may not be changed", "ask")
        if reason is not BlockReason.REPORT_ONLY:
            yield replace(plan, blocked=(item,)), updating()
    partly = replace(plan, steps=(replace(step, partial=True),))
    for reason in (BlockReason.HELD, BlockReason.UNKNOWN, BlockReason.BACK_OFF, BlockReason.DEPENDENCY):
        item = Blocked(step.address, Action.UPDATE, reason, "may not be changed", "ask")
        yield replace(partly, blocked=(item,)), updating()
    item = Blocked(network().address, Action.DELETE, BlockReason.REPORT_ONLY, "may not be deleted")
    yield replace(make_plan(deleting()), blocked=(item,)), deleting()


@breaks(reporting.blocked_says_why)
def _() -> Iterator[Case]:
    for message, hint in (("", "ask"), ("may not be changed", "")):
        yield Plan(blocked=(Blocked(vm().address, Action.UPDATE, BlockReason.HELD, message, hint),)), given()


@breaks(reporting.impact_is_the_worst)
def _() -> Iterator[Case]:
    yield made(updating(), impact=Impact.STOP)
    yield made(replacing(), impact=Impact.ONLINE)
    (call,) = make_plan(creating()).steps[0].calls
    yield made(creating(), calls=(call, replace(call, impact=Impact.STOP), call))


@breaks(reporting.calls_fit_the_action)
def _() -> Iterator[Case]:
    (call,) = make_plan(creating()).steps[0].calls
    yield made(creating(), calls=(replace(call, deletes=True),))
    yield made(deleting(), calls=(replace(call, creates=True),))
    yield made(deleting(presence=Presence.ABSENT), calls=(call,))
    yield made(updating(), action=Action.NOOP)
    yield made(creating(), calls=(call, replace(call, reads=True)))


@breaks(reporting.follows_are_known)
def _() -> Iterator[Case]:
    plan = make_plan(moving())
    (later,) = plan.follows
    now, user = plan.steps
    assert later.address == now.address
    for other in (
        replace(later, action=Action.DELETE),
        replace(later, address=Address.parse("network/other")),
        replace(later, changes=user.parts[0].changes),
        replace(later, tags=(TagChange("env", None, "prod", Reason.MANIFEST),)),
        replace(later, parts=now.parts),
        replace(later, parts=tuple(replace(part, action=PartAction.UPDATE) for part in later.parts)),
    ):
        yield replace(plan, follows=(other,)), moving()
    yield replace(plan, steps=(replace(now, partial=False), user)), moving()
    yield replace(plan, steps=(replace(now, parts=(*now.parts, *later.parts)), user)), moving()
    yield seen(moving(), recorded={})


@breaks(reporting.agreed_is_settled)
def _() -> Iterator[Case]:
    one = given([vm()], [recorded_of(vm())])
    plan = make_plan(one)
    assert plan.settled
    yield replace(plan, settled=((vm().address, b"another"),)), one
    yield replace(plan, settled=(), applied=((network().address, network().hash()),)), one
    yield replace(plan, settled=plan.settled, steps=make_plan(updating()).steps), one
    held = Blocked(vm().address, Action.UPDATE, BlockReason.HELD, "held", "release it")
    yield replace(plan, blocked=(held,)), one


@breaks(reporting.corrections_are_said)
def _() -> Iterator[Case]:
    yield Plan(), given(restored=((vm().address, "prevent_destroy was false in the database"),))
    yield Plan(), given(expiring=("credential token expires on 2027-01-31: it is to be replaced",))
    withheld = EndpointStatus("hetzner-1", "hetzner", trouble="not given", withheld="not given")
    yield Plan(), given(endpoints={"hetzner-1": withheld})


class Forgetful(Step):
    """A step whose hash covers none of its calls."""

    def content(self) -> str:
        return str(self.address)


class Careless(Plan):
    """A plan whose hash does not cover what follows."""

    def hash(self) -> str:
        return replace(self, follows=()).hash() if self.follows else super().hash()


@breaks(reporting.hash_covers_all)
def _() -> Iterator[Case]:
    plan = make_plan(creating())
    fields = Step.__dataclass_fields__
    forgetful = Forgetful(**{name: getattr(plan.steps[0], name) for name in fields})
    yield replace(plan, steps=(forgetful,)), creating()
    plan = make_plan(moving())
    yield Careless(steps=plan.steps, follows=plan.follows), moving()


@breaks(reporting.inventory_is_in_order)
def _() -> Iterator[Case]:
    change = (FieldChange("name", None, "x"),)
    steps = tuple(
        InventoryStep(kind, "x", change) for kind in (InventoryKind.ENDPOINT, InventoryKind.CREDENTIAL)
    )
    yield Plan(inventory=steps), given()

"""Ids that we choose: never given twice, and kept for the object they were meant for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest

from reconciler.errors import StalePlanError
from reconciler.model.plan import Step
from reconciler.model.resource import Mark
from reconciler.store.recorded.observations import known_ids
from reconciler.store.work import left_open, objects
from reconciler.store.work import operations as ops
from reconciler.store.work.operations import IdRange
from tests.rigs.core import OWNER, observed_of, want
from tests.rigs.core_world import ACTOR, CoreWorld, side_by_side
from tests.rigs.operations import IDS, finish, guest, making, status, took


def opened(world: CoreWorld) -> list[left_open.OpenOperation]:
    with world.store.transaction(ACTOR) as tx:
        return left_open.open_operations(tx, uuid4())


# -- reserved ids ---------------------------------------------------------------------------------------


def test_ids_are_given_in_order_and_never_twice(world: CoreWorld) -> None:
    world.revise(*(guest(f"g{number}") for number in range(3)))
    worker = world.worker()
    given = [world.begin(making(guest(f"g{number}")), worker, IDS).reserved for number in range(3)]
    assert given == ["1000", "1001", "1002"]


def test_an_id_that_something_is_known_to_use_is_passed_over(world: CoreWorld) -> None:
    world.look(
        replace(observed_of(want("container/odd", "proxmox")), mark=None, external_id="1000"),
        endpoint="proxmox-1",
    )
    world.revise(guest())
    assert world.begin(making(guest()), world.worker(), IDS).reserved == "1001"


def test_an_interrupted_creation_is_sent_again_with_the_same_id(world: CoreWorld) -> None:
    world.revise(guest())
    worker = world.worker()
    for end in ("failed", "ambiguous", "interrupted"):
        begun = world.begin(again(world), worker, IDS)
        assert begun.reserved == "1000", "so that there cannot be two of it"
        with world.store.transaction(ACTOR) as tx:
            ops.sending(tx, begun, 0)
            objects.settle_state(tx, begun)
            ops.finish(tx, begun, end)
    assert world.one("SELECT count(*) FROM external_id_reservations") == 1


def again(world: CoreWorld) -> Step:
    """The step that makes the guest, planned anew."""
    exists = world.one("SELECT count(*) FROM resources")
    return replace(
        making(guest()),
        resource=world.recorded("vm/db").uid if exists else None,
        expected_version=world.recorded("vm/db").version if exists else None,
    )


def test_an_id_that_an_object_had_is_never_used_again_not_even_by_its_resource(world: CoreWorld) -> None:
    """A request that comes late must not hit another object."""
    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    took(world, begun, "1000")
    finish(world, begun)
    replaced = world.begin(again(world), worker, IDS)
    assert replaced.reserved == "1001"


def test_whatever_id_was_sent_for_one_of_ours_is_looked_at(world: CoreWorld) -> None:
    """An answer may be lost before its object shows our mark, of what is made anew as of what is new."""

    def known() -> frozenset[str]:
        with world.store.read() as tx:
            return known_ids(tx, "proxmox-1").get("vm", frozenset())

    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    assert known() == {"1000"}
    took(world, begun, "1000")
    finish(world, begun)
    world.begin(again(world), worker, IDS)
    assert known() == {"1000", "1001"}


def test_an_id_whose_object_was_found_by_its_mark_is_used_up_too(world: CoreWorld) -> None:
    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    finish(world, begun, "ambiguous" if status(world, begun) == "sending" else "failed")
    mark = Mark(OWNER, world.recorded("vm/db").uid)
    world.look(replace(observed_of(guest()), external_id="1000", mark=mark), endpoint="proxmox-1")
    assert world.recorded("vm/db").external_id == "1000"
    assert world.begin(again(world), worker, IDS).reserved == "1001"


def test_another_id_is_chosen_when_a_stranger_has_the_first_and_the_recovery_looks_for_that(
    world: CoreWorld,
) -> None:
    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, begun, 0)
        second = ops.reserve_again(tx, begun, IDS)
    assert second.reserved == "1001"
    assert opened(world)[0].identity == "1001"
    finish(world, second, "ambiguous")
    assert world.begin(again(world), worker, IDS).reserved == "1001"


def test_a_range_that_is_used_up_says_so(world: CoreWorld) -> None:
    world.revise(guest("a"), guest("b"))
    world.begin(making(guest("a")), world.worker(), IdRange(7, 7))
    with pytest.raises(StalePlanError, match="no id is left between 7 and 7"):
        world.begin(making(guest("b")), world.worker(), IdRange(7, 7))


def test_many_at_once_never_get_the_same_id(world: CoreWorld) -> None:
    guests = [guest(f"g{number}") for number in range(6)]
    world.revise(*guests)
    workers = [world.worker() for _ in guests]
    found: list[str | None] = []

    def begin(number: int) -> None:
        found.append(world.begin(making(guests[number]), workers[number], IDS).reserved)

    errors = side_by_side(*(partial(begin, number) for number in range(6)))
    assert errors == []
    assert sorted(str(each) for each in found) == [str(number) for number in range(1000, 1006)]

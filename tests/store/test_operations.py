"""Operations: intent before effect, one at a time, by one worker, with an identity of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from reconciler.errors import ClaimLost, StalePlanError
from reconciler.model.plan import Action
from reconciler.model.resource import Presence
from reconciler.store.database.session import Transaction
from reconciler.store.work import left_open, objects
from reconciler.store.work import operations as ops
from reconciler.store.work.operations import Begun
from tests.rigs.core_world import ACTOR, CoreWorld, side_by_side, step_for
from tests.rigs.operations import ENDED, IDS, finish, net, status


def call_statuses(world: CoreWorld, begun: Begun) -> list[str]:
    return [
        row[0]
        for row in world.rows(
            "SELECT status FROM resource_operation_calls WHERE operation_id = %s ORDER BY position",
            begun.operation,
        )
    ]


def move_to(world: CoreWorld, begun: Begun, end: str) -> None:
    """From a fresh intent to a status, as an execution would."""
    with world.store.transaction(ACTOR) as tx:
        if end in ("sending", "accepted", "ambiguous"):
            ops.sending(tx, begun, 0)
        if end == "accepted":
            ops.accepted(tx, begun, 0, None, [])
        if end in ENDED:
            ops.finish(tx, begun, end)


# -- the intent and the record --------------------------------------------------------------------------


def test_the_intent_is_written_with_all_that_a_recovery_needs(world: CoreWorld) -> None:
    world.revise(net())
    worker = world.worker()
    begun = world.begin(step_for(net()), worker)
    ((state, holder, epoch, identity, actor),) = world.rows(
        "SELECT o.status, r.claimed_by, o.claim_epoch, o.identity, o.actor"
        " FROM resource_operations o JOIN resources r ON r.id = o.resource_id WHERE o.id = %s",
        begun.operation,
    )
    assert (state, holder, epoch, identity, actor) == ("intended", worker, begun.epoch, "a", "ada")
    there = world.recorded("network/a")
    assert (there.uid, there.state, there.presence, there.external_id) == (
        begun.uid,
        "creating",
        Presence.ABSENT,
        None,
    )


def test_each_stage_is_on_record_before_the_next_begins(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, begun, 0)
    assert (status(world, begun), call_statuses(world, begun)) == ("sending", ["sending"])
    with world.store.transaction(ACTOR) as tx:
        ops.accepted(tx, begun, 0, "4711", ["action/1", "action/2"])
    assert (status(world, begun), call_statuses(world, begun)) == ("accepted", ["accepted"])
    assert world.recorded("network/a").external_id == "4711", "known before anything is waited for"
    (item,) = opened(world)
    assert (item.external_id, item.status) == ("4711", "accepted")
    with world.store.read() as tx:
        assert left_open.tasks_of(tx, item) == ("action/1", "action/2")
    with world.store.transaction(ACTOR) as tx:
        ops.call_finished(tx, begun, 0, "done")
        ops.finish(tx, begun, "done")
    assert (status(world, begun), call_statuses(world, begun)) == ("done", ["done"])
    assert world.one("SELECT claimed_by FROM resources") is None, "no lock is left behind"


def opened(world: CoreWorld) -> list[left_open.OpenOperation]:
    with world.store.transaction(ACTOR) as tx:
        return left_open.open_operations(tx, uuid4())


MOVES = {
    "intended": {"sending", "done", "failed", "interrupted"},
    "sending": {"sending", "accepted", "done", "failed", "ambiguous", "interrupted"},
    "accepted": {"sending", "done", "failed", "ambiguous", "interrupted"},
}


@pytest.mark.parametrize("before", [*MOVES, "done", "failed", "interrupted"])
def test_an_operation_moves_only_as_executions_do(world: CoreWorld, before: str) -> None:
    """Asked of the database itself, so that nothing can go past it."""
    statuses = ["intended", "sending", "accepted", *ENDED]
    made = [net(f"n{number}") for number in range(len(statuses))]
    world.revise(*made)
    for item, after in zip(made, statuses, strict=True):
        begun = world.begin(step_for(item), world.worker())
        move_to(world, begun, before)
        ended = "now()" if after in ENDED else "NULL"
        query = (
            f"UPDATE resource_operations SET status = %s, finished_at = {ended} WHERE id = %s RETURNING id"  # noqa: S608 - one of two words
        )
        if after == before and before in ENDED and before != "ambiguous":
            with pytest.raises(psycopg.DatabaseError, match="what has ended is never changed"):
                world.rows(query, after, begun.operation)
        elif after == before or after in MOVES.get(before, set()):
            assert len(world.rows(query, after, begun.operation)) == 1
        else:
            with pytest.raises(psycopg.DatabaseError, match="cannot go from"):
                world.rows(query, after, begun.operation)


def test_a_step_is_refused_where_the_ground_moved(world: CoreWorld) -> None:
    world.revise(net())
    finish(world, world.begin(step_for(net()), world.worker()), "interrupted")
    there = world.recorded("network/a")
    with pytest.raises(StalePlanError, match="changed after the plan"):
        world.begin(step_for(net(), Action.UPDATE, replace(there, version=there.version - 1)), world.worker())
    assert world.one("SELECT count(*) FROM resource_operations") == 1
    world.begin(step_for(net(), Action.UPDATE, there), world.worker())


def test_a_step_for_a_manifest_that_changed_since_is_refused(world: CoreWorld) -> None:
    world.revise(net(protected=True))
    with pytest.raises(StalePlanError):
        world.begin(step_for(net()), world.worker())
    assert world.one("SELECT count(*) FROM resources") == 0


def test_two_plans_that_would_make_the_same_resource_make_it_once(world: CoreWorld) -> None:
    world.revise(net())
    finish(world, world.begin(step_for(net()), world.worker()), "interrupted")
    with pytest.raises(StalePlanError):
        world.begin(step_for(net()), world.worker())


# -- claims ---------------------------------------------------------------------------------------------


def lock(world: CoreWorld, number: int) -> psycopg.Connection[Any]:
    """A session that shows worker `number` (from 1) to be alive for as long as it is open."""
    connection = psycopg.connect(world.database.runtime, autocommit=True)
    connection.execute("SELECT pg_advisory_lock(%s)", [number])
    return connection


def test_what_a_living_worker_holds_is_its_own_and_the_holder_is_named(world: CoreWorld) -> None:
    world.revise(net())
    first, second = world.worker(), world.worker()
    with lock(world, 1):
        world.begin(step_for(net()), first)
        there = world.recorded("network/a")
        with pytest.raises(ClaimLost, match="process 1 on h since"):
            world.begin(step_for(net(), Action.UPDATE, there), second)
        assert opened(world) == [], "nor is its operation taken over"


def test_what_a_dead_worker_held_is_taken_over_at_once(world: CoreWorld) -> None:
    world.revise(net())
    first, second = world.worker(), world.worker()
    begun = world.begin(step_for(net()), first)
    with world.store.transaction(ACTOR) as tx:
        (item,) = left_open.open_operations(tx, second)
        taken = left_open.take_over(tx, item, second)
    assert (taken.operation, taken.epoch) == (begun.operation, begun.epoch + 1)
    assert world.one("SELECT worker_id FROM resource_operations") == second
    finish(world, taken, "interrupted")


def test_two_recoveries_do_not_take_the_same_operation(world: CoreWorld) -> None:
    world.revise(net())
    world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as one, world.store.transaction(ACTOR) as other:
        assert len(left_open.open_operations(one, uuid4())) == 1
        assert left_open.open_operations(other, uuid4()) == []


def test_a_worker_finds_what_it_left_open_itself(world: CoreWorld) -> None:
    """A database that went away in mid-step leaves an operation open whose worker lives on."""
    world.revise(net())
    worker = world.worker()
    begun = world.begin(step_for(net()), worker)
    with lock(world, 1), world.store.transaction(ACTOR) as tx:
        assert [item.operation for item in left_open.open_operations(tx, worker)] == [begun.operation]


def test_no_second_operation_begins_while_one_is_open(world: CoreWorld) -> None:
    world.revise(net())
    worker = world.worker()
    world.begin(step_for(net()), worker)
    there = world.recorded("network/a")
    with pytest.raises(ClaimLost, match="still open"):
        world.begin(step_for(net(), Action.UPDATE, there), worker)
    assert world.one("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == 1


def test_the_database_itself_refuses_a_second_open_operation(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    with pytest.raises(Exception, match="one_open_operation"):
        world.rows(
            "INSERT INTO resource_operations"
            " (resource_id, operation_type_id, worker_id, claim_epoch, request_hash, actor)"
            " SELECT resource_id, operation_type_id, worker_id, 99, request_hash, actor"
            " FROM resource_operations WHERE id = %s RETURNING id",
            begun.operation,
        )


def test_a_worker_that_lost_its_claim_writes_nothing_and_learns_it(world: CoreWorld) -> None:
    world.revise(net())
    lost = world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, lost, 0)
        heir = world.worker()
        (item,) = left_open.open_operations(tx, heir)
        left_open.take_over(tx, item, heir)
    before = everything(world)
    writes: list[Callable[[Transaction], object]] = [
        lambda tx: ops.sending(tx, lost, 1),
        lambda tx: ops.accepted(tx, lost, 0, "4711", ["task"]),
        lambda tx: ops.call_finished(tx, lost, 0, "done"),
        lambda tx: ops.finish(tx, lost, "done"),
        lambda tx: ops.reserve_again(tx, lost, IDS),
    ]
    for write in writes:
        with pytest.raises(ClaimLost), world.store.transaction(ACTOR) as tx:
            write(tx)
    quiet = [
        objects.remove_resource,
        objects.release_object,
        objects.quarantine,
        objects.settle_state,
        objects.object_deleted,
    ]
    with world.store.transaction(ACTOR) as tx:
        for silent in quiet:
            silent(tx, lost)
        objects.set_external_id(tx, lost, "4711")
    assert everything(world) == before


def everything(world: CoreWorld) -> list[Any]:
    return [
        world.rows(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - the names stand here
        for table in (
            "resources",
            "resource_operations",
            "resource_operation_calls",
            "resource_operation_tasks",
            "external_id_reservations",
        )
    ]


def test_a_claim_is_won_by_one_of_many(world: CoreWorld) -> None:
    world.revise(net())
    finish(world, world.begin(step_for(net()), world.worker()), "interrupted")
    there = world.recorded("network/a")
    workers = [world.worker() for _ in range(4)]
    locks = [lock(world, number) for number in range(2, 6)]
    try:
        errors = side_by_side(
            *(partial(world.begin, step_for(net(), Action.UPDATE, there), worker) for worker in workers)
        )
    finally:
        for connection in locks:
            connection.close()
    assert [type(error) for error in errors] == [ClaimLost] * 3
    assert world.one("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == 1

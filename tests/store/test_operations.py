"""Operations: intent before effect, one at a time, by one worker, with an identity that is never used twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from reconciler.errors import ClaimLost, DatabaseError, StalePlanError
from reconciler.model.address import Address
from reconciler.model.plan import Action, Call, Step
from reconciler.model.resource import Desired, Management, Presence
from reconciler.model.values import ExternalRef, SecretRef
from reconciler.store import operations as ops
from reconciler.store.operations import Begun, IdRange
from tests.store.core_world import ACTOR, CoreWorld, step_for
from tests.unit.core_rig import observed_of, want, with_parts

IDS = IdRange(1000, 1009)
MAKES = (Call("vm.create", "POST", "/vms", "create", creates=True),)
ENDED = ("done", "failed", "ambiguous", "interrupted")


def net(name: str = "a", **more: Any) -> Desired:
    return want(f"network/{name}", ip_range="10.0.0.0/16", **more)


def guest(name: str = "db", **more: Any) -> Desired:
    return want(f"vm/{name}", "proxmox", **more)


def making(desired: Desired) -> Step:
    return step_for(desired, calls=MAKES)


def status(world: CoreWorld, begun: Begun) -> str:
    return str(world.one("SELECT status FROM resource_operations WHERE id = %s", begun.operation))


def call_statuses(world: CoreWorld, begun: Begun) -> list[str]:
    return [
        row[0]
        for row in world.rows(
            "SELECT status FROM resource_operation_calls WHERE operation_id = %s ORDER BY position", begun.operation
        )
    ]


def finish(world: CoreWorld, begun: Begun, end: str = "done") -> None:
    with world.store.transaction(ACTOR) as tx:
        ops.finish(tx, begun, end)


def took(world: CoreWorld, begun: Begun, external_id: str) -> None:
    """The provider took the call that makes the object."""
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, begun, 0)
    with world.store.transaction(ACTOR) as tx:
        ops.accepted(tx, begun, 0, external_id, ["task/1"])


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
    assert (there.uid, there.state, there.presence, there.external_id) == (begun.uid, "creating", Presence.ABSENT, None)


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
        assert ops.tasks_of(tx, item) == ("action/1", "action/2")
    with world.store.transaction(ACTOR) as tx:
        ops.call_finished(tx, begun, 0, "done")
        ops.finish(tx, begun, "done")
    assert (status(world, begun), call_statuses(world, begun)) == ("done", ["done"])
    assert world.one("SELECT claimed_by FROM resources") is None, "no lock is left behind"


def opened(world: CoreWorld) -> list[ops.OpenOperation]:
    with world.store.transaction(ACTOR) as tx:
        return ops.open_operations(tx, uuid4())


MOVES = {
    "intended": {"sending", "done", "failed", "interrupted"},
    "sending": {"sending", "accepted", "done", "failed", "ambiguous", "interrupted"},
    "accepted": {"sending", "done", "failed", "ambiguous", "interrupted"},
}


@pytest.mark.parametrize("before", [*MOVES, "done", "failed", "interrupted"])
@pytest.mark.parametrize("after", ["intended", "sending", "accepted", *ENDED])
def test_an_operation_moves_only_as_executions_do(world: CoreWorld, before: str, after: str) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    move_to(world, begun, before)
    legal = after == before or after in MOVES.get(before, set())

    def move() -> None:
        with world.store.transaction(ACTOR) as tx:
            tx.execute("operations.move_for_test", id=begun.operation, status=after)

    ended = "now()" if after in ENDED else "NULL"
    query = f"UPDATE resource_operations SET status = %s, finished_at = {ended} WHERE id = %s RETURNING id"  # noqa: S608
    if legal:
        assert len(world.rows(query, after, begun.operation)) == 1
    else:
        with pytest.raises(Exception, match="cannot go from"):
            world.rows(query, after, begun.operation)
    assert move is not None


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


def lock(world: CoreWorld, number: int) -> Any:
    """A session that shows worker `number` (from 1) to be alive for as long as it is open."""
    import psycopg

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
        (item,) = ops.open_operations(tx, second)
        taken = ops.take_over(tx, item, second)
    assert (taken.operation, taken.epoch) == (begun.operation, begun.epoch + 1)
    assert world.one("SELECT worker_id FROM resource_operations") == second
    finish(world, taken, "interrupted")


def test_two_recoveries_do_not_take_the_same_operation(world: CoreWorld) -> None:
    world.revise(net())
    world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as one, world.store.transaction(ACTOR) as other:
        assert len(ops.open_operations(one, uuid4())) == 1
        assert ops.open_operations(other, uuid4()) == []


def test_a_worker_finds_what_it_left_open_itself(world: CoreWorld) -> None:
    """A database that went away in mid-step leaves an operation open whose worker lives on."""
    world.revise(net())
    worker = world.worker()
    begun = world.begin(step_for(net()), worker)
    with lock(world, 1), world.store.transaction(ACTOR) as tx:
        assert [item.operation for item in ops.open_operations(tx, worker)] == [begun.operation]


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
            "INSERT INTO resource_operations (resource_id, operation_type_id, worker_id, claim_epoch, request_hash,"
            " actor) SELECT resource_id, operation_type_id, worker_id, 99, request_hash, actor"
            " FROM resource_operations WHERE id = %s RETURNING id",
            begun.operation,
        )


def test_a_worker_that_lost_its_claim_writes_nothing_and_learns_it(world: CoreWorld) -> None:
    world.revise(net())
    lost = world.begin(step_for(net()), world.worker())
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, lost, 0)
        heir = world.worker()
        (item,) = ops.open_operations(tx, heir)
        ops.take_over(tx, item, heir)
    before = everything(world)
    writes = [
        lambda tx: ops.sending(tx, lost, 1),
        lambda tx: ops.accepted(tx, lost, 0, "4711", ["task"]),
        lambda tx: ops.call_finished(tx, lost, 0, "done"),
        lambda tx: ops.finish(tx, lost, "done"),
        lambda tx: ops.reserve_again(tx, lost, "hetzner-1", IDS),
    ]
    for write in writes:
        with pytest.raises(ClaimLost), world.store.transaction(ACTOR) as tx:
            write(tx)
    quiet = [
        ops.remove_resource,
        ops.let_go,
        ops.quarantine,
        ops.settle_state,
        ops.object_deleted,
    ]
    with world.store.transaction(ACTOR) as tx:
        for silent in quiet:
            silent(tx, lost)
        ops.set_external_id(tx, lost, "4711")
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
    from tests.store.test_observations import side_by_side

    world.revise(net())
    finish(world, world.begin(step_for(net()), world.worker()), "interrupted")
    there = world.recorded("network/a")
    workers = [world.worker() for _ in range(4)]
    locks = [lock(world, number) for number in range(2, 6)]
    try:
        errors = side_by_side(
            *(lambda w=w: world.begin(step_for(net(), Action.UPDATE, there), w) for w in workers)  # type: ignore[misc]
        )
    finally:
        for connection in locks:
            connection.close()
    assert [type(error) for error in errors] == [ClaimLost] * 3
    assert world.one("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == 1


# -- reserved ids ---------------------------------------------------------------------------------------


def test_ids_are_given_in_order_and_never_twice(world: CoreWorld) -> None:
    world.revise(*(guest(f"g{number}") for number in range(3)))
    worker = world.worker()
    given = [world.begin(making(guest(f"g{number}")), worker, IDS).reserved for number in range(3)]
    assert given == ["1000", "1001", "1002"]


def test_an_id_that_something_is_known_to_use_is_passed_over(world: CoreWorld) -> None:
    world.look(replace(observed_of(want("container/odd", "proxmox")), mark=None, external_id="1000"), endpoint="proxmox-1")
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
            ops.settle_state(tx, begun)
            ops.finish(tx, begun, end)
    assert world.one("SELECT count(*) FROM external_id_reservations") == 1


def again(world: CoreWorld) -> Step:
    """The step that makes the guest, planned anew."""
    exists = world.one("SELECT count(*) FROM resources")
    return replace(
        making(guest()),
        resource=world.recorded("vm/db").uid if exists else None,
        pin=world.recorded("vm/db").version if exists else None,
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


def test_an_id_whose_object_was_found_by_its_mark_is_used_up_too(world: CoreWorld) -> None:
    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    finish(world, begun, "ambiguous" if status(world, begun) == "sending" else "failed")
    world.look(
        replace(observed_of(guest()), external_id="1000", mark=mark_for(world)), endpoint="proxmox-1"
    )
    assert world.recorded("vm/db").external_id == "1000"
    assert world.begin(again(world), worker, IDS).reserved == "1001"


def mark_for(world: CoreWorld) -> Any:
    from reconciler.model.resource import Mark
    from tests.unit.core_rig import OWNER

    return Mark(OWNER, world.recorded("vm/db").uid)


def test_another_id_is_chosen_when_a_stranger_has_the_first_and_the_recovery_looks_for_that(world: CoreWorld) -> None:
    world.revise(guest())
    worker = world.worker()
    begun = world.begin(making(guest()), worker, IDS)
    with world.store.transaction(ACTOR) as tx:
        ops.sending(tx, begun, 0)
        second = ops.reserve_again(tx, begun, "proxmox-1", IDS)
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
    from tests.store.test_observations import side_by_side

    guests = [guest(f"g{number}") for number in range(6)]
    world.revise(*guests)
    workers = [world.worker() for _ in guests]
    found: list[str | None] = []

    def begin(number: int) -> None:
        found.append(world.begin(making(guests[number]), workers[number], IDS).reserved)

    errors = side_by_side(*(lambda n=number: begin(n) for number in range(6)))  # type: ignore[misc]
    assert errors == []
    assert sorted(str(each) for each in found) == [str(number) for number in range(1000, 1006)]


# -- taking over, letting go, removing ------------------------------------------------------------------


def adopt(world: CoreWorld, desired: Desired, name: str) -> Begun:
    """T1 of a step that takes over the stranger recorded under a name."""
    ((uid, version),) = world.rows("SELECT uid, version FROM resources WHERE is_root AND address = %s", name)
    step = step_for(desired, Action.ADOPT, adopt="ext-old")
    return world.begin(replace(step, resource=uid, pin=version), world.worker())


def test_what_is_taken_over_comes_to_its_manifests_address_with_all_that_hangs_on_it(world: CoreWorld) -> None:
    subnet = {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
    stranger = replace(observed_of(with_parts(net("old"), "subnet", subnet)), mark=None)
    attachment = {"network": "network/old"}
    user = observed_of(with_parts(want("vm/web", server_type="cx22", image="x"), "network_attachment", attachment))
    reference = replace(user.parts[0], attributes={"network": ExternalRef("network", "ext-old")})
    world.look(stranger, replace(user, mark=None, parts=(reference,)))
    desired = net("new", adopt="ext-old")
    world.revise(desired)
    begun = adopt(world, desired, "network/old")
    there = world.recorded("network/new")
    assert (there.uid, there.management, there.state) == (begun.uid, Management.MANAGED, "updating")
    assert [str(part.address) for part in there.parts] == ["network/new/subnet/0"]
    values = world.rows("SELECT value_string FROM resource_attributes WHERE value_string LIKE 'network/%%'")
    assert values == [("network/new",)], "what points at it goes on pointing at it"


def test_nothing_is_taken_over_that_changed_since_it_was_planned(world: CoreWorld) -> None:
    stranger = replace(observed_of(net("old")), mark=None)
    world.look(stranger)
    desired = net("new", adopt="ext-old")
    world.revise(desired)
    ((uid, version),) = world.rows("SELECT uid, version FROM resources")
    world.look(replace(stranger, tags={"someone": "else"}))
    step = replace(step_for(desired, Action.ADOPT, adopt="ext-old"), resource=uid, pin=version)
    with pytest.raises(StalePlanError):
        world.begin(step, world.worker())
    assert world.one("SELECT management FROM resources") == "unmanaged"


def test_nothing_is_taken_over_for_a_manifest_that_is_gone(world: CoreWorld) -> None:
    world.look(replace(observed_of(net("old")), mark=None))
    with pytest.raises(StalePlanError):
        adopt(world, net("new", adopt="ext-old"), "network/old")


@pytest.mark.parametrize("action", [Action.ADOPT, Action.FORGET])
def test_a_persons_word_ends_a_quarantine_and_the_state_follows_what_is_seen(world: CoreWorld, action: Action) -> None:
    stray = replace(observed_of(net("old")), mark=replace(observed_of(net("x")).mark, operation=None))  # type: ignore[type-var]
    world.look(stray)
    desired = net("old", adopt="ext-old")
    world.revise(desired)
    there = world.recorded("network/old")
    assert there.management is Management.QUARANTINED
    begun = world.begin(step_for(desired, action, there), world.worker())
    with world.store.transaction(ACTOR) as tx:
        if action is Action.FORGET:
            ops.let_go(tx, begun)
        ops.finish(tx, begun, "done")
    if action is Action.ADOPT:
        stray = replace(stray, mark=replace(stray.mark, resource=begun.uid))  # type: ignore[type-var]
    world.look(stray)
    expected = "managed" if action is Action.ADOPT else "unmanaged"
    assert world.rows("SELECT r.management, s.name FROM resources r JOIN resource_states s ON s.id = r.state_id") == [
        (expected, "available")
    ]


def test_what_is_in_quarantine_cannot_be_led_out_of_it_by_a_look(world: CoreWorld) -> None:
    stray = replace(observed_of(net("old")), mark=observed_of(net("x")).mark)
    world.look(stray)
    with pytest.raises(DatabaseError, match="person"), world.store.transaction(ACTOR) as tx:
        tx.execute(
            "observations.presence", ids=[world.recorded("network/old").id], presence="present"
        )
        begun = Begun(uuid4(), world.recorded("network/old").id, uuid4(), 0, None)
        tx.execute("operations.remove_resource", resource_id=begun.resource_id, epoch=0)


def test_what_is_removed_stays_for_its_history_and_its_address_is_free(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    took(world, begun, "1")
    with world.store.transaction(ACTOR) as tx:
        ops.remove_resource(tx, begun)
        ops.finish(tx, begun, "done")
    assert world.rows("SELECT address, deleted_at IS NOT NULL, presence FROM resources") == [
        ("network/a", True, "absent")
    ]
    second = world.begin(step_for(net()), world.worker())
    assert second.uid != begun.uid


def test_an_object_that_somebody_elses_look_recorded_first_becomes_ours(world: CoreWorld) -> None:
    """Between a creation and its answer another look may see the object before our mark is on it."""
    world.revise(guest())
    begun = world.begin(making(guest()), world.worker(), IDS)
    world.look(replace(observed_of(guest()), external_id="1000", mark=None), endpoint="proxmox-1")
    took(world, begun, "1000")
    live = world.rows("SELECT management, external_id FROM resources WHERE deleted_at IS NULL AND is_root")
    assert live == [("managed", "1000")]


# -- what calls are filled with -------------------------------------------------------------------------


def ids(world: CoreWorld, *addresses: str) -> dict[str, str | None]:
    with world.store.read() as tx:
        found = ops.external_ids(tx, [Address.parse(address) for address in addresses])
    return {str(address): external_id for address, external_id in found.items()}


def test_an_address_stands_for_our_object_and_never_for_a_namesake(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    world.look(replace(observed_of(net()), mark=None, external_id="stranger"))
    assert ids(world, "network/a", "network/none") == {"network/a": None}
    took(world, begun, "ours")
    assert ids(world, "network/a") == {"network/a": "ours"}


def test_where_nothing_of_ours_has_an_address_a_stranger_can_be_let_go_of(world: CoreWorld) -> None:
    stranger = replace(observed_of(net()), mark=None)
    world.look(stranger, replace(observed_of(net("b")), mark=None), replace(stranger, external_id="second"))
    assert ids(world, "network/a", "network/b") == {"network/b": "ext-b"}, "two of one name are nobody's to choose"


def test_write_only_values_are_on_record_only_once_written(world: CoreWorld) -> None:
    desired = guest(ci_password=SecretRef("pw", "aa"))
    world.revise(desired)
    begun = world.begin(making(desired), world.worker(), IDS)
    assert "ci_password" not in world.recorded("vm/db").attributes
    with world.store.transaction(ACTOR) as tx:
        ops.write_only_written(tx, desired.address, b"another specification")
    assert "ci_password" not in world.recorded("vm/db").attributes
    with world.store.transaction(ACTOR) as tx:
        ops.write_only_written(tx, desired.address, desired.hash())
    assert world.recorded("vm/db").attributes["ci_password"] == SecretRef("pw", "aa")
    shown = world.rows("SELECT value_string FROM resource_attributes")
    assert shown == [("credential/pw#aa",)]
    assert begun.uid


def test_the_history_says_who_did_what_and_by_which_operation(world: CoreWorld) -> None:
    world.revise(net())
    begun = world.begin(step_for(net()), world.worker())
    with world.store.transaction(replace(ACTOR, cause="operation", operation=begun.operation)) as tx:
        ops.settle_state(tx, begun)
        ops.finish(tx, begun, "failed")
    rows = world.rows(
        "SELECT f.name, t.name, h.actor, h.cause, h.operation_id FROM resource_state_history h"
        " LEFT JOIN resource_states f ON f.id = h.from_state_id JOIN resource_states t ON t.id = h.to_state_id"
        " ORDER BY h.changed_at, h.from_state_id NULLS FIRST"
    )
    assert rows[0][:2] == (None, "pending")
    assert rows[-1] == ("creating", "failed", "ada", "operation", begun.operation)

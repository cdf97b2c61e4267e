"""Plans as rows: everything that was going to be done can be read again, and an approval is good once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from reconciler.errors import DatabaseError, PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, Reason
from reconciler.model.inventory import FieldChange, InventoryKind, InventoryStep
from reconciler.model.plan import Call, ExternalId, MarkValue, Plan, ReservedId
from reconciler.model.values import ExternalRef, SecretRef
from reconciler.planner import Limits
from reconciler.providers.flat import flatten
from reconciler.store.inventory.keys import Key
from reconciler.store.work.plans import (
    SavedPlan,
    approvals,
    approve,
    close_abandoned,
    find_plan,
    resume,
    save_plan,
    set_status,
    use_approval,
    waiting_plan,
)
from reconciler.store.work.watch import levels
from reconciler.store.work.workers import worker
from tests.rigs.core import given, recorded_of, want, with_parts
from tests.rigs.core_world import ACTOR, CoreWorld
from tests.rigs.planner import make_plan

KEY = Key(bytes(range(32)))
NET = Address.parse("network/net")


def plan(*, destroys: bool = False) -> Plan:
    net = want("network/net", ip_range="10.0.0.0/16", tags={"env": "prod"})
    machine = with_parts(
        want("vm/web", server_type="cx22", image="debian-12"),
        "network_attachment",
        {"network": "network/net"},
    )
    gone = [recorded_of(want("volume/old", size_gb=10))] if destroys else []
    blind = want("vm/odd", server_type="cx22", image="x", endpoint="nowhere")
    return make_plan(given([net, machine, blind], removed=gone, limits=Limits(destroy=0 if destroys else 9)))


def save(world: CoreWorld, what: Plan, status: str = "saved", **more: Any) -> int:
    with world.store.transaction(ACTOR) as tx:
        number, _ = save_plan(tx, what, "ada", status, **more)
    return number


def found(world: CoreWorld, word: object) -> SavedPlan:
    with world.store.read() as tx:
        return find_plan(tx, str(word))


def test_a_plan_is_found_by_its_number_and_by_the_beginning_of_its_hash(world: CoreWorld) -> None:
    made = plan()
    number = save(world, made, source="fleet", content_hash=b"content")
    saved = found(world, number)
    assert saved == found(world, made.hash()[:9])
    assert (saved.id, saved.hash, saved.actor, saved.status) == (number, made.hash(), "ada", "saved")
    assert (saved.source, saved.content_hash, saved.needs_approval) == ("fleet", b"content", False)
    assert saved.steps == {step.address: step.hash() for step in made.steps}


@pytest.mark.parametrize("word", ["999", "abc", "deadbeefdead"])
def test_what_is_no_plan_is_said(world: CoreWorld, word: str) -> None:
    save(world, plan())
    with pytest.raises(PlanError, match=word):
        found(world, word)


def test_every_step_is_on_record_with_what_it_needs_and_what_it_changes(world: CoreWorld) -> None:
    made = plan()
    number = save(world, made)
    steps = world.rows(
        "SELECT s.position, s.address, t.name, s.impact FROM plan_steps s"
        " JOIN operation_types t ON t.id = s.operation_type_id WHERE plan_id = %s ORDER BY 1",
        number,
    )
    assert steps == [(0, "network/net", "create", "online"), (1, "vm/web", "create", "online")]
    assert world.rows("SELECT address FROM plan_step_requirements") == [("network/net",)]
    changes = world.rows(
        "SELECT part_address, attribute, tag_key, after FROM v_plan_changes ORDER BY 1, 2, 3"
    )
    assert (None, "ip_range", None, "10.0.0.0/16") in changes
    assert (None, None, "env", "prod") in changes
    assert ("vm/web/network_attachment/0", "network", None, "network/net") in changes
    assert world.rows("SELECT address, hindrance FROM plan_blocked") == [("vm/odd", "unsupported")]


def test_what_a_plan_changes_of_the_inventory_is_on_record(world: CoreWorld) -> None:
    moved = FieldChange("url", "https://a/v1", "https://b/v1")
    steps = (
        InventoryStep(InventoryKind.LOCATION, "fsn1", (), is_new=True),
        InventoryStep(InventoryKind.ENDPOINT, "hz", (moved,), approvals=("another host",)),
    )
    number = save(world, replace(plan(), inventory=steps))
    query = "SELECT position, kind, name, is_new, hash FROM plan_inventory_steps WHERE plan_id = %s"
    assert sorted(world.rows(query, number)) == [
        (0, "location", "fsn1", True, steps[0].hash()),
        (1, "endpoint", "hz", False, steps[1].hash()),
    ]
    values = "SELECT step_position, field, side, value_string FROM plan_inventory_values ORDER BY side DESC"
    assert world.rows(values) == [
        (1, "url", "before", "https://a/v1"),
        (1, "url", "after", "https://b/v1"),
    ]
    approvals = "SELECT step_position, message FROM plan_inventory_approvals"
    assert world.rows(approvals) == [(1, "another host")]


def test_every_kind_of_parameter_is_on_record_and_no_secret(world: CoreWorld) -> None:
    params = (
        ("text", "x"),
        ("number", 7),
        ("decimal", Decimal("1.5")),
        ("yes", True),
        ("nothing", None),
        ("id", ExternalId(NET)),
        ("reserved", ReservedId()),
        ("mark", MarkValue("resource", "uid-{}")),
        ("password", SecretRef("db", "ab12")),
        ("nobody[]", None),
        ("inside.nothing{}", None),
    )
    call = Call(
        "x.create", "POST", "/x/{id}", "make x", (("id", ExternalId(NET)),), params, creates=True, timeout=9
    )
    made = plan()
    save(world, replace(made, steps=(replace(made.steps[0], calls=(call,)),)))
    assert world.rows("SELECT operation, method, path, creates, timeout_seconds FROM plan_calls") == [
        ("x.create", "POST", "/x/{id}", True, 9)
    ]
    rows = world.rows(
        "SELECT name, kind, coalesce(value_string, value_integer::text, value_decimal::text,"
        " value_boolean::text, target_address, template, credential)"
        " FROM plan_call_parameters WHERE NOT is_path ORDER BY position"
    )
    assert rows == [
        ("text", "value", "x"),
        ("number", "value", "7"),
        ("decimal", "value", "1.5"),
        ("yes", "value", "true"),
        ("nothing", "null", None),
        ("id", "external_id", "network/net"),
        ("reserved", "reserved_id", None),
        ("mark", "mark", "uid-{}"),
        ("password", "secret", "db"),
        ("nobody", "empty_list", None),
        ("inside", "empty_map", None),
    ]


def test_where_a_parameter_stands_inside_of_lists_and_mappings_is_rows(world: CoreWorld) -> None:
    tree = {"rules": [{"port": "80"}, {"port": "443"}], "labels": {"a.b/c": "d", 'q"\\': "e"}, "nets": []}
    call = Call("x.create", "POST", "/x", "make x", (), flatten(tree), creates=True)
    made = plan()
    step = replace(made.steps[0], calls=(call,))
    save(world, replace(made, steps=(step,)))
    assert world.rows("SELECT name, value_string FROM plan_call_parameters ORDER BY position") == [
        ("rules", "80"),
        ("rules", "443"),
        ("labels", "d"),
        ("labels", "e"),
        ("nets", None),
    ]
    assert world.rows(
        "SELECT parameter_position, depth, key, list_index FROM plan_call_parameter_paths ORDER BY 1, 2"
    ) == [
        (0, 1, None, 0),
        (0, 2, "port", None),
        (1, 1, None, 1),
        (1, 2, "port", None),
        (2, 1, "a.b/c", None),
        (3, 1, 'q"\\', None),
    ]


def test_a_plan_that_destroys_too_much_says_that_it_needs_an_approval(world: CoreWorld) -> None:
    number = save(world, plan(destroys=True))
    assert found(world, number).needs_approval
    kinds = {kind for (kind,) in world.rows("SELECT kind FROM plan_messages")}
    assert kinds == {"approval"}
    assert world.one("SELECT count(*) FROM plan_step_approvals") == 1


def given_approvals(world: CoreWorld) -> list[tuple[int, frozenset[str]]]:
    with world.store.read() as tx:
        return [(each.plan_id, each.steps) for each in approvals(tx, KEY)]


def test_an_approval_covers_the_hashes_of_its_plan_and_is_good_once(world: CoreWorld) -> None:
    made = plan(destroys=True)
    number = save(world, made)
    assert given_approvals(world) == []
    with world.store.transaction(ACTOR) as tx:
        approve(tx, found(world, number), "grace", KEY)
        approve(tx, found(world, number), "grace", KEY)
    assert given_approvals(world) == [(number, frozenset(step.hash() for step in made.steps))]
    with world.store.transaction(ACTOR) as tx:
        use_approval(tx, number)
    assert given_approvals(world) == []
    assert world.rows("SELECT approved_by, used_at IS NOT NULL FROM plan_approvals") == [("grace", True)]
    with pytest.raises(Exception, match="cannot be used again"):
        world.rows("UPDATE plan_approvals SET used_at = NULL RETURNING plan_id")


def test_an_approval_written_by_sql_is_nobodys_word(world: CoreWorld) -> None:
    number = save(world, plan(destroys=True))
    with psycopg.connect(world.database.runtime, autocommit=True) as connection:
        forge = (
            "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
            " SELECT gen_random_uuid(), id, hash, 'grace', coalesce("
            "(SELECT mac FROM plan_approvals ORDER BY id DESC LIMIT 1), sha256('')) FROM plans"
        )
        connection.execute(forge)
        assert given_approvals(world) == []
        with world.store.transaction(ACTOR) as tx:
            approve(tx, found(world, number), "grace", Key(bytes(32)))
        assert given_approvals(world) == [], "given with another key"
        with world.store.transaction(ACTOR) as tx:
            approve(tx, found(world, number), "grace", KEY)
        assert len(given_approvals(world)) == 1, "what was forged does not stand in its way"
        with world.store.transaction(ACTOR) as tx:
            use_approval(tx, number)
        connection.execute(forge)
        assert given_approvals(world) == [], "a copy of one that was used"


def test_an_approval_of_a_plan_that_is_over_is_none(world: CoreWorld) -> None:
    number = save(world, plan(destroys=True))
    with world.store.transaction(ACTOR) as tx:
        approve(tx, found(world, number), "grace", KEY)
        set_status(tx, number, "expired")
    assert given_approvals(world) == []


def test_the_same_plan_is_saved_once_while_it_waits(world: CoreWorld) -> None:
    made = plan(destroys=True)
    with world.store.read() as tx:
        assert waiting_plan(tx, made.hash()) is None
    number = save(world, made)
    with world.store.read() as tx:
        assert waiting_plan(tx, made.hash()) == number
    with world.store.transaction(ACTOR) as tx:
        set_status(tx, number, "applied")
    with world.store.read() as tx:
        assert waiting_plan(tx, made.hash()) is None


def test_a_saved_plan_is_at_work_from_the_moment_it_is_taken_up(world: CoreWorld) -> None:
    number = save(world, plan())
    with world.store.transaction(ACTOR) as tx:
        taken = resume(tx, plan().hash())
        again = resume(tx, plan().hash())
    assert taken is not None
    assert (taken[0], set(taken[1])) == (number, {step.address for step in plan().steps})
    assert again is None
    assert found(world, number).status == "applying"


def test_a_status_that_there_is_not_is_refused(world: CoreWorld) -> None:
    number = save(world, plan())
    with pytest.raises(DatabaseError), world.store.transaction(ACTOR) as tx:
        set_status(tx, number, "perhaps")


@pytest.mark.parametrize(
    ("value", "rows", "shown"),
    [
        (None, [], None),
        (True, [("boolean", None, "true")], "true"),
        (7, [("integer", None, "7")], "7"),
        (Decimal("1.5"), [("decimal", None, "1.5")], "1.5"),
        (("a, b", "c"), [("string", "a, b", None), ("string", "c", None)], "[a, b, c]"),
        ((), [], "[]"),
        (SecretRef("db", "ab"), [("string", None, None)], "credential/db#ab"),
        (ExternalRef("network", "4711"), [("string", "4711", None)], "network#4711"),
    ],
)
def test_the_values_of_a_change_are_rows_and_a_view_shows_them_to_people(
    world: CoreWorld, value: Any, rows: list[tuple[Any, ...]], shown: str | None
) -> None:
    made = plan()
    change = AttributeChange("labels", value, None, Reason.DRIFT, Mutability.IN_PLACE)
    step = replace(made.steps[0], changes=(change,), parts=(), tags=())
    save(world, replace(made, steps=(step,)))
    found = world.rows(
        "SELECT data_type, value_string, coalesce(value_integer::text, value_decimal::text,"
        " value_boolean::text) FROM plan_step_change_values ORDER BY is_after, ordinal"
    )
    assert found == rows
    assert world.rows("SELECT before, after FROM v_plan_changes") == [(shown, None)]


def test_a_plan_whose_worker_is_dead_is_closed_and_one_whose_worker_lives_is_not(world: CoreWorld) -> None:
    with worker(world.store, "cli"):
        number = save(world, plan(), "applying")
        with world.store.transaction(ACTOR) as tx:
            assert close_abandoned(tx, uuid4()) == 0
    with world.store.transaction(ACTOR) as tx:
        assert close_abandoned(tx, uuid4()) == 1
    assert found(world, number).status == "failed"


def test_what_waits_for_an_approval_is_what_a_loop_saved_not_what_a_person_keeps(world: CoreWorld) -> None:
    save(world, plan(destroys=True), source="fleet")
    with world.store.read() as tx:
        assert levels(tx).waiting_approvals == 0
    number = save(world, plan(destroys=True))
    with world.store.read() as tx:
        assert levels(tx).waiting_approvals == 1
    with world.store.transaction(ACTOR) as tx:
        set_status(tx, number, "expired")
        assert levels(tx).waiting_approvals == 0

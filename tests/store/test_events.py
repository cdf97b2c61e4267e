"""What belongs together in a history: former addresses, parts, approvals, changesets of very many."""

from __future__ import annotations

from uuid import uuid4

import pytest

from reconciler.errors import ConfigurationError
from reconciler.store.database.session import Store
from reconciler.store.history.changes import operations, resources_at
from reconciler.store.history.events import ROOTS, Asked, events
from tests.rigs.tables import Tables, begun

pytestmark = pytest.mark.every_server
world = pytest.fixture(begun)


def test_an_address_is_of_all_that_ever_had_it_and_of_their_parts(world: Tables, store: Store) -> None:
    earlier = world.resource("vm/web-1", "running")
    gone = world.resource("vm/web-1/disk/scsi0", "available", size_gb=10)
    world.run("UPDATE resources SET deleted_at = now() WHERE id = %s", earlier)
    renamed = world.resource("vm/web-1", "stopped", cpu_cores=2)
    world.run("UPDATE resources SET address = 'vm/web-2', name = 'web-2' WHERE id = %s", renamed)
    world.ids["vm/web-2"] = renamed
    disk = world.resource("vm/web-2/disk/scsi0", "available")
    with store.read() as tx:
        assert resources_at(tx, "vm/web-1") == (earlier, gone, renamed, disk)
        assert resources_at(tx, "vm/web-2") == (renamed, disk)
        assert resources_at(tx, "vm/nobody") == ()
        found = events(tx, 50, "vm/web-2", Asked(attribute="cpu_cores"))
    assert [(c.name, c.before, c.after) for event in found for c in event.changes] == [
        ("cpu_cores", None, "2")
    ]


def test_an_approval_counts_for_the_plan_that_used_it_up(world: Tables, store: Store) -> None:
    """One approved a saved plan; an apply planned again, and its plan has the very same step."""
    vm = world.resource("vm/web-1", "running")
    steps = {}
    with world.connection.transaction():
        for which, address in (("approved", "vm/web-1"), ("applied", "vm/web-1"), ("other", "vm/db")):
            plan = world.one("INSERT INTO plans (hash, actor) VALUES (repeat('0', 64), 'bob') RETURNING id")
            steps[which] = world.one(
                "INSERT INTO plan_steps (plan_id, position, address, operation_type_id, endpoint, impact,"
                " summary, hash) SELECT %s, 0, %s, t.id, 'e1', 'online', 's', repeat('1', 64)"
                " FROM operation_types t WHERE t.name = 'update' RETURNING id",
                plan,
                address,
            )
            if which == "approved":
                world.run(
                    "INSERT INTO plan_approvals (uid, plan_id, hash, approved_by, mac)"
                    " VALUES (gen_random_uuid(), %s, repeat('0', 64), 'joe', sha256(''))",
                    plan,
                )
                world.run("UPDATE plan_approvals SET used_at = now()")
    found = {}
    for which, step in steps.items():
        worker, number = uuid4(), uuid4()
        world.run(
            "INSERT INTO workers (id, host, pid, kind, lock_key) SELECT %s, 'h', 1, 'cli', count(*)"
            " FROM workers",
            worker,
        )
        world.run(
            "INSERT INTO resource_operations (id, resource_id, operation_type_id, plan_step_id, worker_id,"
            " claim_epoch, request_hash, actor) SELECT %s, %s, s.operation_type_id, s.id, %s, 1, '', 'ann'"
            " FROM plan_steps s WHERE s.id = %s",
            number,
            vm,
            worker,
            step,
        )
        with store.read() as tx:
            found[which] = operations(tx, [number])[number].approved_by
        world.run(
            "UPDATE resource_operations SET status = 'interrupted', finished_at = now() WHERE id = %s", number
        )
    assert found == {"approved": "joe", "applied": "joe", "other": None}


def test_of_a_changeset_of_many_some_are_told_and_that_there_are_more(world: Tables, store: Store) -> None:
    for number in range(ROOTS + 5):
        world.resource(f"vm/m-{number}", "running", cpu_cores=1)
    with store.read() as tx:
        before = events(tx, 1)
    assert not before[0].more
    world.run("UPDATE resource_attributes SET value_integer = 2")
    with store.read() as tx:
        found = events(tx, ROOTS + 1)
    assert [event.more for event in found] == [True] * ROOTS + [False]
    assert len({event.root for event in found[:ROOTS]}) == ROOTS


def test_a_commit_that_was_never_read_or_is_not_the_only_one_is_refused(world: Tables, store: Store) -> None:
    for commit in ("abc1", "abc2"):
        world.run("UPDATE revisions SET commit_id = %s WHERE id = %s", commit, world.revision())
    with store.read() as tx:
        with pytest.raises(ConfigurationError, match="no revision was read at commit fff"):
            events(tx, 5, None, Asked(commit="fff"))
        with pytest.raises(ConfigurationError, match="beginning of 2 commits"):
            events(tx, 5, None, Asked(commit="abc"))
        assert events(tx, 5, None, Asked(commit="abc1")) == ()


def changed(
    world: Tables, text: str, *params: object, operation: object = "", cause: str = "manifest"
) -> None:
    """What one transaction of the program changed."""
    with world.connection.transaction():
        world.run(
            "SELECT set_config('reconciler.actor', 'a', true), set_config('reconciler.cause', %s, true),"
            " set_config('reconciler.operation', %s, true)",
            cause,
            str(operation),
        )
        world.run(text, *params)


def an_operation(world: Tables, resource: int) -> object:
    worker, number = uuid4(), uuid4()
    world.run(
        "INSERT INTO workers (id, host, pid, kind, lock_key) SELECT %s, 'h', 1, 'cli', count(*) FROM workers",
        worker,
    )
    world.run(
        "INSERT INTO resource_operations (id, resource_id, operation_type_id, worker_id, claim_epoch,"
        " request_hash, actor) SELECT %s, %s, t.id, %s, 1, '', 'ann' FROM operation_types t"
        " WHERE t.name = 'update'",
        number,
        resource,
        worker,
    )
    return number


CORES = "UPDATE resource_attributes SET value_integer = %s WHERE resource_id = %s"


def test_what_stands_at_a_pages_border_is_told_once(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    changed(world, "UPDATE provider_endpoints SET url = 'https://e2'")
    operation = an_operation(world, vm)
    for number in range(5):
        changed(world, CORES, 30 + number, vm, operation=operation, cause="operation")
    with store.read() as tx:
        (moved,) = (event for event in events(tx, 3) if event.root == "endpoint/e1")
    assert [(c.name, c.before, c.after) for c in moved.changes] == [("url", "https://e1", "https://e2")]


def test_an_operation_that_is_longer_than_a_page_is_told_whole(world: Tables, store: Store) -> None:
    vm = world.resource("vm/web-1", "running", cpu_cores=2)
    other = world.resource("vm/db", "running", cpu_cores=2)
    operation = an_operation(world, vm)
    changed(world, CORES, 3, vm, operation=operation, cause="operation")
    for number in range(10):
        changed(world, CORES, 50 + number, other, cause="observation")
    changed(world, CORES, 4, vm, operation=operation, cause="operation")
    with store.read() as tx:
        newest, *_ = events(tx, 2)
    assert [(c.before, c.after) for c in newest.changes] == [("2", "3"), ("3", "4")]


def test_a_commit_that_was_read_dirty_too_is_still_one_commit(world: Tables, store: Store) -> None:
    commit = "a" * 40
    for read_at in (commit, f"{commit}-dirty"):
        world.run(
            "INSERT INTO revisions (source_id, commit_id, content_hash, catalog_hash, actor)"
            " VALUES (%s, %s, sha256(''), sha256(''), 'a')",
            world.source,
            read_at,
        )
    with store.read() as tx:
        assert events(tx, 5, None, Asked(commit=commit)) == ()


def test_a_guard_that_came_with_a_commit_is_found_by_it_over_the_fleet_too(
    world: Tables, store: Store
) -> None:
    vm = world.resource("vm/web-1", "running")
    commit = "b" * 40
    with world.connection.transaction():
        world.run(
            "SELECT set_config('reconciler.actor', 'a', true),"
            " set_config('reconciler.cause', 'manifest', true)"
        )
        world.run(
            "INSERT INTO revisions (source_id, commit_id, content_hash, catalog_hash, actor)"
            " VALUES (%s, %s, sha256(''), sha256(''), 'a')",
            world.source,
            commit,
        )
        world.run("UPDATE resources SET prevent_destroy = true WHERE id = %s", vm)
    with store.read() as tx:
        of_one, of_all = (events(tx, 50, address, Asked(commit=commit)) for address in ("vm/web-1", None))
    assert of_one == of_all
    assert [change.name for event in of_all for change in event.changes] == ["prevent_destroy"]

"""Guards, placement and source are the manifests' word: changed in the database, they are set back."""

from __future__ import annotations

import psycopg
import pytest

from reconciler.model.resource import Lifecycle
from reconciler.store.desired.lifecycles import restore_lifecycles
from tests.rigs.core_world import ACTOR, CoreWorld
from tests.store.test_observations import manage, net

GUARDED = net(lifecycle=Lifecycle(prevent_destroy=True))
BY_HAND = {
    "prevent_destroy": "prevent_destroy = FALSE",
    "on_remove": "on_remove = 'delete'",
    "allow_downtime": "allow_downtime = TRUE",
    "replace": "replace_policy = 'allowed'",
    "create_before_destroy": "create_before_destroy = TRUE",
    "source": "source_id = NULL",
}


def by_hand(world: CoreWorld, change: str) -> None:
    with psycopg.connect(world.database.runtime) as connection:
        connection.execute(f"UPDATE resources SET {change} WHERE address = 'network/a'".encode())  # noqa: S608 - from above


def restore(world: CoreWorld) -> list[tuple[str, str]]:
    with world.store.transaction(ACTOR) as tx:
        return [(str(address), why) for address, why in restore_lifecycles(tx)]


def state(world: CoreWorld) -> list[tuple[object, ...]]:
    return world.rows(
        "SELECT prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy, source_id,"
        " location_id, datacenter_id FROM resources"
    )


@pytest.mark.parametrize("is_wanted", [True, False], ids=["wanted", "removed"])
@pytest.mark.parametrize("name", BY_HAND)
def test_a_change_by_hand_has_history_and_is_set_back(world: CoreWorld, name: str, is_wanted: bool) -> None:
    manage(world, GUARDED)
    before = state(world)
    assert restore(world) == []
    by_hand(world, BY_HAND[name])
    count, cause = world.rows(
        "SELECT count(*), max(cause) FROM resource_history h JOIN changesets s"
        " ON s.changed_at = h.changed_at AND s.id = h.changeset_id WHERE cause = 'manual'"
    )[0]
    assert (count, cause) == (1, "manual")
    if not is_wanted:
        world.revise(complete=True)
    ((address, why),) = restore(world)
    assert address == "network/a"
    assert name in why
    assert state(world) == before
    assert restore(world) == []


def test_a_guard_that_the_manifest_gave_up_is_given_up(world: CoreWorld) -> None:
    manage(world, GUARDED)
    world.revise(net())
    assert restore(world) == []
    assert world.one("SELECT prevent_destroy FROM resources") is False

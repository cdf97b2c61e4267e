"""Sources that are called otherwise, or become one: what they want and what they have goes along."""

from __future__ import annotations

import pytest

from reconciler.errors import PlanError
from reconciler.store.desired.revisions import SourceRow
from reconciler.store.desired.sources import rename
from reconciler.store.recorded.resources import managed_count
from reconciler.store.work.operations import Begun
from tests.rigs.core_world import ACTOR, CoreWorld
from tests.rigs.operations import making, net, took

OLD, NEW = (SourceRow(name, "folder", f"/{name}") for name in ("old", "new"))
OWNERS = """
SELECT d.address, wants.name, has.name
FROM desired_resources AS d
JOIN manifest_sources AS wants ON d.source_id = wants.id
JOIN resources AS r ON d.address = r.address AND r.deleted_at IS NULL
JOIN manifest_sources AS has ON r.source_id = has.id
WHERE d.valid_to_revision IS NULL
ORDER BY d.address
"""


def had_by(world: CoreWorld, source: SourceRow, name: str) -> Begun:
    """A network that the source wants, and whose making has begun."""
    world.revise(net(name), source=source)
    return world.begin(making(net(name)), world.worker())


def renamed(world: CoreWorld, *, join: bool) -> None:
    with world.store.transaction(ACTOR) as tx:
        rename(tx, "old", "new", join=join)


def test_a_source_that_is_called_otherwise_keeps_what_it_wants_and_has(world: CoreWorld) -> None:
    had_by(world, OLD, "a")
    renamed(world, join=False)
    assert world.rows(OWNERS) == [("network/a", "new", "new")]


def test_two_sources_that_become_one_have_together_what_each_had(world: CoreWorld) -> None:
    had_by(world, OLD, "a")
    had_by(world, NEW, "b")
    with pytest.raises(PlanError, match="there is a source new already"):
        renamed(world, join=False)
    assert world.rows(OWNERS) == [("network/a", "old", "old"), ("network/b", "new", "new")]
    renamed(world, join=True)
    assert world.rows(OWNERS) == [("network/a", "new", "new"), ("network/b", "new", "new")]


def test_what_is_managed_is_counted_for_the_sources_that_are_asked_for(world: CoreWorld) -> None:
    begun = [had_by(world, source, name) for source, name in ((OLD, "a"), (NEW, "b"), (NEW, "c"))]
    with world.store.read() as tx:
        assert managed_count(tx) == 0, "none of them has an object yet"
    for number, each in enumerate(begun):
        took(world, each, f"ext-{number}")
    with world.store.read() as tx:
        counted = [managed_count(tx, sources) for sources in (None, ["old"], {"new"}, ("old", "new"), ())]
    assert counted == [3, 1, 2, 3, 0]

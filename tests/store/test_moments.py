"""What a person says of the past, and the mark that it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import ConfigurationError
from reconciler.model.address import Address
from reconciler.store.history.marks import Kind, Mark, mark_by_id, take_mark
from reconciler.store.history.moments import past_mark
from reconciler.store.work.pauses import hold
from tests.rigs.core import want
from tests.rigs.core_world import ACTOR, CoreWorld, revise

COMMIT = "3f2a1c9" + "0" * 33


def revision(world: CoreWorld, name: str, commit: str | None = None) -> int:
    with world.store.transaction(ACTOR) as tx:
        change = revise(tx, [want(f"network/{name}", ip_range="10.0.0.0/16")], commit=commit)
    return change.id


def taken(world: CoreWorld, kind: Kind, revision: int | None = None) -> Mark:
    number = take_mark(world.store, "ada", kind, revision)
    with world.store.read() as tx:
        return mark_by_id(tx, number)


def meant(world: CoreWorld, text: str, now: datetime | None = None) -> Mark:
    with world.store.read() as tx:
        return past_mark(tx, text, now or datetime.now(UTC))


def refused(world: CoreWorld, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        meant(world, text)
    return str(caught.value)


def test_a_time_means_the_last_mark_not_after_it(world: CoreWorld) -> None:
    first, second = taken(world, "hand"), taken(world, "hand")
    assert meant(world, "now") == second
    assert meant(world, f"{second.taken_at:%a %Y-%m-%d %H:%M:%S.%f} UTC") == second
    assert meant(world, (second.taken_at - timedelta(microseconds=1)).isoformat()) == first
    assert meant(world, "2h", second.taken_at + timedelta(hours=2)) == second
    assert f"the first mark is of {first.taken_at:%Y-%m-%d}" in refused(world, "2001-01-01")
    assert meant(world, f"mark/{first.id}") == first
    assert "no mark 999" in refused(world, "mark/999")


def test_before_the_first_mark_nothing_is_known(world: CoreWorld) -> None:
    assert "there is no mark yet" in refused(world, "now")


def test_a_revision_and_a_commit_mean_the_end_of_their_last_apply(world: CoreWorld) -> None:
    one = revision(world, "a", COMMIT)
    read = taken(world, "revision", one)
    assert meant(world, f"revision/{one}") == meant(world, COMMIT[:7]) == read
    assert (
        taken(world, "apply", one).id > read.id
    )  # also where it changed nothing: a mark that says whose it is
    with world.store.transaction(ACTOR) as tx:
        hold(tx, "ada", "so that something changed", address=Address.parse("network/a"))
    looked = taken(world, "change")  # by the daemon's heartbeat, before the apply ended
    applied = taken(world, "apply", one)
    assert applied.id > looked.id > read.id
    assert taken(world, "apply", one) == applied
    assert meant(world, f"r{one}") == meant(world, COMMIT) == applied
    assert applied.commit == COMMIT
    assert "no manifests of a commit abcdef0 were ever read" in refused(world, "abcdef0")
    assert "there is no mark of revision 999" in refused(world, "r999")


def test_what_was_read_beside_a_commit_is_not_what_it_says(world: CoreWorld) -> None:
    dirty = revision(world, "a", f"{COMMIT}-dirty")
    taken(world, "revision", dirty)
    assert meant(world, COMMIT[:7]).revision == dirty  # there is nothing else
    clean = revision(world, "b", COMMIT)
    taken(world, "revision", clean)
    taken(world, "revision", revision(world, "c", f"{COMMIT}-dirty"))
    assert meant(world, COMMIT[:7]).revision == clean


def test_the_beginning_of_several_commits_is_refused(world: CoreWorld) -> None:
    for end in "12":
        taken(world, "revision", revision(world, f"a{end}", f"3f2a1c9{end * 33}"))
    assert "3f2a1c9 is the beginning of 2 commits" in refused(world, "3f2a1c9")
    assert meant(world, "3f2a1c92").commit == "3f2a1c9" + "2" * 33


def test_a_revision_without_a_mark_is_not_taken_for_the_next_ones_apply(world: CoreWorld) -> None:
    """A process was killed between the revision and its mark, and the next one went on from there."""
    unmarked, following = revision(world, "a"), revision(world, "b")
    read = taken(world, "revision", following)
    with world.store.transaction(ACTOR) as tx:
        hold(tx, "ada", "so that something changed", address=Address.parse("network/a"))
    applied = taken(world, "apply", following)
    assert meant(world, f"revision/{unmarked}") == read
    assert meant(world, f"revision/{following}") == applied

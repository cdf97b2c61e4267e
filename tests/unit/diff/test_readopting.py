"""What is taken back after a restoring, and what is not: only where nothing else could be meant."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from reconciler.diff.identity import Row
from reconciler.diff.readopting import (
    Holder,
    Known,
    Readoption,
    Wanted,
    carried_twice,
    marked_strangers,
    readoptable,
    without_twins,
)
from reconciler.model.address import Address
from reconciler.model.observation import Observation
from reconciler.model.resource import Management, Observed, Presence
from tests.rigs.core import OWNER, uid
from tests.rigs.manifest import catalog
from tests.unit.diff.test_identity import STRANGER, marked, row, seen

NEW = Address.parse("network/new")
GONE = replace(row("old", presence=Presence.ABSENT), id=5)
STRAY = replace(row("made", management=Management.QUARANTINED, stray=True, uid=UUID(int=9)), id=9)


def known(*rows: Row, wanted: tuple[str, ...] = ("new",), **more: object) -> Known:
    named = tuple(Wanted(Address.of("network", name), "network", name) for name in wanted)
    plain = Known(rows, named, {}, {each.uid for each in rows})
    return replace(plain, **more)  # type: ignore[arg-type]


def decided(*objects: Observed, of: Known) -> tuple[list[Readoption], list[str]]:
    observation = Observation(objects)
    strangers = marked_strangers(observation, of.rows, OWNER, "hetzner", catalog())
    taken, kept = readoptable(strangers, observation, of)
    return taken, [item.why for item in kept]


def test_one_object_for_one_manifest_is_taken_back_with_the_row_it_was_kept_under() -> None:
    made = seen("made", marked("whatever"), "new")
    assert decided(made, of=known(STRAY)) == ([Readoption(made, NEW, None, None, 9)], [])
    assert decided(made, of=known()) == ([Readoption(made, NEW, None, None, None)], [])


def test_what_replaced_a_recorded_object_is_that_resources_again() -> None:
    made = seen("made", marked("old"), "old")
    assert decided(made, of=known(GONE)) == ([Readoption(made, GONE.address, 5, None, None)], [])


def test_a_recorded_object_that_is_there_or_unseen_keeps_its_place() -> None:
    made = seen("made", marked("old"), "old")
    for presence in (Presence.PRESENT, Presence.UNKNOWN):
        taken, why = decided(made, of=known(replace(GONE, presence=presence)))
        assert taken == []
        assert "there or unseen" in why[0]
    for doubtful in ({"fresh": True}, {"management": Management.QUARANTINED}):
        assert decided(made, of=known(replace(GONE, **doubtful)))[0] == []


def test_what_has_an_address_gives_way_only_if_it_is_gone() -> None:
    made = seen("made", marked("whatever"), "new")
    gone = known(holders={NEW: Holder(3, Presence.ABSENT)})
    assert decided(made, of=gone) == ([Readoption(made, NEW, None, 3, None)], [])
    for presence in (Presence.PRESENT, Presence.UNKNOWN):
        assert decided(made, of=known(holders={NEW: Holder(3, presence)}))[0] == []


def test_in_doubt_nothing_is_taken_back() -> None:
    made, copy = seen("made", marked("whatever"), "new"), seen("copy", marked("whatever"), "else")
    namesake = seen("namesake", marked("another"), "new")
    assert decided(made, of=known(wanted=())) == ([], ["no manifest wants an object of that name"])
    assert decided(made, of=known(wanted=("new", "new")))[1] == ["several manifests want that name"]
    assert decided(made, copy, of=known())[1] == ["another object carries the very same mark"] * 2
    assert (
        decided(made, namesake, of=known())[1] == ["another one of that name carries a mark of ours too"] * 2
    )
    deleted = known(uids={uid("network/whatever")})
    assert decided(made, of=deleted)[1] == ["its mark is of a resource that was deleted, or is elsewhere"]


def test_what_another_endpoint_has_with_the_same_mark_is_in_doubt_at_both() -> None:
    ours, copy, other = (
        seen("made", marked("whatever"), "new"),
        seen("copy", marked("whatever"), "else"),
        seen("other", marked("other"), "new"),
    )
    assert carried_twice([ours, other]) == frozenset()
    twice = carried_twice([ours, other, copy])
    assert twice == {uid("network/whatever")}
    taken = [Readoption(item, NEW, None, None, None) for item in (ours, other)]
    left, kept = without_twins(taken, twice)
    assert [item.observed for item in left] == [other]
    assert [(item.observed, item.why) for item in kept] == [
        (ours, "another object carries the very same mark")
    ]


def test_what_is_not_marked_by_us_or_is_known_is_no_matter_of_this() -> None:
    others = (
        seen("a", marked("new", STRANGER), "new"),
        seen("b", None, "new"),
        seen("old", marked("old"), "old"),
    )
    assert decided(*others, of=known(row("old"))) == ([], [])
    let_go = row("kept", management=Management.UNMANAGED)
    assert decided(seen("kept", marked("kept"), "new"), of=known(let_go)) == ([], [])

"""Whose is what was seen, and what may be concluded from what was not: the careful part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.identity import Identified, Row, identify
from reconciler.model.address import Address
from reconciler.model.observation import Observation, Unseen
from reconciler.model.resource import Management, Mark, Observed, Presence
from tests.rigs.core import OWNER, uid
from tests.rigs.manifest import catalog

STRANGER = UUID("99999999-0000-4000-8000-000000000000")
NETWORKS = frozenset({"network"})


def row(name: str, external_id: str | None = "", **more: object) -> Row:
    """A managed network of ours; its external id is its name, unless told otherwise."""
    address = Address.of("network", name)
    found = name if external_id == "" else external_id
    plain = Row(
        1, uid(address), "network", found, address, Management.MANAGED, Presence.PRESENT, "available", b"h"
    )
    return replace(plain, id=abs(hash(name)), **more)  # type: ignore[arg-type]


def seen(external_id: str, mark: Mark | None = None, name: str | None = None) -> Observed:
    return Observed("network", external_id, name or external_id, "available", {}, mark=mark)


def marked(name: str, owner: UUID = OWNER) -> Mark:
    return Mark(owner, uid(f"network/{name}"))


def look(
    resources: Iterable[Observed] = (),
    rows: Iterable[Row] = (),
    *,
    complete: frozenset[str] = NETWORKS,
    absent: Iterable[str] = (),
    unseen: Iterable[str | None] = (),
    accept_empty: bool = False,
    login: str | None = None,
) -> Identified:
    observation = Observation(
        resources=tuple(resources),
        complete=complete,
        absent=frozenset(("network", external_id) for external_id in absent),
        unseen=tuple(Unseen("network", external_id, "no answer") for external_id in unseen),
    )
    return identify(observation, rows, OWNER, "hetzner", catalog(), accept_empty=accept_empty, login=login)


def whose(found: Identified) -> list[Management]:
    return [match.management for match in found.matches]


def test_an_object_is_ours_by_its_row_and_its_mark_together() -> None:
    found = look([seen("a", marked("a"))], [row("a")])
    assert whose(found) == [Management.MANAGED]
    assert (found.gone, found.unknown, found.trouble) == ([], [], None)


def test_an_object_that_lost_our_mark_is_quarantined() -> None:
    assert whose(look([seen("a")], [row("a")])) == [Management.QUARANTINED]


def test_an_object_with_anothers_mark_is_quarantined_though_its_id_is_in_our_books() -> None:
    assert whose(look([seen("a", marked("a", STRANGER))], [row("a")])) == [Management.QUARANTINED]


def test_an_object_with_the_mark_of_another_of_our_rows_is_quarantined() -> None:
    assert whose(look([seen("a", marked("b"))], [row("a"), row("b")]))[0] is Management.QUARANTINED


def test_a_row_that_never_learnt_its_objects_id_finds_it_by_the_mark() -> None:
    waiting = row("a", None, presence=Presence.ABSENT)
    (match,) = look([seen("4711", marked("a"))], [waiting]).matches
    assert (match.row, match.management) == (waiting, Management.MANAGED)


def test_a_mark_is_worth_nothing_on_an_object_of_another_type() -> None:
    found = look([replace(seen("4711", marked("a")), type="firewall")], [row("a", None)])
    (match,) = found.matches
    assert (match.row, match.management) == (None, Management.QUARANTINED)


def test_two_objects_with_one_mark_are_both_quarantined_while_the_id_is_not_known() -> None:
    found = look([seen("1", marked("a")), seen("2", marked("a"))], [row("a", None)])
    assert [(match.row, match.management) for match in found.matches] == [(None, Management.QUARANTINED)] * 2


def test_a_copy_of_our_object_is_quarantined_and_the_original_stays_ours() -> None:
    found = look([seen("a", marked("a")), seen("copy", marked("a"))], [row("a")])
    assert whose(found) == [Management.MANAGED, Management.QUARANTINED]
    assert found.matches[1].row is None


def test_our_mark_without_a_row_is_quarantined_and_anothers_is_left_alone() -> None:
    found = look([seen("x", marked("x")), seen("y", marked("y", STRANGER)), seen("z")])
    assert whose(found) == [Management.QUARANTINED, Management.UNMANAGED, Management.UNMANAGED]


def test_what_was_let_go_stays_so_whatever_it_carries() -> None:
    given = [row("a", management=Management.UNMANAGED)]
    assert whose(look([seen("a", marked("a"))], given)) == [Management.UNMANAGED]


def test_a_quarantine_is_over_when_owner_resource_and_id_agree_again() -> None:
    given = [row("a", management=Management.QUARANTINED)]
    assert whose(look([seen("a", marked("a"))], given)) == [Management.MANAGED]
    for other in (None, marked("a", STRANGER), marked("b")):
        assert whose(look([seen("a", other)], given)) == [Management.QUARANTINED]
    elsewhere = look([seen("z", marked("a"))], given)
    assert whose(elsewhere) == [Management.QUARANTINED], "the id is not the one in our books"


def test_what_only_carried_a_copy_of_our_mark_is_nobodys_again_once_that_is_off() -> None:
    copy = row("copy", management=Management.QUARANTINED, stray=True)
    assert whose(look([seen("copy", marked("a"))], [copy])) == [Management.QUARANTINED]
    for other in (None, marked("a", STRANGER)):
        assert whose(look([seen("copy", other)], [copy])) == [Management.UNMANAGED]


def test_what_has_a_key_of_its_own_is_ours_without_its_mark_but_not_with_anothers() -> None:
    def pool(mark: Mark | None, management: Management) -> list[Management]:
        there = replace(seen("a", mark), type="pool")
        known = row("a", type="pool", management=management)
        observation = Observation((there,), frozenset({"pool"}))
        return whose(identify(observation, [known], OWNER, "proxmox", catalog()))

    for management in (Management.MANAGED, Management.QUARANTINED):
        assert pool(None, management) == [Management.MANAGED]
        assert pool(marked("a", STRANGER), management) == [Management.QUARANTINED]
    assert pool(None, Management.UNMANAGED) == [Management.UNMANAGED]


def test_a_name_alone_never_makes_an_object_ours() -> None:
    found = look([seen("4711", None, name="a")], [row("a", None)])
    (match,) = found.matches
    assert (match.row, match.management) == (None, Management.UNMANAGED)


OWNERS = st.sampled_from([OWNER, STRANGER])
MARKS = st.one_of(st.none(), st.builds(lambda n, o: marked(n, o), st.sampled_from("abc"), OWNERS))
OBJECTS = st.lists(st.builds(seen, st.sampled_from("abcde"), MARKS), unique_by=lambda item: item.external_id)
ROWS = st.lists(
    st.builds(
        lambda n, known, management, fresh: row(n, "" if known else None, management=management, fresh=fresh),
        st.sampled_from("abc"),
        st.booleans(),
        st.sampled_from(Management),
        st.booleans(),
    ),
    unique_by=lambda item: item.address,
)


@given(OBJECTS, ROWS)
def test_identity_never_matches_anothers_mark(objects: list[Observed], rows: list[Row]) -> None:
    for match in look(objects, rows).matches:
        if match.management is Management.MANAGED:
            assert match.row is not None
            assert match.observed.mark == Mark(OWNER, match.row.uid)


@given(OBJECTS, ROWS)
def test_no_row_has_two_objects_and_every_object_is_somewhere(
    objects: list[Observed], rows: list[Row]
) -> None:
    found = look(objects, rows)
    assert [match.observed for match in found.matches] == objects
    matched = [match.row.id for match in found.matches if match.row is not None]
    assert len(matched) == len(set(matched))


@given(
    OBJECTS,
    ROWS,
    st.sampled_from([NETWORKS, frozenset()]),
    st.lists(st.sampled_from(["a", "b", None]), max_size=2),
    st.lists(st.sampled_from("abc"), max_size=2),
)
def test_absence_comes_only_from_a_complete_and_anchored_look_or_a_denial(
    objects: list[Observed],
    rows: list[Row],
    complete: frozenset[str],
    unseen: list[str | None],
    denied: list[str],
) -> None:
    found = look(objects, rows, complete=complete, unseen=unseen, absent=denied)
    anchored = Management.MANAGED in whose(found)
    shown = {item.external_id for item in objects}
    for gone in found.gone:
        assert gone.external_id is not None
        assert gone.external_id not in shown
        assert not gone.fresh
        if gone.external_id not in denied:
            assert complete == NETWORKS
            assert None not in unseen
            assert gone.external_id not in unseen
            assert anchored or gone.management is Management.UNMANAGED
    assert not {item.id for item in found.gone} & {item.id for item in found.unknown}


def test_an_empty_answer_is_unknown_and_says_so() -> None:
    found = look([], [row("a"), row("b")])
    assert (found.gone, len(found.unknown)) == ([], 2)
    assert found.trouble is not None
    assert "unknown" in found.trouble


def test_what_was_seen_to_be_gone_does_not_come_into_doubt_by_an_empty_answer() -> None:
    """The last object of an endpoint that is replaced leaves it empty for a moment."""
    found = look([], [row("a", presence=Presence.ABSENT)])
    assert (found.gone, found.unknown, found.trouble) == ([], [], None)


def test_an_empty_answer_counts_once_a_person_has_confirmed_it() -> None:
    found = look([], [row("a")], accept_empty=True)
    assert [item.address.name for item in found.gone] == ["a"]


def test_strangers_do_not_anchor_a_look() -> None:
    """Another project's token shows objects too, but none of ours."""
    found = look([seen("x"), seen("y", marked("y", STRANGER))], [row("a")])
    assert (found.gone, len(found.unknown)) == ([], 1)


def test_what_was_seen_of_one_type_says_nothing_of_another() -> None:
    machine = row("web", "web", type="vm")
    found = look([seen("a", marked("a"))], [row("a"), machine], complete=frozenset({"network", "vm"}))
    assert (found.gone, found.unknown) == ([], [machine])
    assert found.trouble is not None


def test_one_of_ours_anchors_a_complete_look() -> None:
    found = look([seen("a", marked("a"))], [row("a"), row("b")])
    assert [item.address.name for item in found.gone] == ["b"]


def test_a_list_that_is_not_complete_shows_no_absence_but_leaves_it_open() -> None:
    found = look([seen("a", marked("a"))], [row("a"), row("b")], complete=frozenset(), unseen=[None])
    assert (found.gone, [item.address.name for item in found.unknown]) == ([], ["b"])


def test_an_object_that_is_denied_is_gone() -> None:
    found = look([], [row("a")], complete=frozenset(), absent=["a"])
    assert [item.address.name for item in found.gone] == ["a"]


def test_what_may_have_been_made_is_absent_once_a_complete_look_does_not_show_it() -> None:
    """Where the login that was to make it coverage, or one that sees something of ours: no other can tell."""
    doubtful = replace(row("a", None, presence=Presence.UNKNOWN), sent_by="ada")
    assert look([], [doubtful], login="ada").gone == [doubtful]
    assert look([seen("b", marked("b"))], [doubtful, row("b")], login="bob").gone == [doubtful]
    assert look([], [doubtful], login="bob", accept_empty=True).gone == [doubtful]
    for other in ("bob", None):
        found = look([], [doubtful], login=other)
        assert (found.gone, found.unknown) == ([], [doubtful])
        assert "may have been made" in (found.trouble or "")
    assert look([seen("4711", marked("a"))], [doubtful], login="ada").gone == []
    assert look([], [doubtful], login="ada", complete=frozenset(), unseen=[None]).unknown == [doubtful]
    never_made = row("a", None, presence=Presence.ABSENT)
    assert look([], [never_made]).gone == []


def test_a_row_that_is_newer_than_the_look_is_left_alone() -> None:
    found = look([seen("a", marked("a"))], [row("a"), row("b", fresh=True), row("c", None)])
    assert (found.gone, found.unknown) == ([], [])


def test_a_type_without_marks_is_known_by_its_id_alone() -> None:
    logical = row("web", "u1", type="service")
    observed = Observed("service", "u1", "web", "available", {})
    found = identify(Observation(resources=(observed,)), [logical], OWNER, "logical", catalog())
    assert whose(found) == [Management.MANAGED]

"""Sentences of what happened, made of rows: what is said, in which units, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reconciler.report.history import event_sentence, history_table, is_told, when_text
from reconciler.report.history_phrases import human
from reconciler.store.history.changes import Change, Changeset, OperationFacts
from reconciler.store.history.events import Event

AT = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)  # a Tuesday
OPERATION = UUID(int=1)


def change(name: str, before: str | None, after: str | None, **more: Any) -> Change:
    known = {
        "what": "attribute",
        "label": None,
        "unit": None,
        "cardinality": "one",
        "is_secret": False,
        "is_bookkeeping": False,
        "action": "update",
        "ordinal": 0,
        "address": "vm/web-1",
        "resource_id": 1,
        "change": 1,
    }
    return Change(name=name, before=before, after=after, changed_at=AT, changeset_id=1, **(known | more))


MEMORY = change("memory_mb", "8192", "6144", label="Memory", unit="MiB")


def made(**more: Any) -> Changeset:
    known: dict[str, Any] = {
        "actor": "daemon@host",
        "db_user": "reconciler_runtime",
        "reason": "change",
        "cause": "operation",
        "operation_id": OPERATION,
        "revision_id": 7,
        "commit": "3f2a1c0d9e8f",
        "author": "Jane Doe <jane@example.com>",
        "message": "Less memory\n\nIt was idle.",
    }
    return Changeset(id=1, changed_at=AT, **(known | more))


def operation(**more: Any) -> OperationFacts:
    known: dict[str, Any] = {
        "action": "update",
        "status": "done",
        "error_message": None,
        "reason": "manifest",
        "worker_kind": "daemon",
        "plan_id": 3,
        "approved_by": None,
        "interruption": None,
        "seconds": None,
    }
    return OperationFacts(id=OPERATION, **(known | more))


def event(*changes: Change, by: Changeset | None = None, of: OperationFacts | None = None) -> Event:
    return Event("vm/web-1", (by or made(),), of, changes)


LOOK = made(cause="observation", reason="a look", operation_id=None, commit=None, author=None, message=None)
PROMPT = made(
    cause="manual",
    reason=None,
    operation_id=None,
    commit=None,
    author=None,
    message=None,
    actor="eve",
    db_user="eve",
)


def test_an_operation_says_what_whose_why_and_what_it_cost() -> None:
    done = operation(approved_by="joe", interruption="restarted", seconds=38.2)
    assert event_sentence(event(MEMORY, of=done)) == (
        "memory 8 → 6 GiB, Jane Doe, 'Less memory', commit 3f2a1c0, approved by joe, restarted 38 s"
    )
    by_hand = event(MEMORY, by=made(author=None, message=None), of=operation(worker_kind="cli"))
    assert event_sentence(by_hand) == "memory 8 → 6 GiB, commit 3f2a1c0, by daemon@host"
    typed = event(MEMORY, by=made(actor="ann"), of=operation(worker_kind="cli"))
    assert event_sentence(typed).endswith("commit 3f2a1c0, applied by ann")
    left_off = event(MEMORY, of=operation(interruption="stopped"))
    assert event_sentence(left_off).endswith("commit 3f2a1c0, stopped")


def test_what_others_did_says_where() -> None:
    assert event_sentence(event(MEMORY, by=LOOK)) == "memory 8 → 6 GiB at the provider, seen by a look"
    assert event_sentence(event(MEMORY, by=PROMPT)) == "memory 8 → 6 GiB, by eve at a SQL prompt"
    claimed = event(
        MEMORY, by=made(cause="manual", reason=None, author=None, commit=None, actor="bob", db_user="eve")
    )
    assert event_sentence(claimed) == "memory 8 → 6 GiB, by eve at a SQL prompt, as bob"
    healed = event(MEMORY, of=operation(reason="drift"))
    assert event_sentence(healed) == "memory 8 → 6 GiB, set right after drift, by daemon@host"


def test_what_failed_says_so() -> None:
    failed = operation(status="failed", error_message="no room on node pve-2\nmore")
    assert event_sentence(event(of=failed)).startswith("update failed: no room on node pve-2, Jane Doe")
    assert is_told(event(of=failed))


def test_bookkeeping_is_nothing_to_say() -> None:
    digest = change("config_digest", "a", "b", is_bookkeeping=True)
    assert not is_told(event(digest, by=LOOK))
    assert event_sentence(event(digest, MEMORY, by=LOOK)).startswith("memory 8 → 6 GiB at the provider")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([change("size_gb", "10", "20", label="Size", unit="GiB", address="vm/web-1/disk/scsi0")],
         "disk scsi0 size 10 → 20 GiB"),
        ([change("cpu_cores", "2", "4", label="Cpu cores", unit="cores")], "cpu cores 2 → 4"),
        ([change("mac", "a", "b", label="MAC address")], "MAC address a → b"),
        ([change("description", None, "new")], "description new"),
        ([change("description", "old", None)], "description old → none"),
        ([change("cores", "1", "2"), change("cores", "2", "1", change=2)], ""),
        ([change("env", "prod", None, what="tag", action="delete"),
          change("env", None, "test", what="tag", action="insert")], "tag env prod → test"),
        ([change("env", None, "", what="tag", action="insert")], "tag env added"),
        ([change("env", "prod", None, what="tag", action="delete")], "tag env=prod removed"),
        ([change("servers", "a", "b", cardinality="list"),
          change("servers", "b", None, cardinality="list", ordinal=1)], "servers \N{MINUS SIGN}a"),
        ([change("servers", "a", "b", cardinality="list"),
          change("servers", "b", "a", cardinality="list", ordinal=1)], "servers in another order"),
        ([change("password", "credential/a#1", "credential/a#2", is_secret=True)],
         "password another value of credential/a"),
        ([change("depends_on", None, "vm/db", what="relationship")], "now depends on vm/db"),
        ([change("network", None, "network/n", label="Network"),
          change("connected_to", None, "network/n", what="relationship")], "network network/n"),
        ([change("presence", "present", "absent", what="resource")], "gone"),
        ([change("address", "vm/web-0", "vm/web-1", what="resource"),
          change("name", "web-0", "web-1", what="resource")], "renamed from vm/web-0"),
        ([change("prevent_destroy", "true", "false", what="resource")],
         "no longer guarded against destruction"),
        ([change("recorded", None, "managed", what="resource", address="vm/web-1/disk/scsi1"),
          change("size_gb", None, "20", label="Size", unit="GiB", address="vm/web-1/disk/scsi1")],
         "disk scsi1 added (size 20 GiB)"),
        ([change("deleted", None, "2026", what="resource", address="vm/web-1/disk/scsi1")],
         "disk scsi1 removed"),
        ([change("state", "running", "stopped", what="state"), change("power_state", "running", "stopped")],
         "power state running → stopped"),
        ([change("state", "running", "missing", what="state")], "running → missing"),
    ],
)  # fmt: skip
def test_changes_are_said_in_few_words(changes: list[Change], said: str) -> None:
    quiet = made(cause="maintenance", author=None, commit=None, message=None, operation_id=None)
    whole = event_sentence(event(*changes, by=quiet))
    assert whole == ", ".join(filter(None, (said, "by daemon@host")))


def test_a_new_object_is_one_phrase_with_its_sizes() -> None:
    new = [
        change("recorded", None, "managed", what="resource", action="insert"),
        change("memory_mb", None, "4096", label="Memory", unit="MiB", action="insert"),
        change("image", None, "debian-12", action="insert"),
    ]
    assert event_sentence(event(*new, of=operation(action="create"))).startswith(
        "created (memory 4 GiB), Jane Doe"
    )


NEW = (
    change("recorded", None, "unmanaged", what="resource", action="insert"),
    change("memory_mb", None, "4096", label="Memory", unit="MiB", action="insert"),
)
NEW_DISK = change("recorded", None, "unmanaged", what="resource", address="vm/web-1/disk/scsi0")


def test_a_first_look_does_not_say_when_or_where_an_object_was_made() -> None:
    whole = event(*NEW, NEW_DISK, by=LOOK)
    assert event_sentence(whole) == "seen for the first time (memory 4 GiB), seen by a look"
    assert event_sentence(whole, "vm/web-1/disk/scsi0") == (
        "vm/web-1 seen for the first time (memory 4 GiB), seen by a look"
    )
    later = event(NEW_DISK, by=LOOK)
    assert event_sentence(later) == "disk scsi0 added at the provider, seen by a look"


def test_what_is_taken_back_is_recorded_and_says_why() -> None:
    back = replace(PROMPT, reason="taken back: it carries our mark", actor="ann")
    assert event_sentence(event(*NEW, NEW_DISK, by=back)) == (
        "recorded (memory 4 GiB), taken back: it carries our mark, by ann"
    )


@pytest.mark.parametrize(
    ("action", "word"),
    [("create", "created"), ("delete", "deleted"), ("replace", "replaced"), ("adopt", "taken over"),
     ("forget", "forgotten")],
)  # fmt: skip
def test_an_operation_has_the_word_that_a_plan_has(action: str, word: str) -> None:
    assert event_sentence(event(of=operation(action=action))).startswith(f"{word}, Jane Doe")


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (119, "119 s"), (149, "2 min 29 s")])
def test_an_interruption_is_told_to_the_second(seconds: float, said: str) -> None:
    stopped = operation(interruption="stopped", seconds=seconds)
    assert event_sentence(event(MEMORY, of=stopped)).endswith(f"stopped {said}")


def test_many_changes_are_not_all_named() -> None:
    many = [change(f"option_{n}", "a", "b", change=n) for n in range(9)]
    said = event_sentence(event(*many, by=LOOK))
    assert said.startswith("option 0 a → b, ")
    assert said.endswith(", 4 more at the provider, seen by a look")
    assert "option 5" not in said


def test_a_part_that_is_asked_for_is_not_named_again() -> None:
    size = change("size_gb", "10", "20", label="Size", unit="GiB", address="vm/web-1/disk/scsi0")
    assert event_sentence(event(size, by=LOOK), "vm/web-1/disk/scsi0").startswith("size 10 → 20 GiB")


@pytest.mark.parametrize(
    ("before", "after", "unit", "shown"),
    [
        ("8192", "6144", "MiB", ("8", "6", "GiB")),
        ("8192", "6145", "MiB", ("8192", "6145", "MiB")),
        (None, "1048576", "MiB", (None, "1", "TiB")),
        ("0", "2048", "MiB", ("0", "2", "GiB")),
        ("0", "0", "MiB", ("0", "0", "MiB")),
        ("21990232555520", None, "bytes", ("20", None, "TiB")),
        ("40", "80", "GB", ("40", "80", "GB")),
    ],
)
def test_sizes_are_in_the_greatest_unit_that_fits(
    before: str | None, after: str | None, unit: str, shown: tuple[str | None, str | None, str]
) -> None:
    assert human(before, after, unit) == shown


def test_a_time_of_this_week_is_a_day_and_an_hour() -> None:
    assert when_text(AT, AT + timedelta(hours=3)) == "Tue 14:02"
    assert when_text(AT, AT + timedelta(days=9)) == "2026-11-24 14:02"
    (row,) = history_table([event(MEMORY, by=LOOK)], None, 0, AT).rows
    assert row == ("Tue 14:02", "vm/web-1: memory 8 → 6 GiB at the provider, seen by a look")

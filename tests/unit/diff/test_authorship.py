"""Which tasks explain what a look found: nobody is named who may not have done it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.diff.authorship import authorships
from reconciler.model.task_log import Happening, LoggedTask, TaskLog

WEB = ("vm", "101")
BEGIN = datetime(2026, 11, 1, 14, 0, tzinfo=UTC)
STOPPED, STARTED = Happening.STOPPED, Happening.STARTED


def task(user: str, minute: int, *causes: Happening, **more: object) -> LoggedTask:
    began = BEGIN + timedelta(minutes=minute)
    made = LoggedTask(
        *WEB,
        f"{user}-{minute}",
        "a-task",
        user,
        began,
        began + timedelta(seconds=1),
        True,
        False,
        frozenset(causes),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def found(happening: Happening, *tasks: LoggedTask, missing: tuple[str, ...] = ()) -> list[tuple[str, bool]]:
    """Who may have done it, and whether that is sure."""
    by = authorships({WEB: frozenset({happening})}, TaskLog(tasks, missing))
    return [(item.by.user, item.is_sure) for item in by.get(WEB, ())]


def test_one_users_task_is_sure_and_of_several_it_was_one() -> None:
    assert found(STOPPED, task("jane", 1, STOPPED)) == [("jane", True)]
    assert found(STOPPED, task("jane", 1, STOPPED), task("joe", 2, STOPPED)) == [
        ("jane", True),
        ("joe", True),
    ]
    assert found(STOPPED) == []


@pytest.mark.parametrize(
    ("tasks", "missing"),
    [
        ([task("jane", 1, STOPPED)], ("a node is offline",)),
        ([task("jane", 1, STOPPED, succeeded=False)], ()),
        ([task("jane", 1, STOPPED, ended_at=None)], ()),
        ([task("us", 0, STOPPED, ours=True), task("jane", 1, STOPPED)], ()),
    ],
)
def test_what_else_may_have_done_it_leaves_it_unsure(
    tasks: list[LoggedTask], missing: tuple[str, ...]
) -> None:
    assert found(STOPPED, *tasks, missing=missing) == [("jane", False)]


def test_a_task_that_failed_may_have_done_it_beside_one_that_did_not() -> None:
    failed = task("jane", 1, STOPPED, succeeded=False)
    assert found(STOPPED, failed, task("joe", 2, STOPPED)) == [("jane", True), ("joe", True)]


def test_what_was_undone_since_is_not_what_was_found() -> None:
    story = [task("jane", 1, STOPPED), task("joe", 2, STARTED)]
    assert found(STOPPED, *story) == [], "it went off by itself later, and nobody is named for it"
    assert found(STOPPED, *story, task("root", 3, STOPPED)) == [("root", True)]
    undone_in_vain = [task("jane", 1, STOPPED), task("joe", 2, STARTED, succeeded=False)]
    assert found(STOPPED, *undone_in_vain) == [("jane", True)]
    made_anew = [task("jane", 1, Happening.VANISHED), task("joe", 2, Happening.APPEARED)]
    assert found(Happening.VANISHED, *made_anew) == [("jane", True)]
    assert found(Happening.APPEARED, *made_anew) == [("joe", True)]


def test_two_of_the_same_second_are_not_put_in_order() -> None:
    same = [task("jane", 1, STOPPED), task("joe", 1, STARTED)]
    assert found(STOPPED, *same) == [("jane", True)]
    assert found(STARTED, *same) == [("joe", True)]


def test_a_change_can_always_be_made_without_a_task() -> None:
    changed = Happening.CHANGED
    assert found(changed, task("jane", 1, changed)) == [("jane", False)]
    assert found(changed, task("us", 1, changed, ours=True)) == []


def test_what_fits_another_object_or_another_happening_explains_nothing() -> None:
    assert found(STOPPED, task("jane", 1, STOPPED, external_id="102")) == []
    assert found(STOPPED, task("jane", 1, Happening.CHANGED)) == []

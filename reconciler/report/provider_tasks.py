"""Who did at the provider what a look found, as far as its log of tasks tells: in words, and as JSON.

A sentence claims no more than what was recorded: "by" where it was that user, "by one of" where it was one of
several, and "perhaps by" where something without a task may have done it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.store.history.changes import Change, ObservedTask

_MOST = 2  # tasks that one phrase names
_SELF_EVIDENT = 1  # with one happening alone, the sentence has said what happened


def by_whom(tasks: Iterable[ObservedTask]) -> list[str]:
    """A phrase for each thing that happened: `by root@pam (task qmstop, Tue 14:02)`; none without tasks."""
    by_happening: dict[str, list[ObservedTask]] = {}
    for task in tasks:
        by_happening.setdefault(task.happening, []).append(task)
    alone = len(by_happening) <= _SELF_EVIDENT
    return [
        _phrase(group) if alone else f"{happening} {_phrase(group)}"
        for happening, group in by_happening.items()
    ]


def _phrase(group: Sequence[ObservedTask]) -> str:
    users = list(dict.fromkeys(task.provider_user for task in group))
    if all(task.is_sure for task in group):
        who = f"by {users[0]}" if len(users) == 1 else f"by one of {', '.join(users)}"
    else:
        who = f"perhaps by {' or '.join(users)}"
    return f"{who} ({', '.join(_named(group))})"


def _named(group: Sequence[ObservedTask]) -> Iterator[str]:
    """The last tasks, of each user one."""
    last = {task.provider_user: task for task in group}
    for task in list(last.values())[-_MOST:]:
        yield f"task {task.kind}, {task_time(task.began_at)}"
    if len(last) > _MOST:
        yield f"and {len(last) - _MOST} more"


def task_time(at: datetime) -> str:
    """`Tue 14:02`, in UTC; the event beside it has the date."""
    return f"{at.astimezone(UTC):%a %H:%M}"


def of_change(tasks: Iterable[ObservedTask], change: Change) -> list[ObservedTask]:
    """Those that may have made one change: a power state is made by what starts or stops."""
    power = {"started", "stopped"}
    is_power = change.name == "power_state" or change.what == "state"
    found = list(tasks)
    fitting = [task for task in found if (task.happening in power) == is_power]
    return fitting or [task for task in found if task.happening == "appeared"]


def tasks_json(tasks: Iterable[ObservedTask]) -> list[dict[str, Any]]:
    """Each task with what it may have brought about, and whether that is sure."""
    return [
        {
            "happening": task.happening,
            "task": task.task,
            "kind": task.kind,
            "provider_user": task.provider_user,
            "began_at": task.began_at,
            "ended_at": task.ended_at,
            "is_sure": task.is_sure,
        }
        for task in tasks
    ]

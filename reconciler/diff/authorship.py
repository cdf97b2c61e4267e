"""Which tasks of a provider's log explain what a look found. Pure, and careful: no wrong user is ever named.

A power state, an object's coming and its going are made by tasks, or by nobody through the provider: where a
log is complete and one user's tasks fit, it was that user; where several users' do, it was one of them. Any
other change can be made without a task beside one that fits, so that a task is only a hint there. What our
own login did meanwhile may be the reason as well: then nothing is sure, and nobody else is to be named for
it alone. A task that failed or still runs may have had its effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from reconciler.model.task_log import Authorship, Happening, LoggedTask, TaskLog

_UNDOES = {
    Happening.STARTED: Happening.STOPPED,
    Happening.STOPPED: Happening.STARTED,
    Happening.APPEARED: Happening.VANISHED,
}
"""What must not have come later. An object that went may have been made anew since."""


def authorships(
    happened: Mapping[tuple[str, str], frozenset[Happening]], log: TaskLog
) -> dict[tuple[str, str], tuple[Authorship, ...]]:
    """By object, as (type, external id): the tasks that may have done it, the oldest first. Without ours."""
    found: dict[tuple[str, str], tuple[Authorship, ...]] = {}
    for target, happenings in happened.items():
        tasks = [task for task in log.tasks if (task.type, task.external_id) == target]
        each = [
            item for happening in Happening if happening in happenings for item in _of(happening, tasks, log)
        ]
        if each:
            found[target] = tuple(each)
    return found


def _of(happening: Happening, tasks: Iterable[LoggedTask], log: TaskLog) -> Iterable[Authorship]:
    ordered = sorted(tasks, key=lambda task: (task.began_at, task.task))
    able = _after_the_last_that_undid(happening, ordered)
    sure = (
        not log.missing
        and happening is not Happening.CHANGED
        and not any(task.ours or task.ended_at is None for task in able)
        and any(task.succeeded for task in able)
    )
    return [Authorship(happening, task, sure) for task in able if not task.ours]


def _after_the_last_that_undid(happening: Happening, ordered: Iterable[LoggedTask]) -> list[LoggedTask]:
    undoing, able = _UNDOES.get(happening), list[LoggedTask]()
    since: datetime | None = None
    for task in ordered:
        if happening in task.causes:
            able.append(task)
        elif undoing in task.causes and task.succeeded:
            since = task.began_at
    return able if since is None else [task for task in able if _ended_after(task, since)]


def _ended_after(task: LoggedTask, instant: datetime) -> bool:
    """Of two in the same second it is not known which was first, so that both count."""
    return task.ended_at is None or task.ended_at >= instant

"""A provider's task log, and what it can say of a change that somebody made there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Happening(StrEnum):
    """What a look found a root to have gone through since the one before. CHANGED: anything that is left."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    STARTED = "started"
    STOPPED = "stopped"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class LoggedTask:
    """A task as the provider's log has it.

    `task` is its id, `kind` the provider's own word for what it does, `causes` what that can come to.
    `user` is whoever began it, in the provider's words. Both times are by the provider's clock; one that
    has not ended runs still. `succeeded`: it ended and says that it did what it was for. `ours`: our own
    login began it.
    """

    type: str
    external_id: str
    task: str
    kind: str
    user: str
    began_at: datetime
    ended_at: datetime | None
    succeeded: bool
    ours: bool
    causes: frozenset[Happening]


@dataclass(frozen=True, slots=True)
class TaskLog:
    """What a log said of some objects. `missing`: why tasks of theirs may not be in it; empty if all are."""

    tasks: tuple[LoggedTask, ...] = ()
    missing: tuple[str, ...] = ()
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Authorship:
    """A task that may have brought about what happened to an object.

    `is_sure`: it came about by this one, or by another that is told beside it, and by nothing else.
    """

    happening: Happening
    by: LoggedTask
    is_sure: bool

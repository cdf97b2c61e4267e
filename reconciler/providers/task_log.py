"""Who did at a provider what a look found there: what a driver may tell besides its members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.task_log import TaskLog
from reconciler.providers.driver import Driver


@dataclass(frozen=True, slots=True)
class TaskLogRequest:
    """Which tasks to read: those of the targets, as (type, external id), that were not over so long ago.

    `seconds` is how long ago it was that the objects were last seen as they were before. It is a span, and
    no instant, because the provider's clock is not ours.
    """

    targets: frozenset[tuple[str, str]]
    seconds: float


def task_log_of(driver: Driver, request: TaskLogRequest) -> TaskLog | None:
    """What the provider's own log says of objects that are not as they were. Raises ProviderError.

    A driver does it with a method `task_log`, which it may leave out; None then: nothing was sent. It is
    asked once after a look that found drift, and is to send as few requests as it can. Tasks of our own
    login are to be in it, as ours; that a login sees only its own is to be told by `missing`.
    """
    told: Callable[[TaskLogRequest], TaskLog] | None = getattr(driver, "task_log", None)
    return told(request) if told is not None else None

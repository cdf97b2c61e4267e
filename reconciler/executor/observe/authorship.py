"""Asking a provider who did what a look found there. Reads only, and none where nothing was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.diff.authorship import authorships
from reconciler.errors import ProviderError
from reconciler.executor.context import Context
from reconciler.providers.task_log import TaskLogRequest
from reconciler.store.database.session import Actor
from reconciler.store.recorded.observations import observation_start
from reconciler.store.recorded.observed_tasks import Happened, happenings, record_tasks


@dataclass(frozen=True, slots=True)
class Asked:
    """How many requests it took, and why the answer may not be all there is to say; None where it is."""

    requests: int = 0
    untold: str | None = None


def ask_who(context: Context, endpoint: str, since: datetime, found: tuple[Happened, ...]) -> Asked:
    """Read the provider's log of tasks since the look before, and record what it tells of what was found.

    What was found is recorded already. A log that cannot be read leaves it as it is: nobody is named.
    """
    with context.store.read() as tx:
        seconds = (observation_start(tx) - since).total_seconds()
    happened = happenings(found)
    try:
        with context.connections.hasty():
            driver = context.connections.driver(endpoint)
            log = driver.task_log(TaskLogRequest(frozenset(happened), seconds))
    except ProviderError as error:
        return Asked(untold=error.message)
    if log is None:
        return Asked()
    by = authorships(happened, log)
    if by:
        actor = Actor(context.actor, f"observation of {endpoint}", "observation")
        with context.store.transaction(actor) as tx:
            record_tasks(tx, found, by)
    return Asked(log.requests, "; ".join(log.missing) or None)

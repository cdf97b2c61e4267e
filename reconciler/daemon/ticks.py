"""The clock: APScheduler, which says when something is due and does next to nothing itself.

Each process has its own, in memory: replicas share nothing but the database, where double ticks are harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

THREADS = 4
"""Of the one executor: a heartbeat that waits for the database must not keep the clock from ticking."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What is called every so many seconds. `jitter`: by how many seconds it may come sooner or later."""

    name: str
    seconds: float
    call: Callable[[], None]
    jitter: float = 0.0
    at_once: bool = False


class Ticks:
    """Runs from its making until `close`."""

    def __init__(self, ticks: tuple[Tick, ...]) -> None:
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        for tick in ticks:
            first = {"next_run_time": datetime.now(UTC)} if tick.at_once else {}
            self._scheduler.add_job(
                tick.call,
                "interval",
                seconds=tick.seconds,
                jitter=tick.jitter or None,
                id=tick.name,
                name=tick.name,
                misfire_grace_time=max(1, round(tick.seconds)),
                **first,
            )
        self._scheduler.start()

    def close(self) -> None:
        """Nothing is called any more; what was called just now may still end."""
        self._scheduler.shutdown(wait=False)

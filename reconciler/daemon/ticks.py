"""The clock: APScheduler, which says when something is due and does next to nothing itself.

Each process has its own, in memory: replicas share nothing but the database, where double ticks are harmless.

APScheduler counts by the wall clock: were that put back an hour, nothing would be due for an hour. So a
thread that waits by the monotonic clock sees to it that nothing is due later than its own interval from now.
A clock that was put forward, or a process that was stopped for a while, gives one tick of each kind.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers import SchedulerNotRunningError
from apscheduler.schedulers.background import BackgroundScheduler

THREADS = 4
"""Of the one executor: a heartbeat that waits for the database must not keep the clock from ticking."""
CHECK_SECONDS = 1.0
"""How often what is due is compared with the wall clock as it is now."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """What is called every so many seconds. `jitter`: by how many seconds at most it comes later."""

    name: str
    seconds: float
    call: Callable[[], None]
    jitter: float = 0.0
    at_once: bool = False

    @property
    def interval(self) -> timedelta:
        """`seconds` as a span, for reckoning with times."""
        return timedelta(seconds=self.seconds)


class Ticks:
    """Runs from its making until `close`. `wall` is the clock that the scheduler goes by."""

    def __init__(self, ticks: tuple[Tick, ...], wall: Callable[[], datetime] = _now) -> None:
        self._wall = wall
        self._ticks = {tick.name: tick for tick in ticks}
        self._closed = threading.Event()
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        for tick in ticks:
            self._scheduler.add_job(
                tick.call,
                "interval",
                seconds=tick.seconds,
                jitter=tick.jitter or None,
                id=tick.name,
                name=tick.name,
                misfire_grace_time=None,  # late is better than never, and several late ones are one
                next_run_time=wall() if tick.at_once else wall() + tick.interval,
            )
        self._scheduler.start()
        threading.Thread(target=self._watch, name="wall clock", daemon=True).start()

    def check(self) -> None:
        """Let nothing be due later than its interval from now, and what is due now begin."""
        now = self._wall()
        for job in self._scheduler.get_jobs():
            tick = self._ticks[job.id]
            latest = now + tick.interval + timedelta(seconds=tick.jitter)
            if job.next_run_time is not None and job.next_run_time > latest:
                job.modify(next_run_time=now + tick.interval)
        self._scheduler.wakeup()

    def soon(self, name: str) -> None:
        """Let the tick of that name be due now, and from then on at its interval."""
        self._scheduler.modify_job(name, next_run_time=self._wall())

    def close(self) -> None:
        """Nothing is called any more; what was called just now may still end."""
        self._closed.set()
        self._scheduler.shutdown(wait=False)

    def _watch(self) -> None:
        while not self._closed.wait(CHECK_SECONDS):
            # It may have been shut down, or a job have ended, in the meantime.
            with contextlib.suppress(JobLookupError, SchedulerNotRunningError):
                self.check()

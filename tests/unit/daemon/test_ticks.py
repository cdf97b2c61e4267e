"""Promises of the clock, with time in the test's own hands: it goes on whatever becomes of the wall clock."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import apscheduler.executors.base
import apscheduler.schedulers.base
import pytest

from reconciler.daemon.ticks import Tick, Ticks

Calls = queue.SimpleQueue[str]
HOUR = timedelta(hours=1)
PATIENCE = 60.0


class Wall:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 29, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """The one that the scheduler goes by as well: it takes none, and reads the class `datetime`."""
    made = Wall()

    class Faked(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return made.now.astimezone(tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Faked)
    monkeypatch.setattr(apscheduler.executors.base, "datetime", Faked)
    return made


@contextmanager
def ticking(wall: Wall, seconds: float, jitter: float = 0.0) -> Iterator[tuple[Ticks, Calls]]:
    calls: Calls = queue.SimpleQueue()
    ticks = Ticks((Tick("due", seconds, lambda: calls.put("due"), jitter=jitter),), wall)
    try:
        yield ticks, calls
    finally:
        ticks.close()


def moved(wall: Wall, ticks: Ticks, by: timedelta) -> None:
    wall.now += by
    ticks.check()


@pytest.mark.parametrize("jitter", [0.0, 6.0])
def test_a_clock_that_is_put_back_an_hour_delays_a_tick_by_its_interval_at_most(
    wall: Wall, jitter: float
) -> None:
    with ticking(wall, 60, jitter) as (ticks, calls):
        moved(wall, ticks, timedelta(seconds=60))
        calls.get(timeout=PATIENCE)
        for _ in range(3):
            moved(wall, ticks, -HOUR)
            assert calls.empty()
            moved(wall, ticks, timedelta(seconds=60 + jitter))
            calls.get(timeout=PATIENCE)


def test_a_clock_that_is_put_back_is_noticed_without_anybody_saying_so(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.daemon.ticks.CHECK_SECONDS", 0.02)
    with ticking(wall, 0.01) as (_, calls):
        wall.now += timedelta(seconds=0.01)
        calls.get(timeout=PATIENCE)
        wall.now -= HOUR
        for _ in range(2000):  # 20 s of its clock, of the hour
            wall.now += timedelta(seconds=0.01)
            with suppress(queue.Empty):
                calls.get(timeout=0.03)
                break
        else:
            pytest.fail("it is still waiting for the hour to pass")


@pytest.mark.parametrize("intervals", [5, 5000])
def test_a_clock_put_forward_or_a_process_that_was_stopped_gives_one_tick(wall: Wall, intervals: int) -> None:
    with ticking(wall, 60) as (ticks, calls):
        moved(wall, ticks, timedelta(seconds=60 * intervals + 1))
        calls.get(timeout=PATIENCE)
        moved(wall, ticks, timedelta(seconds=30))
        assert calls.empty()
        moved(wall, ticks, timedelta(seconds=30))
        calls.get(timeout=PATIENCE)
        assert calls.empty()


def test_a_tick_that_is_wanted_soon_comes_now_and_then_at_its_interval(wall: Wall) -> None:
    with ticking(wall, 6 * 3600) as (ticks, calls):
        assert calls.empty()
        ticks.soon("due")
        calls.get(timeout=PATIENCE)
        moved(wall, ticks, timedelta(hours=5))
        assert calls.empty()
        moved(wall, ticks, timedelta(hours=1))
        calls.get(timeout=PATIENCE)
        assert calls.empty()


def test_jitter_only_delays(wall: Wall) -> None:
    with ticking(wall, 60, jitter=6) as (ticks, calls):
        for _ in range(20):
            moved(wall, ticks, timedelta(seconds=59))
            assert calls.empty()
            moved(wall, ticks, timedelta(seconds=7))
            calls.get(timeout=PATIENCE)

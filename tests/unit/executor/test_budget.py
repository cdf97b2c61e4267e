"""The request budget: steady, shared by threads, and obedient to what the provider says."""

from __future__ import annotations

import threading

import pytest

from reconciler.errors import Stopped
from reconciler.executor.access import budget as budget_module
from reconciler.executor.access.budget import Metered, RequestBudget


class Clock:
    """Time that passes only when somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waited += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(budget_module, "time", made)
    return made


def budget(clock: Clock, per_hour: int | None) -> RequestBudget:
    """A budget whose waiting moves the clock."""
    made = RequestBudget(per_hour)
    made._condition.wait = clock.wait  # type: ignore[assignment, method-assign]
    return made


def test_a_full_hour_may_be_spent_at_once_and_then_it_flows_steadily(clock: Clock) -> None:
    made = budget(clock, 3600)
    for _ in range(3600):
        made.before()
    assert clock.waited == 0
    for _ in range(10):
        made.before()
    assert clock.waited == pytest.approx(10, abs=0.01), "one a second"
    assert made.requests == 3610


def test_no_burst_beyond_what_an_hour_allows_after_any_pause(clock: Clock) -> None:
    made = budget(clock, 10)
    clock.now += 100 * 3600
    for _ in range(10):
        made.before()
    assert clock.waited == 0
    made.before()
    assert clock.waited == pytest.approx(360, abs=1)


def test_without_a_limit_of_ours_nothing_waits(clock: Clock) -> None:
    made = budget(clock, None)
    for _ in range(10_000):
        made.before()
    assert clock.waited == 0
    assert made.remaining is None


def test_what_others_used_of_the_same_token_is_taken_into_account(clock: Clock) -> None:
    made = budget(clock, 3600)
    made.before()
    made.after(3600, 75, None)
    assert made.remaining == 3, "a share is left to the others"
    for _ in range(3):
        made.before()
    assert clock.waited == 0
    made.before()
    assert clock.waited > 0


def test_a_pause_that_the_provider_asks_for_holds_up_everybody(clock: Clock) -> None:
    made = budget(clock, None)
    made.pause(30)
    made.pause(5)
    made.before()
    assert clock.waited == pytest.approx(30)


def test_an_exhausted_provider_is_left_alone_for_a_bounded_time(clock: Clock) -> None:
    made = budget(clock, None)
    made.after(3600, 0, clock.now + 1800)
    made.before()
    assert clock.waited == pytest.approx(60), "one place is back long before the bucket is full"
    made.after(None, None, None)
    made.before()
    assert clock.waited == pytest.approx(60)


def test_threads_share_one_budget() -> None:
    made = RequestBudget(3600)

    def spend() -> None:
        for _ in range(50):
            made.before()

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.requests == 400
    left = made.remaining
    assert left is not None
    assert 3200 <= left <= 3201


def test_a_stop_ends_the_waiting_for_a_place_and_takes_none(clock: Clock) -> None:
    made, stop = budget(clock, 1), threading.Event()
    made.before(stop)

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        stop.set()

    made._condition.wait = wait  # type: ignore[assignment, method-assign]
    with pytest.raises(Stopped):
        made.before(stop)
    assert clock.waited <= 1, "of an hour"
    assert made.requests == 1


def test_a_stop_keeps_no_place_that_is_there_from_what_is_under_way_but_ends_who_only_looks(
    clock: Clock,
) -> None:
    made, stop = budget(clock, 10), threading.Event()
    stop.set()
    hasty = False
    metered = Metered(made, lambda: stop, lambda: hasty)
    metered.before()
    assert made.requests == 1
    hasty = True
    with pytest.raises(Stopped):
        metered.before()
    assert made.requests == 1

"""One request budget for everything that uses an endpoint, kept below what the provider allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import Stopped

GLANCE = 0.5
"""Seconds between two looks, while waiting, at whether a stop was asked for."""


class RequestBudget:
    """A bucket that refills steadily; `before` waits for a place, so nothing bursts through the limit.

    `per_hour=None` is no limit of ours; a provider's own headers and its 429s are obeyed all the same.
    Safe for several threads.
    """

    _RESERVE = 0.02  # the share of a provider's limit that is left to other tools on the same token

    def __init__(self, per_hour: int | None = None) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._per_hour = per_hour
        self._places = float(per_hour or 0)
        self._at = time.monotonic()
        self._paused_until = 0.0
        self.requests = 0

    @property
    def remaining(self) -> int | None:
        """Places that are left now; None where there is no limit of ours."""
        with self._condition:
            if self._per_hour is None:
                return None
            self._wait(time.monotonic())
            return max(0, int(self._places))

    @property
    def pace(self) -> float:
        """Seconds between two questions that can wait: 0 while more than half of the limit is left.

        Then they take half of what comes in: no change is held up by asking what became of others.
        """
        with self._condition:
            if self._per_hour is None:
                return 0.0
            self._wait(time.monotonic())
            return 0.0 if self._places > self._per_hour / 2 else 2 * 3600 / self._per_hour

    def limit_to(self, per_hour: int | None) -> None:
        """Another limit of our own from now on; what was used stays used."""
        with self._condition:
            if per_hour == self._per_hour:
                return
            used = (self._per_hour or 0) - self._places if self._per_hour is not None else 0.0
            self._per_hour = per_hour
            self._places = max(0.0, (per_hour or 0) - used)

    def before(self, stop: threading.Event | None = None) -> None:
        """Wait for a place and take it. Raises Stopped where there is none when `stop` is set."""
        with self._condition:
            while (wait := self._wait(time.monotonic())) > 0:
                if stop is not None and stop.is_set():
                    raise Stopped(f"stopped while waiting {wait:.0f} s for a place in the request budget")
                self._condition.wait(wait if stop is None else min(wait, GLANCE))
            self._places -= 1
            self.requests += 1

    def _wait(self, now: float) -> float:
        """Seconds until the next place; 0 if there is one now."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._per_hour is None:
            return 0.0
        rate = self._per_hour / 3600
        self._places = min(float(self._per_hour), self._places + (now - self._at) * rate)
        self._at = now
        return 0.0 if self._places >= 1 else (1 - self._places) / rate

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        """Take over what the provider says is left: other tools may be using the same token."""
        if limit is None or remaining is None:
            return
        with self._condition:
            usable = remaining - limit * self._RESERVE
            if self._per_hour is not None:
                self._places = min(self._places, usable)
            elif usable <= 0 and reset is not None:
                # The reset time says when the bucket is full; one place is back much sooner.
                self.pause(min(max(reset - time.time(), 1.0), 60.0))

    def pause(self, seconds: float) -> None:
        """No request for so long: the provider said so."""
        with self._condition:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)


@dataclass(frozen=True, slots=True)
class Metered:
    """An endpoint's budget as one run uses it: a stop request ends the waiting for a place.

    `hasty` says of the calling thread that it has nothing under way: a stop ends it at its next request.
    """

    budget: RequestBudget
    stop: Callable[[], threading.Event]
    hasty: Callable[[], bool]

    def before(self) -> None:
        """Wait for a place and take it.

        Raises Stopped after a stop request: if the thread is hasty, at once; else only where it would wait.
        """
        stop = self.stop()
        if stop.is_set() and self.hasty():
            raise Stopped("stopped before it was asked")
        self.budget.before(stop)

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        """The provider's word, for all that share the budget: requests, requests, unix seconds."""
        self.budget.after(limit, remaining, reset)

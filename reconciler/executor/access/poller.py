"""Waiting for providers' tasks: all that are running at an endpoint are asked for together.

One thread for each endpoint that has something to wait for; it ends when there is nothing left.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.errors import ProviderError
from reconciler.executor.access.budget import GLANCE
from reconciler.providers.driver import TaskState, TaskStatus


class Asked(Protocol):
    """Whoever knows the states of tasks, see `Driver.poll`."""

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Task → status; one left out was not learned. Raises ProviderError where none could be."""


@dataclass(slots=True)
class _Waiter:
    tasks: frozenset[str]
    deadline: float
    known_at: dict[str, float]  # when something was last known of each task
    since: float  # by the clock that never moves back
    due: float  # when it is next worth asking
    looks: int = 0
    done: threading.Event = field(default_factory=threading.Event)
    statuses: dict[str, TaskStatus] = field(default_factory=dict)
    denied: Counter[str] = field(default_factory=Counter)  # how often in a row a task was unknown

    @property
    def open(self) -> frozenset[str]:
        return self.tasks - self.statuses.keys()


class Poller:
    """Polls one endpoint. One question is for all who wait; when it is put follows each of them.

    It is put first after about so long as tasks took there lately, then at intervals that grow with the wait
    and are capped: short tasks are seen to end at once, and long ones stay cheap.
    """

    _FIRST, _MOST, _MARGIN = 0.05, 5.0, 60.0  # seconds; the first of an endpoint of which nothing is known
    _LEAST = 0.01  # seconds after which it is asked at the soonest
    _SHARE = 0.5  # of the time that somebody has waited, until it is asked again
    _APART = 0.02  # seconds between two questions at least, however many wait
    _DENIALS = 3  # that a provider does not know a task is believed from so many answers in a row
    _BLIND = 120.0  # seconds without any answer about a task, after which nobody waits for it any more

    def __init__(
        self,
        connect: Callable[[], Asked],
        clock: Callable[[], float] = time.monotonic,
        leave: Callable[[], None] = lambda: None,
        pace: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`connect` gives whom to ask, `leave` is called by the thread that asked when it ends.

        `pace`: seconds between two questions at least, by the budget that they share with all else.
        """
        self._connect = connect
        self._leave = leave
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._at_once = False  # whether the next question is not to be put off
        self._first: float | None = None  # seconds until the first question, by what was seen

    def wait(
        self, tasks: Sequence[str], timeout: float, stop: threading.Event | None = None, grace: float = 0.0
    ) -> dict[str, TaskStatus]:
        """The end states of the tasks; those still running after `timeout` seconds come back as RUNNING.

        So do those that are still running `grace` seconds after a stop request, and, with a message of the
        reason, those of which nothing was learned for two minutes: a provider that is gone is not waited for.
        """
        if not tasks:
            return {}
        now = self._clock()
        begin = time.monotonic()
        due = begin + (self._FIRST if self._first is None else self._first)
        waiter = _Waiter(frozenset(tasks), now + timeout, dict.fromkeys(tasks, now), begin, due)
        with self._lock:
            self._waiters.append(waiter)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="poller", daemon=True)
                self._thread.start()
        self._wake.set()
        # The margin is for the poller's last request; past it, a task counts as still running.
        self._await(waiter, timeout + self._MARGIN, stop, grace)
        with self._lock:
            self._waiters = [other for other in self._waiters if other is not waiter]
        return waiter.statuses | {task: TaskStatus(TaskState.RUNNING) for task in waiter.open}

    def release(self) -> None:
        """Leave nobody waiting: what still runs comes back as RUNNING now."""
        with self._lock:
            waiters = list(self._waiters)
        for waiter in waiters:
            waiter.done.set()

    def _await(self, waiter: _Waiter, seconds: float, stop: threading.Event | None, grace: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if waiter.done.wait(left if stop is None else min(left, GLANCE)):
                return
            if stop is not None and stop.is_set():
                stop, end = None, min(end, time.monotonic() + grace)
                self._at_once = True  # what is about to end is seen in time
                self._wake.set()

    def _run(self) -> None:
        """Until nothing is left to wait for. Whatever breaks here, those who wait are not left waiting."""
        try:
            self._poll_all()
        except BaseException:
            with self._lock:
                left, self._waiters, self._thread = self._waiters, [], None
            for waiter in left:
                waiter.done.set()
            raise
        finally:
            self._leave()

    def _poll_all(self) -> None:
        asked = float("-inf")
        while True:
            with self._lock:
                waiters = list(self._waiters)
                if not waiters:
                    self._thread = None
                    return
            due = max(min(waiter.due for waiter in waiters), asked + max(self._APART, self._pace()))
            pause = due - time.monotonic()
            if pause > 0 and not self._at_once:
                self._wake.wait(pause)
                self._wake.clear()
                continue  # somebody came, or went, or it is time
            self._at_once = False
            self._poll(waiters)
            asked = time.monotonic()
            for waiter in waiters:
                if waiter.due <= asked:
                    waiter.looks += 1
                    waited = asked - waiter.since
                    waiter.due = asked + min(max(self._APART, self._SHARE * waited), self._MOST)
                if not waiter.open:
                    self._learn(waiter, asked)
            with self._lock:
                self._waiters = [waiter for waiter in self._waiters if not waiter.done.is_set()]

    def _learn(self, waiter: _Waiter, now: float) -> None:
        """When to ask first of the next: sooner where the first answer was the end already, else a bit later.

        It falls fast and rises slowly, so that what is short is not held up by what is long.
        """
        first = self._FIRST if self._first is None else self._first
        if waiter.looks <= 1:
            self._first = max(first / 2, min(first, self._LEAST))
        else:
            self._first = first + max(0.0, 0.7 * (now - waiter.since) - first) / 4

    def _poll(self, waiters: list[_Waiter]) -> None:
        """One look at all open tasks; whoever has nothing left to wait for is told."""
        wanted = sorted({task for waiter in waiters for task in waiter.open})
        found: Mapping[str, TaskStatus] = {}
        why = "the provider says nothing of it"
        try:
            found = self._connect().poll(wanted)
        except ProviderError as error:
            why = error.message  # the tasks run on whether or not they can be seen now; deadlines still hold
        now = self._clock()
        for waiter in waiters:
            for task in waiter.open:
                status = found.get(task)
                if status is not None and not _is_unseen(status):
                    waiter.known_at[task] = now
                elif now - waiter.known_at[task] >= self._BLIND:
                    reason = status.message if status is not None else why
                    message = f"nothing could be learned of it for {self._BLIND:g} s: {reason}"
                    waiter.statuses[task] = TaskStatus(TaskState.RUNNING, message)
                if status is None or self._is_doubtful(waiter, task, status):
                    continue
                if status.state is not TaskState.RUNNING:
                    waiter.statuses[task] = status
            if not waiter.open or now >= waiter.deadline:
                waiter.done.set()

    def _is_doubtful(self, waiter: _Waiter, task: str, status: TaskStatus) -> bool:
        """Whether the provider says that it does not know the task, and has not said so often enough yet."""
        waiter.denied[task] = waiter.denied[task] + 1 if status.state is TaskState.UNKNOWN else 0
        return 0 < waiter.denied[task] < self._DENIALS


def _is_unseen(status: TaskStatus) -> bool:
    return status.state is TaskState.RUNNING and bool(status.message)

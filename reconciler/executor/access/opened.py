"""Which drivers are connected, in which thread each is, and which lie idle.

A driver serves one thread at a time. When that thread has ended, or says that it is done, the driver lies
idle for the next one, so that a connection is opened once and not for each thread that comes and goes. It is
closed when nothing uses these connections any more; never while a thread may be at work with it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from reconciler.executor.access.edge import Edge


@dataclass(frozen=True, slots=True)
class Opened:
    """A connected driver, and the fingerprint of the login that it was connected with."""

    name: str
    driver: Edge
    login: str


class OpenDrivers:
    """The connected drivers of a run, shared by the connections that follow one another in it.

    What was connected before the last `close_idle` is closed when its thread is done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_thread: dict[threading.Thread, list[tuple[int, Opened]]] = {}  # with the generation
        self._idle: list[Opened] = []
        self._generation = 0

    def add(self, opened: Opened) -> None:
        """This thread connected it."""
        with self._lock:
            self._keep(opened)

    def _keep(self, opened: Opened) -> None:
        mine = self._by_thread.setdefault(threading.current_thread(), [])
        mine.append((self._generation, opened))

    def take(self, name: str) -> Opened | None:
        """One to an endpoint that lies idle, for this thread; None if there is none."""
        with self._lock:
            for opened in self._idle:
                if opened.name == name:
                    self._idle.remove(opened)
                    self._keep(opened)
                    return opened
        return None

    def rest_ended(self) -> None:
        """Those of threads that have ended lie idle."""
        with self._lock:
            threads = [thread for thread in self._by_thread if not thread.is_alive()]
        self._rest(threads)

    def rest_own(self) -> None:
        """Those of this thread, which uses none of them any more, lie idle."""
        self._rest([threading.current_thread()])

    def close_idle(self) -> None:
        """Close those that no thread is at work with; the others are closed when their threads are done."""
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for opened in idle:
            opened.driver.close()
        self.rest_ended()

    def end(self) -> None:
        """The same, and those of this thread, which uses none of them any more."""
        self.close_idle()
        self.rest_own()

    def _rest(self, threads: list[threading.Thread]) -> None:
        with self._lock:
            resting = [pair for thread in threads for pair in self._by_thread.pop(thread, [])]
            self._idle += [opened for generation, opened in resting if generation == self._generation]
            over = [opened for generation, opened in resting if generation != self._generation]
        for opened in over:
            opened.driver.close()

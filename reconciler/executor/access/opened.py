"""Which drivers are connected, and in which thread: so that each is closed once nothing uses it any more.

A driver serves one thread. It is closed when that thread has ended, or by the thread itself; never while
another thread may be at work with it.
"""

from __future__ import annotations

import threading

from reconciler.executor.access.edge import Edge


class OpenDrivers:
    """The connected drivers of a run, shared by the connections that follow one another in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_thread: dict[threading.Thread, list[Edge]] = {}

    def add(self, driver: Edge) -> None:
        """This thread connected it."""
        with self._lock:
            self._by_thread.setdefault(threading.current_thread(), []).append(driver)

    def close_ended(self) -> None:
        """Close those of threads that have ended."""
        with self._lock:
            ended = [thread for thread in self._by_thread if not thread.is_alive()]
        self._close(ended)

    def close_own(self) -> None:
        """Close those of this thread, which uses none of them any more."""
        self._close([threading.current_thread()])

    def _close(self, threads: list[threading.Thread]) -> None:
        with self._lock:
            drivers = [driver for thread in threads for driver in self._by_thread.pop(thread, [])]
        for driver in drivers:
            driver.close()

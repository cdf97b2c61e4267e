"""Wakes a source at most once in a while, and forgets no push: what comes too soon waits, and is then one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SECONDS = 1.0
"""Between two looks at one source because of pushes."""


def _later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class Waking:
    """`wake` is called with a source's label, in any thread. `later` calls after so many seconds."""

    def __init__(
        self,
        wake: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], None] = _later,
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._later = later
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}  # when each may be woken again
        self._waiting: set[str] = set()

    def pushed(self, source: str) -> None:
        """Wake it now, or as soon as it may be; one that waits already waits on."""
        with self._lock:
            if source in self._waiting:
                return
            now = self._clock()
            wait = self._next.get(source, now) - now
            self._next[source] = max(now, self._next.get(source, now)) + SECONDS
            if wait > 0:
                self._waiting.add(source)
        if wait > 0:
            self._later(wait, lambda: self._due(source))
        else:
            self._wake(source)

    def _due(self, source: str) -> None:
        with self._lock:
            self._waiting.discard(source)
        self._wake(source)

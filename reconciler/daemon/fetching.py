"""Reading a remote source in a thread of its own, so that a remote that hangs holds up nothing else.

One reading at a time. What it gave is taken by whoever asks next; until then the last revision goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.manifest.source.git.login import Login
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec, SourceState

_GLANCE = 0.1


@dataclass(slots=True)
class Fetched:
    """A reading that is under way or has ended. `since`: the newest revision of any source when it began."""

    since: int
    done: threading.Event = field(default_factory=threading.Event)
    state: SourceState | None = None
    error: Exception | None = None
    waited_for: bool = True  # by the reconcile that began it

    def result(self) -> SourceState:
        """What was read. Raises what went wrong."""
        if self.error is not None:
            raise self.error
        if self.state is None:
            raise TypeError("the reading has not ended")
        return self.state


@dataclass(slots=True)
class Fetching:
    """`wake` is called when a reading ends that nobody waits for any more."""

    spec: SourceSpec
    cache: Path
    stop: threading.Event
    wake: Callable[[], None]
    reading: Fetched | None = None
    _thread: threading.Thread | None = None

    def begin(self, login: Login | None, since: int, unless: str | None = None) -> None:
        """Start a reading; the one before must have been taken. `since` is as `Fetched` has it.

        `unless`: the commit that was read before. Where it is there still, the result raises NothingNew.
        """
        reading = self.reading = Fetched(since)
        self._thread = threading.Thread(
            target=self._run, args=(reading, login, unless), name="fetch", daemon=True
        )
        self._thread.start()

    def take(self, seconds: float, stop: threading.Event) -> Fetched | None:
        """The reading if it ends within so many seconds and before the stop; it is then to be begun anew."""
        reading = self.reading
        if reading is None:
            return None
        end = time.monotonic() + seconds
        while not reading.done.wait(_GLANCE) and time.monotonic() < end and not stop.is_set():
            pass
        reading.waited_for = False
        if not reading.done.is_set():
            return None
        self.reading = None
        return reading

    def join(self, seconds: float) -> None:
        """After the stop was set: until the thread, and with it the process that fetches, has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, reading: Fetched, login: Login | None, unless: str | None) -> None:
        try:
            reading.state = read_source(self.spec, self.cache, login=login, stop=self.stop, unless=unless)
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever takes the result
            reading.error = error
        finally:
            reading.done.set()
            if not reading.waited_for:
                self.wake()

"""Ctrl-C and SIGTERM while steps are carried out: the first stops cleanly, the second at once.

Stopping at once is safe too, being what a crash is, but it leaves recovery work to the next run.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.exit_codes import ExitCode


@contextmanager
def stopping(stop: threading.Event, tell: Callable[[], None]) -> Iterator[None]:
    """While it lasts, a signal sets `stop` and calls `tell`; a second one ends the process."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(ExitCode.INTERRUPTED)
        stop.set()
        tell()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""While the rows of a fleet are gathered, nobody looks for garbage.

Python looks through all objects that there are each time that some hundreds were made, for those that hold
one another and are of no use. Of rows and values there are millions, and none is so: looking was a quarter of
what a recording took of the program. All else that is of no use is freed at once, as ever.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_at_work = 0
_was_on = False


@contextmanager
def gathering() -> Iterator[None]:
    """Inside it the collector is off, for all threads; the last one that leaves turns it on, if it was."""
    global _at_work, _was_on
    with _lock:
        if _at_work == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _at_work += 1
    try:
        yield
    finally:
        with _lock:
            _at_work -= 1
            if _at_work == 0 and _was_on:
                gc.enable()

"""An apply whose moments are numbered, killed at one of them: `killed_at.py URL HOME FOLDER POINTS [NUMBER]`.

The moments are those between which a crash makes a difference: before and after each commit, before and after
each request that may change something. Each is written to the file POINTS as it passes, one a line. Nothing
else is different from any other apply.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.engine.drivers import driver_class
from reconciler.store.database.session import Actor, Store, Transaction
from tests.scenario import child

PROVIDERS = ("hetzner", "proxmox")


class Points:
    """Counts the moments of all threads together. `last`: the number of the one to die at; 0 for none."""

    def __init__(self, file: Path, last: int) -> None:
        self._file = file.open("w", buffering=1)
        self._last = last
        self._passed = 0
        self._lock = threading.Lock()

    def __call__(self, label: str) -> None:
        with self._lock:
            self._passed += 1
            self._file.write(label + "\n")
            if self._passed == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def number_everything(point: Points) -> None:
    """Every commit and every request from now on passes a point before it and one after it."""
    transaction, at_once = Store.transaction, Store.at_once

    @contextmanager
    def numbered(self: Store, actor: Actor) -> Iterator[Transaction]:
        with transaction(self, actor) as tx:
            yield tx
            point(f"before the commit of: {actor.reason}")
        point(f"after the commit of: {actor.reason}")

    @contextmanager
    def numbered_at_once(self: Store, actor: Actor) -> Iterator[Transaction]:
        # Nothing can come between what such a statement writes and its commit.
        point(f"before the commit of: {actor.reason}")
        with at_once(self, actor) as tx:
            yield tx
        point(f"after the commit of: {actor.reason}")

    Store.transaction = numbered  # type: ignore[method-assign]
    Store.at_once = numbered_at_once  # type: ignore[method-assign]
    for provider in PROVIDERS:
        _number_requests(driver_class(provider), point)


def _number_requests(driver: Any, point: Points) -> None:
    submit = driver.submit

    def numbered(self: Any, request: Any) -> Any:
        point(f"before {request.operation}")
        answer = submit(self, request)
        point(f"after {request.operation}")
        return answer

    driver.submit = numbered


def main(url: str, home: str, folder: str, points: str, last: str = "0") -> None:
    number_everything(Points(Path(points), int(last)))
    child.main(url, home, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

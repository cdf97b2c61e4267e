"""What making Hetzner's client leaves behind in the process."""

from __future__ import annotations

import sys
import warnings
from threading import Barrier, Thread
from uuid import UUID

from reconciler.providers.driver import Access
from reconciler.providers.hetzner.client import HetznerClient


class _Unasked:
    """A budget that nobody asks: nothing is sent here."""

    def before(self) -> None:
        raise AssertionError("a request")

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:  # noqa: ARG002
        raise AssertionError("an answer")


def test_clients_that_are_made_at_once_leave_the_warning_filters_as_they_were() -> None:
    access = Access("main", "http://127.0.0.1:1/v1", UUID(int=1), "token", _Unasked())
    together = Barrier(8)
    raised: list[Warning] = []

    def make() -> None:
        together.wait()
        for _ in range(300):
            try:
                HetznerClient(access)
            except Warning as warning:
                raised.append(warning)

    before, interval = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert (raised, list(warnings.filters)) == ([], before)

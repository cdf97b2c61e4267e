"""What a request is sent for, known above the driver and written by what watches below it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[str | None] = ContextVar("operation", default=None)


@contextmanager
def during(operation: str) -> Iterator[None]:
    """What this thread sends while it lasts belongs to this operation."""
    token = _CURRENT.set(operation)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> str | None:
    """The operation that this thread sends for, such as `server.create`; None outside any."""
    return _CURRENT.get()

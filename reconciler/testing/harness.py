"""A driver before its provider, as the contract's tests hold it: what a harness has to offer.

A harness decides nothing and judges nothing; it connects, breaks on request, and tells what arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from reconciler.providers.driver import Access, Driver

OWNER = UUID("6f1f7a52-5b0e-4c62-9a1c-0d7a3c0b9a11")
"""The installation that the tests are, the owner in every mark."""


class FreeMeter:
    """A budget without end that remembers what it was told: requests, requests, unix seconds."""

    def __init__(self) -> None:
        self.asked = 0
        self.told: list[tuple[int | None, int | None, float | None]] = []

    def before(self) -> None:
        """Counts the request in `asked`, and lets it go at once."""
        self.asked += 1

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        """Keeps in `told` what the driver read of the budget."""
        self.told.append((limit, remaining, reset))


def access(endpoint: str, url: str, credential: str, **more: Any) -> Access:
    """What a driver is connected with in a test; `more` are other fields of `Access`."""
    return Access(endpoint, url, OWNER, credential, more.pop("meter", FreeMeter()), **more)


class Fault(StrEnum):
    """What can go wrong between a driver and its provider, which does what it was asked in one case only."""

    UNAUTHORIZED = "unauthorized"  # refused: the login is not known
    FORBIDDEN = "forbidden"  # refused: the login may not
    RATE_LIMITED = "rate_limited"  # refused: too many requests
    UNAVAILABLE = "unavailable"  # the provider has trouble of its own, and says so (a 503)
    REQUEST_LOST = "request_lost"  # the connection ends, and nothing was done
    ANSWER_LOST = "answer_lost"  # it was done, and the connection ends before the answer
    UNREADABLE = "unreadable"  # an answer that is not the provider's (a proxy's page), and nothing was done


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the provider saw it, with the path as `Request.path` has it."""

    method: str
    path: str


class DriverHarness(Protocol):
    """A driver connected to a provider of its own. `provider_type` is its endpoint's name too."""

    @property
    def provider_type(self) -> str:
        """The provider type's name, as the driver's catalog has it."""

    @property
    def driver(self) -> Driver:
        """The one that is tested, connected with the valid credential."""

    def connect(self, credential: str | None = None) -> Driver:
        """Another driver to the same provider; `credential` replaces the valid one."""
        ...

    def sent(self) -> list[Sent]:
        """The changes (no reads) that arrived at the provider until now, each once, in their order."""
        ...

    def fail(self, fault: Fault, *, reads: bool) -> None:
        """From now on every read ends so, or, without `reads`, every request that makes something."""
        ...

    def mend(self) -> None:
        """Nothing fails any more."""
        ...

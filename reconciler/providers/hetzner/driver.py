"""The driver class: the contract's five members, each a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.catalog import CatalogPart, load_part
from reconciler.model.plan import Call
from reconciler.providers.driver import (
    Access,
    LowerRequest,
    Observation,
    ObserveRequest,
    Request,
    Submission,
    TaskStatus,
)
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.lower import lower
from reconciler.providers.hetzner.observe import observe
from reconciler.providers.hetzner.submit import poll, submit


class HetznerDriver:
    """One project of Hetzner Cloud, for one thread. `Access.url` ends in `/v1`."""

    catalog: ClassVar[CatalogPart] = load_part("reconciler.providers.hetzner")

    def __init__(self, access: Access) -> None:
        self._client = HetznerClient(access)

    def close(self) -> None:
        """Give up the connection; the driver is of no use afterwards."""
        self._client.close()

    def observe(self, request: ObserveRequest) -> Observation:
        return observe(self._client, request)

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        return lower(request)

    def submit(self, request: Request) -> Submission:
        return submit(self._client, request)

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        return poll(self._client, tasks)

"""The driver class: the contract's five members, each a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.catalog import CatalogPart, load_part
from reconciler.model.plan import Call
from reconciler.providers.account import Account
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
        """Whole collections in pages of 50 and the catalogue; or one request for each target."""
        return observe(self._client, request)

    def account(self) -> Account:
        """One location is asked for. Which project a token is of, and whether it may write, nothing tells."""
        self._client.get("/locations", {"per_page": 1})
        return Account("an API token of a project")

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        """By the type's own rules. Raises PlanError for what Hetzner cannot do."""
        return lower(request)

    def submit(self, request: Request) -> Submission:
        """One request; the actions in its answer that have not succeeded yet are its tasks."""
        return submit(self._client, request)

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Actions in one request for every 50; a machine that shall go off, in one of its own."""
        return poll(self._client, tasks)

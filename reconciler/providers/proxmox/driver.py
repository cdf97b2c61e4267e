"""The driver class: the contract's five members, each a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.catalog import CatalogPart, load_part
from reconciler.model.plan import Call
from reconciler.model.resource import Desired
from reconciler.model.task_log import TaskLog
from reconciler.model.values import ExternalRef
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
from reconciler.providers.proxmox.account import account
from reconciler.providers.proxmox.client import ProxmoxClient
from reconciler.providers.proxmox.lower import lower
from reconciler.providers.proxmox.observe import observe
from reconciler.providers.proxmox.submit import poll, submit
from reconciler.providers.proxmox.task_log import task_log
from reconciler.providers.proxmox.types import TYPES
from reconciler.providers.task_log import TaskLogRequest


class ProxmoxDriver:
    """One Proxmox VE cluster, for one thread. `Access.url` is `https://host:8006` of any of its nodes."""

    catalog: ClassVar[CatalogPart] = load_part("reconciler.providers.proxmox")

    def __init__(self, access: Access) -> None:
        self._client = ProxmoxClient(access)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def observe(self, request: ObserveRequest) -> Observation:
        """The cluster's lists, and each object of ours by itself; or the targets."""
        return observe(self._client, request)

    def account(self) -> Account:
        """What it may do is asked for, and when its token, or its user, expires."""
        return account(self._client)

    def task_log(self, request: TaskLogRequest) -> TaskLog:
        """Who began what of some guests, as each node's list of tasks has it."""
        return task_log(self._client, request)

    @staticmethod
    def copied_from(desired: Desired) -> tuple[ExternalRef, ...]:
        """What a new object is copied from: the call goes to the node that it is on."""
        return TYPES[desired.type].copied_from(desired) if desired.type in TYPES else ()

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        """By the type's own rules. Raises PlanError for what Proxmox VE cannot do."""
        return lower(request)

    def submit(self, request: Request) -> Submission:
        """One request, or the several of `ResourceType.sends`. Tasks are known by UPID."""
        return submit(self._client, request)

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Node by node: three tasks or more by one list, fewer by themselves."""
        return poll(self._client, tasks)

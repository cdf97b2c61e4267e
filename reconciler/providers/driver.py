"""The contract of a driver: five members, and the values that pass through them.

`catalog` is data; `lower` is pure and says beforehand every request a step will make; `observe`, `submit`
and `poll` talk to the provider. A driver decides nothing about what shall be: it has no planner, no
retries of its own and no memory. One instance serves one endpoint and one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import UUID

from reconciler.catalog import CatalogPart
from reconciler.model.address import Address
from reconciler.model.diff import Diff
from reconciler.model.observation import Observation, Offer, Unseen
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import ExternalRef, Reference, Scalar, Value
from reconciler.providers.trace import EndpointTrace

if TYPE_CHECKING:
    import requests

__all__ = [
    "Access",
    "Driver",
    "DriverClass",
    "LowerRequest",
    "Meter",
    "Observation",
    "ObserveRequest",
    "Offer",
    "Request",
    "Submission",
    "TaskState",
    "TaskStatus",
    "Unseen",
    "Wire",
]


class Meter(Protocol):
    """The request budget of an endpoint, shared by all threads that use it."""

    def before(self) -> None:
        """Wait for a place in the budget. Called before each request."""
        ...

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        """Report what the provider said of its budget: requests, requests, unix seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """What a driver needs to reach one endpoint. The secret is never printed.

    `owner` is this installation's id, the owner in every mark. `timeout` is (connect, read) in seconds.
    `trace` is where every request and its answer is written down; None where nobody asked for that.
    """

    endpoint: str
    url: str
    owner: UUID
    credential: str = field(repr=False)
    meter: Meter = field(repr=False)
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    ca_file: Path | None = None
    timeout: tuple[float, float] = (5.0, 30.0)
    trace: EndpointTrace | None = field(default=None, repr=False)

    def watch(self, session: requests.Session) -> None:
        """Trace what is sent through this session, if there is a trace: for each session that a driver makes.

        What is sent otherwise, the driver writes down with `trace.write`.
        """
        if self.trace is not None:
            self.trace.watch(session)


@dataclass(frozen=True, slots=True)
class ObserveRequest:
    """What to look at: whole resource types, or single objects as (type, external id).

    With `targets` empty, every object of `types` that the endpoint has is wanted, ours or not.
    `known` are the external ids recorded as ours, by type: a driver that must ask for each object apart
    (a guest's configuration) may skip strangers that are not in it and report them with few attributes.
    """

    types: frozenset[str]
    targets: tuple[tuple[str, str], ...] = ()
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LowerRequest:
    """One step to be turned into calls, with everything that the decision may rest on.

    `action` is create, update, delete or adopt (a replacement is lowered as a delete and a create).
    `desired` is None for a delete; `recorded` is None for a create, but for one that replaces an object:
    what can be known to fail is to be known before that object is given up. `referenced` are the recorded
    resources that references point at, where a request needs more than their id (a volume's attachment
    needs to know whether the old server still runs), and by type and external id what the driver's
    `copied_from` named, if it is recorded; `wanted` is what manifests want of them, so that two manifests
    that contradict each other can be refused. `offers` is what the endpoint's last observation in this run
    brought; None where there was none.
    """

    action: Action
    desired: Desired | None
    recorded: Recorded | None
    diff: Diff
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    referenced: Mapping[Reference, Recorded] = field(default_factory=dict)
    wanted: Mapping[Address, Desired] = field(default_factory=dict)
    offers: tuple[Offer, ...] | None = None

    def recorded_of(self, reference: Value | None) -> Recorded | None:
        """What is recorded of a reference's target; None where nothing is, or there is no reference."""
        return self.referenced.get(reference) if isinstance(reference, (Address, ExternalRef)) else None

    def wanted_of(self, reference: Value | None) -> Desired | None:
        """What a manifest wants of a reference's target; None where none does, or there is no reference."""
        return self.wanted.get(reference) if isinstance(reference, Address) else None


@dataclass(frozen=True, slots=True)
class Request:
    """A call with every placeholder filled in: what is sent. Values may be secret: never log them.

    `path` is filled too. `params` stay flat; `providers.flat.unflatten` makes them a tree again.
    """

    operation: str
    method: str
    path: str
    path_params: Mapping[str, str]
    params: Mapping[str, str | int | Decimal | bool | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """What the provider said to a request: the object's id if it was made, and tasks to wait for."""

    external_id: str | None = None
    tasks: tuple[str, ...] = ()


class TaskState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the provider no longer knows the task; look at the object


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A task's state; `message` is the provider's error text or warning, without secrets.

    RUNNING with a message: it could not be asked for just now, so nothing new is known.
    """

    state: TaskState
    message: str = ""


class Driver(Protocol):
    """One provider type, at one endpoint, for one thread."""

    catalog: ClassVar[CatalogPart]

    def observe(self, request: ObserveRequest) -> Observation:
        """Look. Errors of single parts go into `unseen`; raises ProviderError only if nothing can be said."""
        ...

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        """The calls of a step, in order. Pure. Raises PlanError for what the provider cannot do."""
        ...

    def submit(self, request: Request) -> Submission:
        """Send one request, once. Raises ProviderError, `ambiguous` if it may have taken effect."""
        ...

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """The states of tasks, with as few requests as the provider allows.

        A task that could not be asked for just now is left out, or is RUNNING with a message that says why.
        """
        ...


def copied_from(driver: type[Driver], desired: Desired) -> tuple[ExternalRef, ...]:
    """The objects, as (type, external id), that a new one is made from and that no reference names.

    A driver says it with a static method of this name, which it may leave out. What is recorded of them,
    whosever they are, then comes with the request to lower.
    """
    told: Callable[[Desired], tuple[ExternalRef, ...]] | None = getattr(driver, "copied_from", None)
    return told(desired) if told is not None else ()


def key_of(driver: type[Driver], desired: Desired) -> str | None:
    """The external id that a type's natural key gives an object (a rule's path and principal); None: no key.

    A driver says it with a static method of this name, which it may leave out, of types whose identity is
    `key` and whose objects have no room for a mark. The call that makes one must fail where there is one
    already (where the provider's would take it over, the driver lowers a call that looks before it): what
    stands at the key and was neither made nor taken over by us is never changed.
    """
    told: Callable[[Desired], str | None] | None = getattr(driver, "key_of", None)
    return told(desired) if told is not None else None


DriverClass = Callable[[Access], Driver]
"""Calling a driver's class with an Access connects it; making one sends nothing."""

Wire = Any  # what a provider's library hands over; it never leaves a driver

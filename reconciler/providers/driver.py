"""The contract of a driver: five members and `close`, and the values that pass through them.

`catalog` is data; `lower` is pure and says beforehand every request a step will make; `observe`, `submit`
and `poll` talk to the provider. A driver decides nothing about what shall be: it has no planner, it tries a
change once (a read may be tried again), and it remembers nothing that another instance would need. One
instance serves one endpoint, and one thread at a time. How to write one: docs/drivers.md.
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
        """Wait for a place in the budget. To be called before each request, reads too.

        Raises Stopped, a ProviderError that is to be let through, where the run was told to end.
        """
        ...

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None:
        """Report what the provider said of its budget: requests, requests, unix seconds; None: it did not."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """What a driver needs to reach one endpoint. The secret is never printed.

    `endpoint` is its name, which messages begin with. `url` and `credential` are empty where the manifest
    gives none. `owner` is this installation's id, the owner in every mark. `settings` are those that the
    catalog's `provider_type` declares and the manifest sets. `timeout` is (connect, read) in seconds:
    recovery takes a request for over when the time to read has passed.
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
    """What to look at: whole resource types, or single objects as (type, external id). Root types only.

    With `targets` empty, every object of `types` that the endpoint has is wanted, ours or not. With targets
    only they are, whatever `types` says, and no type is complete.

    `known` are, by type, the external ids that are recorded as ours, may be ours by a request whose answer
    was lost, or are to be taken over. A driver that must ask for each object apart (a guest's configuration)
    may skip that for those not in it, and report them with what the list shows. Their names are not to be
    left out nor, where a type is found by its list (`Identity.NAME`, `Identity.KEY`), their marks.
    """

    types: frozenset[str]
    targets: tuple[tuple[str, str], ...] = ()
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LowerRequest:
    """One step to be turned into calls, with everything that the decision may rest on.

    `action` is create, update, delete or adopt (a replacement is lowered as a delete and a create). `desired`
    is None for a delete. `recorded` is None for a create, but where a row is left of an object that is gone
    (`Recorded.exists` says so), or the object is still there that is to be replaced: what can be known to
    fail is to be known before that one is given up.

    `diff` is what to change, which may be less than separates the two: what is not allowed is left out, and a
    step is lowered in part to see which of its changes interrupts a machine. Of a create it is all that is
    given, but not a name that is the manifest's own: what a new object is made of stands in `desired`. An
    `after` of None takes a value off; one equal to `before` takes back what waits for a restart.

    A reference is an address where what it points at has one, else an `ExternalRef`. `referenced` are the
    recorded resources that references point at, where a request needs more than their id (a volume's
    attachment needs to know whether the old server still runs), and by `ExternalRef` what the driver's
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

    `path` is filled too, its parts percent-encoded; `path_params` are the same as plain texts. `params` stay
    flat; `providers.flat.unflatten` makes them a tree again. An external id is a text everywhere, but one of
    digits alone comes as a number in `params`, as does a reserved id; a mark's field is 32 hex digits.
    """

    operation: str
    method: str
    path: str
    path_params: Mapping[str, str]
    params: Mapping[str, str | int | Decimal | bool | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """What the provider said to a request: the object's id if it was made, and tasks to wait for.

    A call that `creates` gives the id, of any other it is ignored. A task is a text by which any process can
    ask for it later: it is written down before it is waited for, with the next run in mind.
    """

    external_id: str | None = None
    tasks: tuple[str, ...] = ()


class TaskState(StrEnum):
    """How far a task is, in the contract's words; `TaskStatus` says what follows from each."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the provider no longer knows the task; look at the object


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A task's state; `message` is the provider's error text or warning, without secrets.

    RUNNING with a message: it could not be asked for just now, so nothing new is known; after two minutes of
    that it is not waited for any more, and the step's end is in doubt. FAILED ends the step as failed.
    UNKNOWN is believed from three answers in a row; then the object says what came of it.
    """

    state: TaskState
    message: str = ""


class Driver(Protocol):
    """One provider type, at one endpoint, for one thread at a time, whichever that is.

    Whatever else than an error of ours is raised by `observe`, `submit` and `poll` counts as an answer that
    could not be understood: nothing is concluded from it, and a change is ambiguous.
    """

    catalog: ClassVar[CatalogPart]

    def observe(self, request: ObserveRequest) -> Observation:
        """Look, and change nothing. What cannot be seen is in `unseen`, a whole type or single objects.

        Raises ProviderError only if nothing at all can be said; then nothing is changed at the endpoint.
        What is in neither `resources`, `absent` nor `unseen`, and of no type in `complete`, stays as it is
        recorded. A root of ours comes with all its parts, or is unseen. Values are canonical (see
        `model.values.canonical`), references are `ExternalRef`s; an attribute that is left out has no value.
        """
        ...

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:
        """The calls of a step, in order; none where nothing is to be sent. Pure: asked as often as one likes.

        Raises PlanError for what the provider cannot do: that resource is blocked, and the plan says why.
        """
        ...

    def submit(self, request: Request) -> Submission:
        """Send one request, once, and do not wait for what it begins. Raises ProviderError.

        `ambiguous`: it may have taken effect. It is never sent again then: an object that it was to make is
        looked for by its identity, any other change is left in doubt for the next observation. `transient`,
        and not ambiguous: it surely had no effect and may succeed later. It is sent again, five times in all
        (nine if `patient`), after `retry_after` seconds or a growing pause. RATE_LIMITED makes all that use
        the endpoint wait. ALREADY_EXISTS of a call that creates: whose it is is looked up. NOT_FOUND of a
        call that deletes: it is done. All else fails the step.
        """
        ...

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """The states of tasks, with as few requests as the provider allows; of many steps at once.

        A task that could not be asked for just now is left out, or is RUNNING with a message that says why;
        if none could be, ProviderError may be raised.
        """
        ...

    def close(self) -> None:
        """Give up what is held, connections above all; nothing is asked of this instance any more.

        Called once, by the thread that it serves, or by another when that one has ended. What is raised is
        ignored. A driver that holds nothing may leave it out.
        """
        ...


def copied_from(driver: type[Driver], desired: Desired) -> tuple[ExternalRef, ...]:
    """The objects that a new one is made from and that no reference names.

    A driver says it with a pure static method of this name, which it may leave out; it is asked of all that
    is planned. What is recorded of them, whosever they are, then comes with the request to lower.
    """
    told: Callable[[Desired], tuple[ExternalRef, ...]] | None = getattr(driver, "copied_from", None)
    return told(desired) if told is not None else ()


def key_of(driver: type[Driver], desired: Desired) -> str | None:
    """The external id that a type's natural key gives an object (a rule's path and principal); None: no key.

    A driver says it with a pure static method of this name, which it may leave out, of types whose identity
    is `key` and whose objects have no room for a mark; it is asked of what shall be made. The call that makes
    one must fail where there is one already (where the provider's would take it over, the driver lowers a
    call that looks before it): what stands at the key and was neither made nor taken over by us is never
    changed.
    """
    told: Callable[[Desired], str | None] | None = getattr(driver, "key_of", None)
    return told(desired) if told is not None else None


DriverClass = Callable[[Access], Driver]
"""Calling a driver's class with an Access makes one for the calling thread, and sends nothing.

Raises ConfigurationError, or OSError, for what makes the endpoint unusable as it is declared.
"""

Wire = Any  # what a provider's library hands over; it never leaves a driver

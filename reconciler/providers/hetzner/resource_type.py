"""What the driver knows of a type of resource.

The general modules (`observe`, `lower`, `submit`) know types by these values alone and name none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from reconciler.model.observation import Offer
from reconciler.model.resource import Desired, Observed, Recorded
from reconciler.providers.driver import LowerRequest, Request, TaskStatus
from reconciler.providers.hetzner.calls import Calls, Change
from reconciler.providers.hetzner.client import HetznerClient
from reconciler.providers.hetzner.reading import Json
from reconciler.providers.hetzner.wire import Wire

T = TypeVar("T")


class Beside(Protocol):
    """What else an observation can see, where an object's own answer does not say all about it."""

    def __call__(self, wire: Wire, digest: Callable[[list[Json]], T]) -> T:
        """All objects of another type, digested; asked for once in an observation. Raises ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """How a type is made, changed and removed. Pure; each raises PlanError for what Hetzner cannot do.

    Adoption is the same for all. `before` is asked first, of all but a deletion: for calls that only look,
    and for what no request can bring about. `around` gets the calls of every step, to put more around them.
    `most_parts` is how many parts of a type there may be.
    """

    create: Callable[[Desired], Calls]
    update: Callable[[Change], Calls]
    delete: Callable[[Recorded], Calls]
    before: Callable[[LowerRequest, Desired], Calls] = lambda _request, _desired: ()
    around: Callable[[LowerRequest, Calls], Calls] = lambda _request, calls: calls
    most_parts: Mapping[str, int] = field(default_factory=dict)


def plain_rules(wire: Wire, create: Callable[[Desired], Calls]) -> Rules:
    """The rules of a type of which only the name and the labels change in place."""
    return Rules(
        create,
        update=lambda change: wire.put(change.recorded.address, wire.naming(change)),
        delete=lambda recorded: (wire.delete(recorded.address),),
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """What is waited for after an operation beside its actions: the task `<task>/<the object's id>`."""

    operation: str
    task: str
    poll: Callable[[HetznerClient, str], TaskStatus]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type of resource.

    `read` makes one object of an answer; what it raises but ProviderError means that it cannot be read.
    `reads`, by operation: calls that change nothing and raise ProviderError where the next ones would fail.
    `own_ip` finds a public address of the version `ipv4` or `ipv6` in an answer. `offers` is what the
    provider has to give of which the type is made; None where that cannot be read.
    """

    wire: Wire
    read: Callable[[Json, Beside], Observed]
    rules: Rules
    reads: Mapping[str, Callable[[HetznerClient, Request], object]] = field(default_factory=dict)
    watch: Watch | None = None
    own_ip: Callable[[Json, str], str] = lambda data, _version: str(data["ip"])
    offers: Callable[[HetznerClient], tuple[Offer, ...] | None] | None = None

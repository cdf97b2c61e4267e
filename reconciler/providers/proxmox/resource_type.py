"""What the driver knows of a type of resource, and of a view of the cluster that shows objects of some.

The general modules (`observe`, `lower`, `submit`) know types by these values alone and name none of them.
A type and a view are two things here, because one list of the cluster shows objects of several types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Observed
from reconciler.model.task_log import Happening
from reconciler.model.values import ExternalRef
from reconciler.providers.driver import LowerRequest, ObserveRequest, Request, Submission, Unseen
from reconciler.providers.proxmox.client import ProxmoxClient

Target = tuple[str, str]
"""An object, as its type and its external id."""
Send = Callable[[ProxmoxClient, Request, Mapping[str, Any]], Submission]


def _nothing(desired: Desired) -> tuple[ExternalRef, ...]:  # noqa: ARG001 - as a type that copies has it
    return ()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type of resource.

    `audit`: the tree that its objects have in the permissions, and the privilege to see one. `created`:
    which parameter of which operation is the new object's id, as ids are chosen by the caller here.
    `starts`: the operations that start something, each with the type of its task. `tasks`: by type, what
    a task can come to. `sends`: the operations that take more than their one request, with the parameters as
    a tree. `copied_from`: what the driver's own member answers.
    """

    name: str
    audit: tuple[str, str]
    lower: Callable[[LowerRequest], tuple[Call, ...]]
    created: Mapping[str, str]
    starts: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, frozenset[Happening]] = field(default_factory=dict)
    sends: Mapping[str, Send] = field(default_factory=dict)
    copied_from: Callable[[Desired], tuple[ExternalRef, ...]] = _nothing


@dataclass(slots=True)
class Look:
    """One observation in the making: views add to it what they see."""

    client: ProxmoxClient
    request: ObserveRequest
    resources: list[Observed] = field(default_factory=list)
    absent: set[Target] = field(default_factory=set)
    unseen: list[Unseen] = field(default_factory=list)

    def known(self, resource_type: str) -> frozenset[str]:
        """The external ids that are recorded as ours."""
        return self.request.known.get(resource_type, frozenset())


class View(Protocol):
    """A list of the cluster, and how an object in it is read whole."""

    @property
    def types(self) -> frozenset[str]:
        """The types whose objects it shows."""
        ...

    def at_all(self, look: Look, types: frozenset[str]) -> None:
        """Every object of these types. Raises ProviderError where nothing can be seen."""
        ...

    def at_targets(self, look: Look, targets: Iterable[Target]) -> None:
        """Single objects. One that is gone for certain is `absent`; raises as `at_all`."""
        ...

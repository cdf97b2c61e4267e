"""The driver without a provider: what a manifest says of such a resource is all there is of it.

Every step has zero calls, so it succeeds at once, and what was desired is what is recorded. An observation
sees nothing and says so in the contract's own terms: no type is complete and no target is absent, so
nothing can be concluded to be gone, and nothing is unseen, so nothing is reported as a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from reconciler.catalog import CatalogPart, load_part
from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.plan import Call
from reconciler.providers.driver import (
    Access,
    LowerRequest,
    Observation,
    ObserveRequest,
    Request,
    Submission,
    TaskState,
    TaskStatus,
)


class LogicalDriver:
    """Needs no URL and no credential."""

    catalog: ClassVar[CatalogPart] = load_part("reconciler.providers.logical")

    def __init__(self, access: Access) -> None:
        self._endpoint = access.endpoint

    def observe(self, request: ObserveRequest) -> Observation:  # noqa: ARG002 - there is nothing to look at
        """Nothing seen, nothing complete, nothing unseen: so nothing follows from it."""
        return Observation()

    @staticmethod
    def lower(request: LowerRequest) -> tuple[Call, ...]:  # noqa: ARG004 - it is the same for all
        """No calls, whatever the step and the type: the catalog knows the types that users add."""
        return ()

    def submit(self, request: Request) -> Submission:
        """Raises ProviderError always: `lower` makes no calls, so there is none to send."""
        raise ProviderError(
            f"{self._endpoint}: {request.operation} was not made by this driver", code=ErrorCode.INVALID
        )

    def poll(self, tasks: Sequence[str]) -> Mapping[str, TaskStatus]:
        """Every task is UNKNOWN, as no call of this driver's can have begun one."""
        return {task: TaskStatus(TaskState.UNKNOWN, "a logical provider has no tasks") for task in tasks}

    def close(self) -> None:
        """Nothing is held."""

"""What came of a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.plan import Action


class Result(StrEnum):
    """How a step ended; docs/debugging.md explains each. Only `done` lets others follow."""

    DONE = "done"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"  # it is not known whether it took effect; it is looked up before anything else
    STALE = "stale"  # the ground of the plan moved; nothing was sent
    BUSY = "busy"  # another worker is at it
    SKIPPED = "skipped"  # what it needs did not succeed
    NOT_STARTED = "not started"  # the run was stopped before


@dataclass(frozen=True, slots=True)
class Outcome:
    """`message` says why not, `hint` what to do; `seconds` is how long it took."""

    address: Address
    action: Action
    result: Result
    message: str = ""
    hint: str = ""
    seconds: float = 0.0
    requests: int = 0
    operation: UUID | None = None  # None where nothing was begun

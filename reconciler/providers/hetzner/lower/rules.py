"""What each resource type's module provides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.diff import Diff
from reconciler.model.plan import Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Scalar

Calls = tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An update: a `LowerRequest` whose two sides are both there."""

    desired: Desired
    recorded: Recorded
    diff: Diff
    settings: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Rules:
    """How one resource type is made, changed and removed. Adoption is the same for all."""

    create: Callable[[Desired], Calls]
    update: Callable[[Change], Calls]
    delete: Callable[[Recorded], Calls]

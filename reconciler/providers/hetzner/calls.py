"""What the lowering of all types shares: a change with both its sides, values as a body has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import Diff, PartAction
from reconciler.model.plan import Call, ExternalId, Param
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import ExternalRef, Scalar, SecretRef, Value

Calls = tuple[Call, ...]
Tree = dict[str, Any]
"""A request's body; its leaves may be placeholders."""


@dataclass(frozen=True, slots=True)
class Change:
    """An update: a `LowerRequest` whose two sides are both there."""

    desired: Desired
    recorded: Recorded
    diff: Diff
    settings: Mapping[str, Scalar]


def changed_parts(change: Change, part_type: str) -> tuple[list[Recorded], list[Desired]]:
    """The parts of one type that go, and those that come."""
    there = {part.address: part for part in change.recorded.parts}
    wanted = {part.address: part for part in change.desired.parts}
    mine = [part for part in change.diff.parts if part.address.type == part_type]
    gone = [there[part.address] for part in mine if part.action is PartAction.DELETE]
    come = [wanted[part.address] for part in mine if part.action is PartAction.CREATE]
    return gone, come


def target_id(value: object) -> Param:
    """The id behind a reference: an address (filled in later) or what the provider itself said."""
    if isinstance(value, ExternalRef):
        return value.external_id
    if isinstance(value, Address):
        return ExternalId(value)
    raise PlanError(f"`{value}` is not a reference")


def target_ids(value: Value | None) -> list[Param]:
    """The ids behind a set of references."""
    return [target_id(item) for item in value] if isinstance(value, tuple) else []


def plain(value: Value | None) -> Any:
    """An attribute as a leaf or list of a request's body."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, int, SecretRef)):
        return value
    raise PlanError(f"a value of type {type(value).__name__} cannot be sent to Hetzner")


def given(desired: Desired, **fields: str) -> Tree:
    """The body's fields whose attributes have a value: `given(desired, size="size_gb")`."""
    values = desired.attributes
    return {field: plain(values[name]) for field, name in fields.items() if values.get(name) is not None}


def at(item: Desired) -> str:
    """Where a manifest says it, to stand behind a name; nothing where that is not known."""
    return f" ({item.origin})" if item.origin is not None else ""


def need_place(desired: Desired, near: str) -> None:
    """Raises PlanError for what would be made nowhere: the API takes a location, or what to be `near`."""
    if desired.attributes.get("location") is None and desired.attributes.get(near) is None:
        raise PlanError(
            f"{desired.address}: it is not said where to make it",
            hint=f"set `location`, or `{near}` for the place of that machine",
        )


def refuse_protected(recorded: Recorded) -> None:
    """Protection is switched off only by a step of its own that a person saw."""
    if recorded.attributes.get("protected") is True:
        raise PlanError(
            f"{recorded.address} is protected against deletion at the provider",
            hint="set `protected: false` in its manifest, apply that, then delete it",
        )

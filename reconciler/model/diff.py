"""A diff: what separates desired from recorded, attribute by attribute, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.values import Value


class Reason(StrEnum):
    """Why a change is there."""

    MANIFEST = "manifest"  # a person changed the manifest
    DRIFT = "drift"  # the object moved away from what was applied
    DEFAULT = "default"  # the manifest says nothing and the catalog's default applies


class PartAction(StrEnum):
    """What happens to a part in its root's step. One that is made anew is deleted and created."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute from `before` to `after`; None means no value. `secret` values are never printed.

    Where the two are equal, another value waits at the provider for a restart, and is taken back.
    """

    name: str
    before: Value | None
    after: Value | None
    reason: Reason
    mutability: Mutability
    secret: bool = False

    @property
    def takes_back(self) -> bool:
        """Whether the value in force stays, and the one that waits for a restart is withdrawn."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part to create, update or delete within its parent's step.

    `reason` says why it comes or goes; of an update each change has its own.
    """

    address: Address
    action: PartAction
    changes: tuple[AttributeChange, ...]
    holds_data: bool = False
    reason: Reason = Reason.MANIFEST


@dataclass(frozen=True, slots=True)
class TagChange:
    """One tag from `before` to `after`; None means that there is no such tag."""

    key: str
    before: str | None
    after: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Diff:
    """All that separates one desired resource from its recorded one; empty means they agree."""

    address: Address
    changes: tuple[AttributeChange, ...] = ()
    parts: tuple[PartChange, ...] = ()
    tags: tuple[TagChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.parts or self.tags)

    def change(self, name: str) -> AttributeChange | None:
        """The change of the root's own attribute, not of a part's; None where it stays."""
        return next((item for item in self.changes if item.name == name), None)

"""Steps of a plan that change the inventory: who is talked to, with which credential, and where places are.

They are done together with the revision that declares them. What would send a credential to a host that it
was not given for waits for a person, like a step that needs an approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.values import Scalar, digest


class InventoryKind(StrEnum):
    """What an inventory step is about, in the order in which one rests on the other."""

    LOCATION = "location"
    CREDENTIAL = "credential"
    PROVIDER = "provider"
    DATACENTER = "datacenter"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's change; None where there is, or shall be, no value. A setting is `settings.NAME`.

    Of a set each element is a change of its own: `host` is a host that a credential is given for.
    """

    name: str
    before: Scalar | None
    after: Scalar | None


@dataclass(frozen=True, slots=True)
class InventoryStep:
    """A change of one object of the inventory. `is_new`: there is none of that name yet.

    `approvals` say why a person must approve it beforehand; empty for ordinary ones.
    """

    kind: InventoryKind
    name: str
    changes: tuple[FieldChange, ...]
    is_new: bool = False
    approvals: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.name}"

    @property
    def key(self) -> tuple[int, str]:
        """Orders the steps of a plan."""
        return list(InventoryKind).index(self.kind), self.name

    def content(self) -> str:
        changes = [f"{each.name!r}: {each.before!r} -> {each.after!r}" for each in self.changes]
        return "\n".join([str(self), "create" if self.is_new else "update", *changes])

    def hash(self) -> str:
        """SHA-256 hex of what it changes. An approval is bound to it."""
        return digest([self.content()]).hex()

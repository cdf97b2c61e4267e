"""Which changes a running container takes on only after it was off. Pure.

The catalog says it for attributes; here are its migration and its parts.
"""

from __future__ import annotations

from reconciler.model.catalog import Mutability
from reconciler.model.diff import PartAction, PartChange
from reconciler.providers.proxmox.types.container.tables import DEVICE, DISK
from reconciler.providers.proxmox.types.guest.build import Change
from reconciler.providers.proxmox.types.guest.moved import DETACHED

_ONLINE = frozenset({"size_gb"})


def needed(change: Change) -> bool:
    """Whether a running container must go off. Whether it may is not decided here."""
    return (
        change.diff.change("pinned_node") is not None
        or any(_waits(part) for part in change.diff.parts)
        or any(item.mutability is Mutability.NEEDS_STOP for item in change.changes())
    )


def _waits(part: PartChange) -> bool:
    if part.address.type == DISK.type:
        online = part.action is PartAction.UPDATE and {item.name for item in part.changes} <= _ONLINE
        return not online and part.action is not PartAction.CREATE
    return part.address.type == DEVICE.type and part.action is not PartAction.CREATE


def replugs(change: Change, source: str, target: str) -> bool:  # noqa: ARG001 - whatever it is set to
    """What is new in a slot comes at once, what goes away waits."""
    return source.startswith(DETACHED)

"""What waits for a restart and is not what is wanted, while what is in force is: it is taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.diff import AttributeChange, PartAction, PartChange
from reconciler.providers.proxmox.types.guest.build import Change
from reconciler.providers.proxmox.types.guest.kind import Kind


def split(kind: Kind, change: Change) -> tuple[set[str], Change]:
    """The options whose waiting change is taken back, and the update without that."""
    own, left = _parted(change.diff.changes)
    names = {item.name for item in own}
    found = {field.option for field in kind.fields if field.attribute in names}
    parts: list[PartChange] = []
    for part in change.diff.parts:
        if part.action is not PartAction.UPDATE:
            parts.append(part)
            continue
        back, rest = _parted(part.changes)
        if back:
            slot = str(change.recorded_part(part.address)["slot"])
            found |= kind.parts[part.address.type].holding(slot, {item.name for item in back})
            if "boot_order" in change.recorded.pending and not change.diff.change("boot_order"):
                found.add("boot")  # with a part that was to go, its place in the order was
        if rest:
            parts.append(replace(part, changes=rest))
    return found, replace(change, diff=replace(change.diff, changes=left, parts=tuple(parts)))


def _parted(
    changes: Iterable[AttributeChange],
) -> tuple[tuple[AttributeChange, ...], tuple[AttributeChange, ...]]:
    listed = tuple(changes)
    back = tuple(item for item in listed if item.takes_back)
    return back, tuple(item for item in listed if not item.takes_back)

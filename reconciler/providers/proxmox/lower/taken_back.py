"""What waits for a restart and is not what is wanted, while what is in force is: it is taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.model.diff import AttributeChange, PartAction, PartChange
from reconciler.providers.proxmox import tables
from reconciler.providers.proxmox.lower.build import Change


def split(change: Change) -> tuple[set[str], Change]:
    """The options whose waiting change is taken back, and the update without that."""
    own, left = _parted(change.diff.changes)
    found = set(_options(change.kind, own))
    parts: list[PartChange] = []
    for part in change.diff.parts:
        if part.action is not PartAction.UPDATE:
            parts.append(part)
            continue
        back, rest = _parted(part.changes)
        if back:
            found |= _slots(change, part)
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


def _options(kind: str, changes: Iterable[AttributeChange]) -> Iterator[str]:
    names = {item.name for item in changes}
    return (field.option for field in tables.GUESTS[kind] if field.attribute in names)


def _slots(change: Change, part: PartChange) -> set[str]:
    slot = str(change.recorded_part(part.address)["slot"])
    names = {item.name for item in part.changes if item.takes_back}
    addresses = {field.attribute for field in tables.IP_CONFIG}
    if part.address.type != "nic" or change.kind != "vm" or not names & addresses:
        return {slot}
    own = {slot} if names - addresses else set()
    return own | {f"ipconfig{slot.removeprefix('net')}"}

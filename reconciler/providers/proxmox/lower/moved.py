"""Disks that are at another slot than they shall be, or detached: their volume is put back. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import PlanError
from reconciler.model.diff import PartAction, PartChange
from reconciler.model.plan import Call
from reconciler.model.values import Attributes
from reconciler.providers.proxmox import fields
from reconciler.providers.proxmox.lower.build import Change, Params, Place

DETACHED = "unused"


def parts(change: Change) -> Iterator[PartChange]:
    """The disks that go to another slot."""
    for part in change.parts("disk", PartAction.UPDATE):
        if any(item.name == "slot" for item in part.changes):
            yield part


def detach(change: Change, place: Place, lock: Params) -> list[Call]:
    """The call that takes them off where they are; their volumes stay. Raises PlanError for a taken slot."""
    sources = {str(change.recorded_part(part.address)["slot"]) for part in parts(change)}
    leaving = sources | {
        str(change.recorded_part(part.address).get("slot"))
        for part in change.parts("disk", PartAction.DELETE)
    }
    for part in parts(change):
        slot = change.merged_part(part)["slot"]
        there = next((each for each in change.recorded.parts if each.attributes.get("slot") == slot), None)
        if there is not None and (slot not in leaving or slot in _destroyed(change)):
            raise PlanError(
                f"{part.address}: its slot {slot} is taken by {there.address}",
                hint=f"take {there.address} off {slot} at the provider, or give one of them another slot",
            )
    attached = sorted(slot for slot in sources if not slot.startswith(DETACHED))
    if not attached:
        return []
    params = (*lock, ("delete", ",".join(attached)))
    return [place.config(params, f"detach {', '.join(attached)}; what is stored on it stays")]


def _destroyed(change: Change) -> set[str]:
    return {
        str(change.recorded_part(part.address).get("slot"))
        for part in change.parts("disk", PartAction.DELETE)
    }


def needs_stop(change: Change) -> bool:
    """Whether the guest must go off for it. Whether it may is not decided here."""
    return change.running and any(
        not _online(change, change.recorded_part(part.address), part) for part in parts(change)
    )


def _online(change: Change, before: Attributes, part: PartChange) -> bool:
    source, target = str(before["slot"]), str(change.merged_part(part)["slot"])
    if change.kind == "container":  # what is new there comes at once, what goes away waits
        return source.startswith(DETACHED)
    hotplug = fields.texts(change.recorded.attributes.get("hotplug"))
    return "disk" in hotplug and all(
        slot.startswith((DETACHED, "scsi", "virtio")) for slot in (source, target)
    )

"""Disks that are at another slot than they shall be, or detached: their volume is put back. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import PlanError
from reconciler.model.diff import PartAction, PartChange
from reconciler.model.plan import Call
from reconciler.providers.proxmox.types.guest.build import Change, Params, Place
from reconciler.providers.proxmox.types.guest.kind import Kind

DETACHED = "unused"


def parts(change: Change) -> Iterator[PartChange]:
    """The disks that go to another slot."""
    for part in change.parts("disk", PartAction.UPDATE):
        if any(item.name == "slot" for item in part.changes):
            yield part


def detach(change: Change, place: Place, lock: Params) -> list[Call]:
    """The call that takes them off where they are; their volumes stay. Raises PlanError for a taken slot."""
    sources = {str(change.recorded_part(part.address)["slot"]) for part in parts(change)}
    destroyed = {
        str(change.recorded_part(part.address).get("slot"))
        for part in change.parts("disk", PartAction.DELETE)
    }
    for part in parts(change):
        slot = change.merged_part(part)["slot"]
        there = next((each for each in change.recorded.parts if each.attributes.get("slot") == slot), None)
        if there is not None and (slot not in sources or slot in destroyed):
            raise PlanError(
                f"{part.address}: its slot {slot} is taken by {there.address}",
                hint=f"take {there.address} off {slot} at the provider, or give one of them another slot",
            )
    attached = sorted(slot for slot in sources if not slot.startswith(DETACHED))
    if not attached:
        return []
    params = (*lock, ("delete", ",".join(attached)))
    return [place.config(params, f"detach {', '.join(attached)}; what is stored on it stays")]


def needs_stop(kind: Kind, change: Change) -> bool:
    """Whether the guest must go off for it. Whether it may is not decided here."""
    return change.running and not all(
        kind.changing.replugs(change, *_slots(change, part)) for part in parts(change)
    )


def _slots(change: Change, part: PartChange) -> tuple[str, str]:
    """Where the disk is, and where it shall be."""
    return str(change.recorded_part(part.address)["slot"]), str(change.merged_part(part)["slot"])

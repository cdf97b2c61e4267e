"""What happens to a guest's volumes beside its configuration: destroyed, moved, grown. Pure."""

from __future__ import annotations

from reconciler.model.diff import PartAction
from reconciler.model.plan import Call, Param
from reconciler.model.values import Value
from reconciler.providers.proxmox.types.guest.build import COPY_TIMEOUT, Change, Params, Place
from reconciler.providers.proxmox.types.guest.kind import Kind

NAMES = frozenset({"size_gb", "storage", "disk_format"})
"""Attributes of a disk that calls of their own change."""


def destroyed(kind: Kind, change: Change, place: Place) -> list[Call]:
    """Removed volumes that were only detached: they are under a number that only the server knows."""
    volumes = [
        change.recorded_part(part.address).get("volume_id")
        for part in change.parts("disk", PartAction.DELETE)
        if kind.changing.detaches
    ]
    return [
        place.call("destroy_volume", "PUT", "/config", f"destroy {volume}", (("volume", str(volume)),))
        for volume in volumes
        if volume and not str(volume).startswith("/")
    ]


def moves(kind: Kind, change: Change, place: Place) -> list[Call]:
    """A call for each disk with another storage or format; its old volume is deleted."""
    calls: list[Call] = []
    for part in change.parts("disk", PartAction.UPDATE):
        after = {item.name: item.after for item in part.changes}
        if not after.keys() & {"storage", "disk_format"}:
            continue
        values, word = change.merged_part(part), kind.changing.volume
        slot, storage = str(values["slot"]), str(values["storage"])
        params: list[tuple[str, Param]] = [(word, slot), ("storage", storage), ("delete", 1)]
        if "disk_format" in after.keys() & kind.parts["disk"].names:
            params.append(("format", str(after["disk_format"])))
        summary = f"move {slot} to {storage}"
        calls.append(place.call("move", "POST", f"/move_{word}", summary, params, timeout=COPY_TIMEOUT))
    return calls


def sizes(change: Change, place: Place) -> list[Call]:
    """A call for each disk that grows, and for each new one from an image that may be smaller."""
    calls: list[Call] = []
    for part in change.parts("disk", PartAction.UPDATE):
        size = next((item.after for item in part.changes if item.name == "size_gb"), None)
        if size is not None:
            calls.append(resize(place, change.merged_part(part)["slot"], size))
    for part in change.parts("disk", PartAction.CREATE):
        wanted = change.wanted_part(part.address)
        if wanted.get("import_from") and (size := wanted.get("size_gb")):
            calls.append(resize(place, wanted["slot"], size, best_effort=True))
    return calls


def resize(place: Place, slot: Value, size: Value, *, best_effort: bool = False) -> Call:
    """Best effort: a copy may be larger already, which the next plan sees and says."""
    params: Params = (("disk", str(slot)), ("size", f"{size}G"))
    summary = f"grow {slot} to {size} GiB"
    return place.call("resize", "PUT", "/resize", summary, params, best_effort=best_effort)

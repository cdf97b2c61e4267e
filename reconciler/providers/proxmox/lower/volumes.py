"""What happens to a guest's volumes beside its configuration: destroyed, moved, grown. Pure."""

from __future__ import annotations

from reconciler.model.diff import PartAction
from reconciler.model.plan import Call, Param
from reconciler.providers.proxmox.lower.build import COPY_TIMEOUT, Change, Params, Place

NAMES = frozenset({"size_gb", "storage", "disk_format"})
"""Attributes of a disk that calls of their own change."""


def destroyed(change: Change, place: Place) -> list[Call]:
    """A container's removed volumes. Detached, they are under a number that only the server knows."""
    if change.kind != "container":
        return []
    volumes = [
        change.recorded_part(part.address).get("volume_id")
        for part in change.parts("disk", PartAction.DELETE)
    ]
    return [
        place.call("destroy_volume", "PUT", "/config", f"destroy {volume}", (("volume", str(volume)),))
        for volume in volumes
        if volume and not str(volume).startswith("/")
    ]


def moves(change: Change, place: Place) -> list[Call]:
    calls: list[Call] = []
    for part in change.parts("disk", PartAction.UPDATE):
        after = {item.name: item.after for item in part.changes}
        if not after.keys() & {"storage", "disk_format"}:
            continue
        values = change.merged_part(part)
        slot, storage = str(values["slot"]), str(values["storage"])
        params: list[tuple[str, Param]] = [("storage", storage), ("delete", 1)]
        summary = f"move {slot} to {storage}"
        if place.kind == "container":
            params.insert(0, ("volume", slot))
            calls.append(place.call("move", "POST", "/move_volume", summary, params, timeout=COPY_TIMEOUT))
            continue
        params.insert(0, ("disk", slot))
        if "disk_format" in after:
            params.append(("format", str(after["disk_format"])))
        calls.append(place.call("move", "POST", "/move_disk", summary, params, timeout=COPY_TIMEOUT))
    return calls


def sizes(change: Change, place: Place) -> list[Call]:
    calls: list[Call] = []
    for part in change.parts("disk", PartAction.UPDATE):
        size = next((item.after for item in part.changes if item.name == "size_gb"), None)
        if size is not None:
            slot = str(change.merged_part(part)["slot"])
            params: Params = (("disk", slot), ("size", f"{size}G"))
            calls.append(place.call("resize", "PUT", "/resize", f"grow {slot} to {size} GiB", params))
    for part in change.parts("disk", PartAction.CREATE):
        wanted = change.wanted_part(part.address)
        if wanted.get("import_from") and (size := wanted.get("size_gb")):
            slot = str(wanted["slot"])
            params = (("disk", slot), ("size", f"{size}G"))
            summary = f"grow {slot} to {size} GiB"
            calls.append(place.call("resize", "PUT", "/resize", summary, params, best_effort=True))
    return calls

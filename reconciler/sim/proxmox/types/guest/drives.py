"""Drives and mount points: from what a caller writes to what the configuration holds.

`local-lvm:32` becomes a new volume, `local-lvm:vm-101-disk-0,size=32G`; a volume that is named must exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.kinds import Kind
from reconciler.sim.proxmox.strings import PropertyFormat, format_size
from reconciler.sim.proxmox.volumes import GIB, Volume
from reconciler.sim.proxmox.world import Guest, World

NEW = re.compile(r"([^:/\s]+):(\d+(?:\.\d+)?)")
CLOUDINIT = re.compile(r"([^:/\s]+):cloudinit")
EFI_SIZE = 4 << 20
TPM_SIZE = 4 << 20


def format_of(kind: Kind, key: str) -> PropertyFormat | None:
    """The format of a key that holds a volume; None for any other key."""
    return kind.volumes.formats.get(key.rstrip("0123456789"))


def parse(kind: Kind, key: str, text: object) -> dict[str, str]:
    """The keys and values of a drive's text. ApiError where the key holds no volume."""
    volume_format = format_of(kind, key)
    if volume_format is None:
        raise failed(f"'{key}' holds no volume")
    return volume_format.parse(str(text))


def volid_of(kind: Kind, key: str, text: object) -> str:
    """What the text says of its volume: an id, `none`, a path, or a wish such as `local-lvm:32`."""
    return parse(kind, key, text)[kind.volumes.key]


def is_cloudinit(volid: str) -> bool:
    """Whether an id or a name is that of a cloud-init drive: `vm-101-cloudinit`."""
    return re.search(r"vm-\d+-cloudinit", volid) is not None


def is_cdrom(kind: Kind, key: str, text: object) -> bool:
    """A CD drive, other than one for cloud-init."""
    values = parse(kind, key, text)
    return values.get("media") == "cdrom" and not is_cloudinit(values[kind.volumes.key])


def keys_with_volumes(guest: Guest) -> list[str]:
    """The keys of the configuration that hold a volume, `unusedN` included."""
    return [key for key in guest.config if format_of(guest.kind, key)]


def storages_named(kind: Kind, key: str, text: object) -> tuple[str | None, bool]:
    """The storage a caller names in a drive, if any, and whether a new volume is asked for there."""
    volid = volid_of(kind, key, text)
    fresh = NEW.fullmatch(volid) or CLOUDINIT.fullmatch(volid)
    storage, separator, _ = volid.partition(":")
    return (storage if separator and not volid.startswith("/") else None), fresh is not None


def place(world: World, guest: Guest, key: str, text: object) -> str:
    """What the configuration will hold; allocates what is new. ApiError where a volume cannot be had."""
    values = parse(guest.kind, key, text)
    default = guest.kind.volumes.key
    volid = values[default]
    if guest.kind.volumes.cloudinit and (found := CLOUDINIT.fullmatch(volid)):
        values[default] = world.volumes.allocate_cloudinit(found[1], guest.node, guest.vmid).volid
        values |= {"media": "cdrom", "size": "4M"}
    elif found := NEW.fullmatch(volid):
        volume = _allocate(world, guest, key, values, found[1], float(found[2]))
        values[default] = volume.volid
        values["size"] = format_size(volume.size)
    elif ":" in volid and not volid.startswith("/"):
        volume = world.volumes.get(volid, guest.node)
        if not key.startswith("unused"):
            values["size"] = format_size(volume.size)
    elif volid in ("none", "cdrom") and guest.kind.volumes.cloudinit:
        values.setdefault("media", "cdrom")
    for spent in ("format", "import-from"):
        values.pop(spent, None)
    return _printed(guest.kind, key, values)


def _allocate(
    world: World, guest: Guest, key: str, values: dict[str, str], storage: str, gibibytes: float
) -> Volume:
    size = int(gibibytes * GIB)
    if "import-from" in values:
        size = world.volumes.get(values["import-from"], guest.node).size
    elif key.startswith("efidisk"):
        size = EFI_SIZE
    elif key.startswith("tpmstate"):
        size = TPM_SIZE
    elif size <= 0:
        raise failed(f"{key}: a new volume needs a size")
    content, _ = guest.kind.volumes.content
    return world.volumes.allocate(
        storage, guest.node, guest.vmid, size, disk_format=values.get("format", ""), content=content
    )


def _printed(kind: Kind, key: str, values: dict[str, str]) -> str:
    volume_format = format_of(kind, key)
    if volume_format is None:
        raise failed(f"'{key}' holds no volume")
    return volume_format.print(values)


def with_volume(kind: Kind, key: str, text: object, volume: Volume) -> str:
    """The same drive on another volume, or on one that has grown. An unused one does not say its size."""
    values = parse(kind, key, text)
    values[kind.volumes.key] = volume.volid
    if not key.startswith("unused"):
        values["size"] = format_size(volume.size)
    return _printed(kind, key, values)


def set_aside(world: World, guest: Guest, key: str, text: object) -> None:
    """A volume that was detached becomes `unusedN`; a cloud-init drive is simply made anew when needed."""
    volid = volid_of(guest.kind, key, text)
    volume = world.volumes.find(volid, guest.node)
    if volume is None or volume.vmid != guest.vmid:
        return
    if is_cloudinit(volid):
        world.volumes.free(volume)
    elif not is_cdrom(guest.kind, key, text):
        list_unused(guest, volid)


def list_unused(guest: Guest, volid: str) -> None:
    """Give a volume the first free `unusedN`."""
    number = next((n for n in range(256) if f"unused{n}" not in guest.config), None)
    if number is None:
        raise failed("Too many unused volumes - please delete them first.")
    guest.config[f"unused{number}"] = volid


def destroy(world: World, guest: Guest, key: str, text: object) -> None:
    """Free a volume for good, where it is the guest's own and no snapshot or other drive needs it."""
    volid = volid_of(guest.kind, key, text)
    volume = world.volumes.find(volid, guest.node)
    if volume is None or volume.vmid != guest.vmid:
        return
    if volid in volids(guest, without=key) | volids_of_snapshots(guest):
        raise failed(f"unable to delete '{volid}' - volume is still in use (snapshot?)")
    world.volumes.free(volume)


def volids(guest: Guest, *, without: str = "") -> set[str]:
    """The volumes that the guest's drives and pending drives name, `unused` ones aside."""
    present = {key: text for key, text in guest.config.items() if key != without}
    return _named(guest.kind, present) | _named(guest.kind, guest.pending)


def volids_of_snapshots(guest: Guest) -> set[str]:
    """The volumes that the drives in the guest's snapshots name, `unused` ones aside."""
    return {volid for shot in guest.snapshots.values() for volid in _named(guest.kind, shot.config)}


def _named(kind: Kind, config: Mapping[str, object]) -> set[str]:
    return {
        volid_of(kind, key, text)
        for key, text in config.items()
        if format_of(kind, key) and not key.startswith("unused")
    }


def set_aside_what_is_left(world: World, guest: Guest, before: Mapping[str, object]) -> None:
    """A volume that a drive had `before` a roll back, and none has now, becomes unused; a CD does not."""
    for key, text in before.items():
        if format_of(guest.kind, key) is None or key.startswith("unused"):
            continue
        values = parse(guest.kind, key, text)
        if values.get("media") != "cdrom" and values[guest.kind.volumes.key] not in volids(guest):
            set_aside(world, guest, key, text)
    drop_used_from_unused(guest)


def drop_used_from_unused(guest: Guest) -> None:
    """An `unusedN` whose volume has been attached again is no longer listed."""
    used = volids(guest)
    for key in [key for key in guest.config if key.startswith("unused")]:
        if volid_of(guest.kind, key, guest.config[key]) in used:
            del guest.config[key]

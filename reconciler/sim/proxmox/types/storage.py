"""Calls on storages: the definitions, their state on a node, the volumes on them."""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, VMID, Call, operation
from reconciler.sim.proxmox.strings import parse_size, split_list
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.volumes import Storage, Volume

TYPES = (
    "btrfs", "cephfs", "cifs", "dir", "esxi", "iscsi", "iscsidirect", "lvm", "lvmthin", "nfs", "pbs", "rbd",
    "zfs", "zfspool",
)  # fmt: skip
AUDIT = ("/storage/{storage}", "Datastore.Audit", "Datastore.AllocateSpace")
CONTENT = "/nodes/{node}/storage/{storage}/content"


def _visible(call: Call) -> list[Storage]:
    return [
        storage
        for storage in call.world.volumes.storages.values()
        if any(call.caller.may(f"/storage/{storage.name}", privilege) for privilege in AUDIT[1:])
    ]


@operation("GET", "/storage", {"type": Param(enum=TYPES)})
def definitions(call: Call) -> list[dict[str, Any]]:
    """The storages that the caller may audit or allocate on, with their types' own properties."""
    wanted = call.params.get("type")
    return [_definition(storage) for storage in _visible(call) if wanted in (None, storage.type)]


@operation("GET", "/storage/{storage}", needs=("/storage/{storage}", "Datastore.Allocate"))
def definition(call: Call) -> dict[str, Any]:
    """One storage as the list of them has it. Datastore.Allocate is needed, an audit does not suffice."""
    return _definition(call.world.volumes.storage(str(call.params["storage"])))


def _definition(storage: Storage) -> dict[str, Any]:
    return {
        "storage": storage.name,
        "type": storage.type,
        "content": ",".join(sorted(storage.content)),
        "shared": int(storage.shared),
        **dict(storage.definition),
    }


def _state(call: Call, storage: Storage) -> dict[str, Any]:
    used = call.world.volumes.used(storage.name, call.node)
    return {
        "type": storage.type,
        "content": ",".join(sorted(storage.content)),
        "shared": int(storage.shared),
        "active": 1,
        "enabled": 1,
        "total": storage.total,
        "used": used,
        "avail": storage.total - used,
    }


@operation(
    "GET",
    "/nodes/{node}/storage",
    {"content": TEXT, "enabled": BOOLEAN, "format": BOOLEAN, "storage": TEXT, "target": TEXT},
)
def storages(call: Call) -> list[dict[str, Any]]:
    """The node's view of each storage, in bytes; `content` asks for those that hold any of a list.

    `target`, if it is another node, asks for those that both see. `enabled` leaves none out, as none is
    disabled here. Storages that the caller may neither audit nor allocate on are left out. A `storage` that
    there is not, or not with that content, is 400 `No such storage.`
    """
    wanted = set(split_list(str(call.params.get("content", ""))))
    found = {
        storage.name
        for storage in call.world.volumes.storages.values()
        if not wanted or wanted & storage.content
    }
    asked = call.params.get("storage")
    if asked is not None and asked not in found:
        raise bad_parameters({"storage": "No such storage."})
    elsewhere = call.params.get("target", call.node) not in (call.node, "localhost")
    rows = []
    for storage in _visible(call):
        if storage.name not in found or asked not in (None, storage.name):
            continue
        if elsewhere and not storage.shared:
            continue
        row = {"storage": storage.name, **_state(call, storage)}
        row["used_fraction"] = row["used"] / row["total"]
        if call.params.get("format"):
            row["formats"] = {"default": "raw", "supported": list(storage.formats)}
        rows.append(row)
    return rows


@operation("GET", "/nodes/{node}/storage/{storage}/status", needs=AUDIT)
def storage_status(call: Call) -> dict[str, Any]:
    """The node's view of one storage, in bytes; 500 `storage '…' does not exist` for none."""
    return _state(call, call.world.volumes.storage(str(call.params["storage"])))


@operation("GET", CONTENT, {"content": TEXT, "vmid": OPTIONAL_VMID}, needs=AUDIT)
def content(call: Call) -> list[dict[str, Any]]:
    """The volumes that the node sees on a storage, by id, whoever owns them; sizes in bytes."""
    wanted, vmid = call.params.get("content"), call.params.get("vmid")
    return [
        _row(volume)
        for volume in sorted(
            call.world.volumes.on(str(call.params["storage"]), call.node), key=lambda volume: volume.volid
        )
        if wanted in (None, volume.content) and vmid in (None, volume.vmid)
    ]


def _row(volume: Volume) -> dict[str, Any]:
    row: dict[str, Any] = {
        "volid": volume.volid,
        "content": volume.content,
        "format": volume.format,
        "size": volume.size,
        "ctime": volume.ctime,
    }
    if volume.vmid is not None:
        row["vmid"] = volume.vmid
    if volume.parent is not None:
        row["parent"] = volume.parent
    return row


@operation(
    "POST",
    CONTENT,
    {
        "filename": Param(required=True),
        "format": Param(enum=("raw", "qcow2", "subvol", "vmdk"), requires="size"),
        "size": Param(required=True, pattern=r"\d+[MG]?"),
        "vmid": VMID,
    },
    needs=("/storage/{storage}", "Datastore.AllocateSpace"),
)
def allocate(call: Call) -> str:
    """A volume by name; a size without a unit is KiB."""
    volumes, vmid = call.world.volumes, call.vmid
    storage = volumes.storage(str(call.params["storage"]))
    name = str(call.params["filename"])
    stem, _, suffix = name.partition(".")
    if not re.fullmatch(rf"vm-{vmid}-\S+", stem):
        raise failed(f"illegal name '{name}' - should be 'vm-{vmid}-*'")
    storage.require("images")
    disk_format = str(call.params.get("format") or suffix or "raw")
    size = str(call.params["size"])
    path = f"{vmid}/{stem}.{disk_format}" if storage.file_based else name
    volume = volumes.add(
        storage.name,
        call.node,
        path,
        "images",
        disk_format,
        parse_size(size if size[-1] in "MG" else f"{size}K"),
        vmid=vmid,
    )
    return volume.volid


def _volume(call: Call) -> Volume:
    """The path may name the volume with its storage or without."""
    storage, name = str(call.params["storage"]), str(call.params["volume"])
    return call.world.volumes.get(name if ":" in name else f"{storage}:{name}", call.node)


@operation("GET", CONTENT + "/{volume}", {"storage": TEXT}, needs=AUDIT)
def volume_attributes(call: Call) -> dict[str, Any]:
    """A volume's size in bytes, all of it used; 500 `volume '…' does not exist` for none."""
    volume = _volume(call)
    path = f"/mnt/{volume.storage}/{volume.name}"
    return {"path": path, "format": volume.format, "size": volume.size, "used": volume.size}


@operation(
    "DELETE",
    CONTENT + "/{volume}",
    {"delay": Param("integer", minimum=1, maximum=30), "storage": TEXT},
    needs=("/storage/{storage}", "Datastore.Allocate", "Datastore.AllocateSpace"),
)
def delete_volume(call: Call) -> str | None:
    """A UPID, or None where it was done within `delay` seconds. Nothing asks whether a guest uses it."""
    volume = _volume(call)
    if call.world.volumes.in_use_as_base(volume):
        raise failed(f"base volume '{volume.name}' is still in use by linked clones")
    waits = call.params.get("delay", -1) >= call.world.tasks.seconds
    owner = "" if volume.vmid is None or drives.is_cloudinit(volume.name) else volume.vmid
    upid = call.task(
        "imgdel", f"{owner}@{volume.storage}", lambda: call.world.volumes.free(volume), at_once=waits
    )
    if not waits:
        return upid
    call.world.tasks.settle()
    return None

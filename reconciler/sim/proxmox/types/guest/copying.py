"""Clones, and the templates they are made from.

A clone takes over its source's configuration, tags and description included; only what must differ is made
anew: MAC addresses, UUIDs, volumes. Its task carries the source's id.
"""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters, failed, missing
from reconciler.sim.proxmox.kinds import Value
from reconciler.sim.proxmox.params import BOOLEAN, TEXT, Param
from reconciler.sim.proxmox.routing import VMID, Call
from reconciler.sim.proxmox.strings import check_dns_name
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.types.guest.calls import discard
from reconciler.sim.proxmox.types.guest.moving import move_guest
from reconciler.sim.proxmox.types.guest.nics import is_nic, with_new_mac
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest, World

CLONE = ("/vms/{vmid}", "VM.Clone")
NAME = Param(check=check_dns_name)
COMMON: dict[str, Param] = {
    "description": TEXT,
    "full": BOOLEAN,
    "newid": VMID,
    "pool": TEXT,
    "snapname": Param(max_length=40),
    "storage": TEXT,
    "target": TEXT,
}
NOT_COPIED = ("parent", "lock", "template", "vmstate", "snaptime")


def clone_guest(call: Call, source: Guest, task: str) -> str:
    """Copy a guest in a task of the given type, and answer its UPID.

    Refused at once: 403 without VM.Allocate on the new id or for an unknown pool; 500 for a lock, an id in
    use, `storage` or `format` of a linked clone, a linked clone of what is no template, and local volumes
    bound for another node. The new guest is there from now on, locked; it goes where the task fails.
    """
    world, given, kind = call.world, call.params, source.kind
    newid = int(given["newid"])
    call.require(f"/vms/{newid}", "VM.Allocate")
    world.require_pool(given.get("pool"))
    call.check_lock(source)
    config = _source_config(source, given.get("snapname"))
    full = bool(given.get("full", not source.template))
    _check_clone(call, source, config, full=full)
    if newid in world.guests:
        raise failed(f"unable to create {source.word} {newid}: config file already exists")
    if kind.cloning.source_lock is not None:
        source.config["lock"] = kind.cloning.source_lock
        world.save(source)
    guest = Guest(newid, kind, source.node, {"lock": kind.cloning.lock})
    world.save(guest)

    def clone() -> None:
        if not world.is_there(guest):
            raise missing(kind.folder, guest.node, guest.vmid)
        guest.config = _copy(call, source, guest, config, full=full)
        if name := given.get(kind.name_key) or _unnamed(source, config):
            guest.config[kind.name_key] = name
        if given.get("description"):
            guest.config["description"] = kind.normalised(world, "description", given["description"])
        world.join_pool(newid, given.get("pool"))
        move_guest(world, guest, str(given.get("target") or guest.node))
        _unlock(world, source)

    def give_up() -> None:
        discard(world, guest)
        _unlock(world, source)

    return call.task(task, source, clone, give_up)


def _unnamed(source: Guest, config: dict[str, Value]) -> str | None:
    text = source.kind.cloning.unnamed
    return text.format(config.get(source.kind.name_key, source.vmid)) if text else None


def _unlock(world: World, source: Guest) -> None:
    """A source that was locked while it was copied is free again."""
    if source.kind.cloning.source_lock is not None and world.is_there(source):
        source.config.pop("lock", None)
        world.save(source)


def _source_config(source: Guest, snapshot: str | None) -> dict[str, Value]:
    if snapshot is None:
        return dict(source.config)
    if snapshot not in source.snapshots:
        raise failed(f"snapshot '{snapshot}' does not exist")
    return dict(source.snapshots[snapshot].section)


def _check_clone(call: Call, source: Guest, config: dict[str, Value], *, full: bool) -> None:
    given, volumes = call.params, call.world.volumes
    for name in ("storage", "format"):
        if name in given and not full:
            raise failed(f"parameter '{name}' not allowed for linked clones")
    if "storage" in given:
        volumes.storage(given["storage"]).require(source.kind.volumes.content[0])
    if not full and not source.template:
        raise failed("Linked clone feature is not supported for a guest that is not a template")
    target = given.get("target")
    if target is None or target == source.node:
        return
    if target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    if call.offline(target):
        raise failed(f"target node '{target}' is not online")
    if "storage" in given and not volumes.storage(given["storage"]).shared:
        raise failed(f"can't clone to non-shared storage '{given['storage']}'")
    local = [volume for _, volume in _sources(call.world, source, config) if volume.node]
    if local:
        raise failed(f"can't clone {source.word} to node '{target}' ({source.word} uses local storage)")


def _sources(world: World, source: Guest, config: dict[str, Value]) -> list[tuple[str, Volume]]:
    """The volumes that a clone needs, by key; CD images and unused volumes are not among them."""
    found = []
    for key, text in config.items():
        if drives.format_of(source.kind, key) is None or key.startswith("unused"):
            continue
        if drives.is_cdrom(source.kind, key, text):
            continue
        found.append((key, world.volumes.get(drives.volid_of(source.kind, key, text), source.node)))
    return found


def _copy(
    call: Call, source: Guest, guest: Guest, config: dict[str, Value], *, full: bool
) -> dict[str, Value]:
    world = call.world
    copied = {
        key: value for key, value in config.items() if key not in NOT_COPIED and not key.startswith("unused")
    }
    for key in [key for key in copied if is_nic(key)]:
        copied[key] = with_new_mac(world, guest, copied[key])
    for key, volume in _sources(world, source, config):
        copied[key] = drives.with_volume(
            source.kind, key, copied[key], _copied_volume(call, guest, volume, full=full)
        )
    source.kind.cloning.renewed(world, copied)
    return copied


def _copied_volume(call: Call, guest: Guest, volume: Volume, *, full: bool) -> Volume:
    volumes = call.world.volumes
    storage = str(call.params.get("storage", volume.storage))
    if drives.is_cloudinit(volume.name):
        return volumes.allocate_cloudinit(storage, guest.node, guest.vmid)
    if not full:
        return volumes.clone(volume, guest.vmid, guest.node)
    wanted = str(call.params.get("format", volume.format if volumes.storage(storage).file_based else "raw"))
    return volumes.allocate(
        storage, guest.node, guest.vmid, volume.size, disk_format=wanted, content=volume.content
    )


def make_template(call: Call, guest: Guest, task: str, *, runs: str) -> str:
    """`runs`: the refusal of a guest that does."""
    call.check_lock(guest)
    disk: Any = call.params.get("disk")
    if guest.snapshots:
        raise failed(f"unable to create template, because {guest.word} contains snapshots")
    if guest.template and disk is None:
        raise failed("you can't convert a template to a template")
    if guest.running:
        raise failed(runs)
    if disk is not None and disk not in guest.config:
        raise bad_parameters({"disk": f"disk '{disk}' does not exist"})

    def convert() -> None:
        for key, volume in _sources(call.world, guest, guest.config):
            if disk in (None, key) and not drives.is_cloudinit(volume.name):
                call.world.volumes.to_base(volume)
                guest.config[key] = drives.with_volume(guest.kind, key, guest.config[key], volume)
        guest.config["template"] = 1
        call.world.save(guest)

    return call.task(task, guest, convert)

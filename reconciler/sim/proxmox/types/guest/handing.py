"""A disk or mount point that becomes another guest's."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sim.proxmox.failure import failed, missing
from reconciler.sim.proxmox.routing import MODIFIED, Call
from reconciler.sim.proxmox.types.guest import drives, pending
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of guest refuses to hand over a volume. Braces: `{guest}`, `{key}`, `{target}`, `{slot}`.

    `digest`: what stands before the refusal of an older one; `{guest}` is then the one that it is about.
    """

    no_target: str
    nodes: str
    template: str
    digest: str
    missing: str
    taken: str
    snapshot: str
    running: str


def hand_over(call: Call, guest: Guest, key: str, slot: str, task: str, words: Words) -> str:
    """Rename a volume to be another guest's, in a task whose id names both guests and both keys.

    Everything is refused at once, and again in the task. The target takes the volume as it takes any change:
    what runs may have to wait for it.
    """
    names = {"guest": guest.vmid, "key": key, "target": int(call.params["target-vmid"]), "slot": slot}
    call.require(f"/vms/{names['target']}", "VM.Config.Disk")

    def say(text: str) -> str:
        return text.format(**names)

    def check() -> tuple[Guest, Volume]:
        target = _target(call, guest, say(words.no_target), words)
        if key not in guest.config:
            raise failed(say(words.missing))
        if slot in target.config:
            raise failed(say(words.taken))
        return target, _volume(call, guest, key, slot, words)

    _, volume = check()
    call.require(f"/storage/{volume.storage}", "Datastore.AllocateSpace")

    def give() -> None:
        target, volume = check()
        _give(call, guest, key, target, slot, volume)

    return call.task(task, say("{guest}-{key}>{target}-{slot}"), give)


def _target(call: Call, guest: Guest, no_target: str, words: Words) -> Guest:
    """The guest that is to have the volume, where neither of the two is in the way."""
    if not call.world.is_there(guest):
        raise missing(guest.kind.folder, guest.node, guest.vmid)
    target = call.world.guests.get(int(call.params["target-vmid"]))
    if target is None:
        raise failed(no_target)
    if target.node != guest.node:
        raise failed(f"{words.nodes} need to be on the same node ({guest.node} != {target.node})")
    if target.kind is not guest.kind:
        raise missing(guest.kind.folder, target.node, target.vmid)
    for one in (guest, target):
        call.check_lock(one)
    if guest.template or target.template:
        raise failed(words.template)
    for one, name in ((guest, "digest"), (target, "target-digest")):
        call.check_digest(one, name=name, text=f"{words.digest} {one.vmid}: {MODIFIED}")
    return target


def _volume(call: Call, guest: Guest, key: str, slot: str, words: Words) -> Volume:
    """The volume, where it can be given away and the slot can hold it."""
    text = guest.config[key]
    if drives.is_cdrom(guest.kind, key, text):
        raise failed("CD drive contents can't be moved to another VM")
    volume = call.world.volumes.get(drives.volid_of(guest.kind, key, text), guest.node)
    if volume.volid in drives.volids_of_snapshots(guest):
        raise failed(words.snapshot)
    if guest.running and not key.startswith("unused"):
        raise failed(words.running)
    try:
        drives.parse(guest.kind, slot, volume.volid if slot.startswith("unused") else text)
    except ValueError as problem:
        raise failed(f"failed to parse source disk for target disk format - {problem}") from None
    return volume


def _give(call: Call, guest: Guest, key: str, target: Guest, slot: str, volume: Volume) -> None:
    world = call.world
    renamed = world.volumes.allocate(
        volume.storage,
        target.node,
        target.vmid,
        volume.size,
        disk_format=volume.format,
        content=volume.content,
    )
    world.volumes.free(volume)
    text = guest.config.pop(key)
    _leave_boot_order(guest, key)
    world.save(guest)
    if slot.startswith("unused"):
        target.config[slot] = renamed.volid
        world.save(target)
    else:
        pending.change(world, target, {slot: drives.with_volume(guest.kind, slot, text, renamed)})


def _leave_boot_order(guest: Guest, key: str) -> None:
    devices = str(guest.config.get("boot", "")).partition("order=")[2].split(";")
    if key in devices:
        left = [device for device in devices if device != key]
        guest.config["boot"] = f"order={';'.join(left)}" if left else " "

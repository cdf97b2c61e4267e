"""Disks that grow or move to another storage or guest, and guests that move to another node."""

from __future__ import annotations

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.params import Param
from reconciler.sim.proxmox.routing import Call
from reconciler.sim.proxmox.strings import parse_size
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest, World

DISK = ("/vms/{vmid}", "VM.Config.Disk")
MIGRATE = ("/vms/{vmid}", "VM.Migrate")
SIZE = Param(required=True, pattern=r"\+?\d+(\.\d+)?[KMGT]?")


def numbered(*stems: tuple[str, int]) -> tuple[str, ...]:
    """Keys with their numbers: `("ide", 4)` is `ide0` to `ide3`."""
    return tuple(f"{stem}{number}" for stem, count in stems for number in range(count))


def volume_of(call: Call, guest: Guest, key: str, *, missing: str) -> Volume:
    """The volume behind a key of the configuration.

    A 500 with the text of `missing` where there is no such key, with another where the volume is gone.
    """
    if key not in guest.config:
        raise failed(missing)
    return call.world.volumes.get(drives.volid_of(guest.kind, key, guest.config[key]), guest.node)


def new_size(volume: Volume, text: str) -> int:
    """Bytes after a resize: `+5G` is added to the present size, `40G` replaces it."""
    wanted = parse_size(text.removeprefix("+"))
    return volume.size + wanted if text.startswith("+") else wanted


def grow(call: Call, guest: Guest, key: str, volume: Volume, size: int) -> None:
    """Make the volume `size` bytes large, and say so in the guest's configuration."""
    volume.size = size
    guest.config[key] = drives.with_volume(guest.kind, key, guest.config[key], volume)
    call.world.save(guest)


def target_storage(call: Call) -> str:
    """The storage that a volume moves to; 400, for `target-vmid` too, where none is named."""
    if "storage" not in call.params:
        text = "either set storage or target-vmid, but not both"
        raise bad_parameters({"storage": text, "target-vmid": text})
    return str(call.params["storage"])


def move_volume_to(call: Call, guest: Guest, key: str, volume: Volume, storage: str) -> None:
    """The old volume stays behind as an unused one, unless it is to be deleted."""
    volumes = call.world.volumes
    disk_format = str(call.params.get("format") or "") if volumes.storage(storage).file_based else ""
    moved = volumes.allocate(
        storage, guest.node, guest.vmid, volume.size, disk_format=disk_format, content=volume.content
    )
    old = guest.config[key]
    guest.config[key] = drives.with_volume(guest.kind, key, old, moved)
    if call.params.get("delete"):
        volumes.free(volume)
    else:
        drives.set_aside(call.world, guest, key, old)
    call.world.save(guest)


def hand_over(call: Call, guest: Guest, key: str, target_key: str, task: str) -> str:
    """A disk becomes another guest's; its volume is renamed."""
    target = call.world.guests.get(int(call.params["target-vmid"]))
    if target is None or target.kind != guest.kind:
        raise failed(f"could not find target {guest.word} {call.params['target-vmid']}")
    if target is guest:
        raise bad_parameters({"target-vmid": "must be different than source VMID to reassign disk"})
    for one in (guest, target):
        call.check_lock(one)
    if target.node != guest.node:
        raise failed(f"Both {guest.word}s need to be on the same node ({guest.node} != {target.node})")
    if guest.template or target.template:
        raise failed("Can't move disks from or to template VMs")
    volume = volume_of(call, guest, key, missing=f"Disk '{key}' for VM '{guest.vmid}' does not exist")
    if target_key in target.config:
        raise failed(f"Target disk key '{target_key}' is already in use for VM '{target.vmid}'")
    if guest.running and not key.startswith("unused"):
        raise failed("Cannot move disk to another VM while the source VM is running - detach first")

    def hand_over() -> None:
        text = guest.config.pop(key)
        fresh = call.world.volumes.allocate(
            volume.storage,
            target.node,
            target.vmid,
            volume.size,
            disk_format=volume.format,
            content=volume.content,
        )
        call.world.volumes.free(volume)
        target.config[target_key] = (
            fresh.volid
            if target_key.startswith("unused")
            else drives.with_volume(guest.kind, target_key, text, fresh)
        )
        for one in (guest, target):
            call.world.save(one)

    return call.task(task, f"{guest.vmid}-{target.vmid}", hand_over)


def target_node(call: Call, guest: Guest) -> str:
    """Where a migration goes: 400 for the node it is on, 500 for an unknown or an offline one."""
    target = str(call.params["target"])
    if target == guest.node:
        raise bad_parameters({"target": "target is local node."})
    if target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    if call.offline(target):
        raise failed(f"target node '{target}' is not online")
    return target


def move_guest(world: World, guest: Guest, node: str) -> None:
    """To another node, with its local volumes."""
    for volume in world.volumes.owned_by(guest.vmid):
        world.volumes.rename(volume, node=node)
    guest.node = node
    world.save(guest)

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


def check_one_target(call: Call) -> None:
    """A volume moves to a storage or to another guest: 400 where both are named, or neither."""
    given = [name for name in ("storage", "target-vmid") if name in call.params]
    if len(given) != 1:
        text = (
            "either set 'storage' or 'target-vmid', but not both"
            if given
            else "both 'storage' and 'target-vmid' missing, either needs to be set"
        )
        raise bad_parameters({"storage": text, "target-vmid": text})


def snapshot_needs(call: Call, guest: Guest, volume: Volume) -> bool:
    """Whether the volume is to be deleted once it has moved, though a snapshot names it."""
    return bool(call.params.get("delete")) and volume.volid in drives.volids_of_snapshots(guest)


def move_volume_to(call: Call, guest: Guest, key: str, volume: Volume, storage: str) -> None:
    """The old volume stays behind as an unused one, unless it is to be deleted.

    It keeps its format where none is asked for, or that cannot be had there.
    """
    volumes = call.world.volumes
    if drives.is_cloudinit(volume.name):
        moved = volumes.allocate_cloudinit(storage, guest.node, guest.vmid)
    else:
        wanted = str(call.params.get("format", volume.format))
        known = wanted in volumes.storage(storage).formats
        moved = volumes.allocate(
            storage,
            guest.node,
            guest.vmid,
            volume.size,
            disk_format=wanted if known else "",
            content=volume.content,
        )
    if guest.template:
        volumes.to_base(moved)
    guest.config[key] = drives.with_volume(guest.kind, key, guest.config[key], moved)
    if call.params.get("delete"):
        volumes.free(volume)
    else:
        drives.list_unused(guest, volume.volid)
    call.world.save(guest)


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

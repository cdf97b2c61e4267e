"""What a container is to the code that all guests share."""

from __future__ import annotations

import re

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.kinds import Cloning, Kind, Nics, Value, Volumes
from reconciler.sim.proxmox.routing import MODIFIED
from reconciler.sim.proxmox.types.guest.rows import size_in
from reconciler.sim.proxmox.types.lxc import formats
from reconciler.sim.proxmox.types.lxc.options import CONTAINER
from reconciler.sim.proxmox.world import Guest, World

BASE = "/nodes/{node}/lxc"
ONE = BASE + "/{vmid}"
NOT_DELETABLE = ("memory", "rootfs", "ostype")
READ_ONLY = "unprivileged"


def _cpus(world: World, guest: Guest) -> int:
    return int(guest.config.get("cores", world.nodes[guest.node].cpus))


def _disk_size(guest: Guest) -> int:
    """Bytes of its root disk."""
    return size_in(str(guest.config.get("rootfs", "")))


def _is_live(guest: Guest, key: str, new: Value | None) -> bool:
    option = guest.kind.option(key)
    if option is not None and option.change == "live":
        return True
    return new is not None and key not in guest.config and re.fullmatch(r"(mp|dev)\d+", key) is not None


def _check_delete(guest: Guest, key: str, holds_volume: bool) -> None:
    if key in NOT_DELETABLE:
        raise failed(f"unable to delete required option '{key}'")
    if key == READ_ONLY:
        raise failed(f"unable to delete read-only option: '{key}'")
    if holds_volume and guest.config.get("protection"):
        raise failed(f"can't remove CT {guest.vmid} drive '{key}' - protection mode enabled")


def _check_set(guest: Guest, key: str, holds_volume: bool) -> None:
    if key == READ_ONLY:
        raise failed(f"unable to modify read-only option: '{key}'")
    if holds_volume and guest.config.get("protection"):
        raise failed(f"can't update CT {guest.vmid} drive '{key}' - protection mode enabled")


KIND = Kind(
    name="lxc",
    word="CT",
    template_word="CT",
    name_key="hostname",
    unnamed="CT{}",
    folder="lxc",
    lock_file="pve-config",
    moved_on=MODIFIED,
    unheard="container did not stop",
    options=CONTAINER,
    volumes=Volumes(formats.MOUNTS, "volume", ("rootdir", "container directories")),
    nics=Nics(formats.NIC, "hwaddr", {"type": "veth"}),
    cloning=Cloning(lock="create", source_lock="disk"),
    cpus=_cpus,
    disk_size=_disk_size,
    is_live=_is_live,
    check_delete=_check_delete,
    check_set=_check_set,
    ends="\n",
    writes_whole=True,
)

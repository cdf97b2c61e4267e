"""A container's volumes that grow or move, and its migration."""

from __future__ import annotations

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, Call, operation
from reconciler.sim.proxmox.types.guest.moving import (
    DISK,
    MIGRATE,
    SIZE,
    grow,
    hand_over,
    move_guest,
    move_volume_to,
    new_size,
    numbered,
    target_node,
    target_storage,
    volume_of,
)
from reconciler.sim.proxmox.types.lxc.kind import KIND, ONE
from reconciler.sim.proxmox.types.lxc.options import BWLIMIT

DISKS = ("rootfs", *numbered(("mp", 256)))
SLOTS = (*DISKS, *numbered(("unused", 256)))


@operation(
    "PUT",
    ONE + "/resize",
    {"digest": DIGEST, "disk": Param(required=True, enum=DISKS), "size": SIZE},
    needs=DISK,
)
def resize_mount(call: Call) -> str:
    """Here the refusals come at once, and a size that is there already is one of them."""
    guest = call.guest(KIND)
    key = str(call.params["disk"])
    call.check_lock(guest)
    call.check_digest(guest)
    volume = volume_of(call, guest, key, missing=f"disk '{key}' does not exist")
    size = new_size(volume, str(call.params["size"]))
    if size < volume.size:
        raise failed("unable to shrink disk size")
    if size == volume.size:
        raise failed("disk is already at specified size")
    return call.task("resize", guest, lambda: grow(call, guest, key, volume, size))


@operation(
    "POST",
    ONE + "/move_volume",
    {
        "bwlimit": BWLIMIT,
        "delete": BOOLEAN,
        "digest": DIGEST,
        "storage": TEXT,
        "target-digest": DIGEST,
        "target-vmid": OPTIONAL_VMID,
        "target-volume": Param(enum=SLOTS),
        "volume": Param(required=True, enum=SLOTS),
    },
    needs=DISK,
)
def move_volume(call: Call) -> str:
    """Move a volume to another storage, or to `target-vmid`, in a task `move_volume`.

    To a storage, 500 at once: `cannot move volumes of a running container`, `you can't move a volume to the
    same storage`, and one that holds no containers.
    """
    guest = call.guest(KIND)
    key = str(call.params["volume"])
    if "target-vmid" in call.params:
        return hand_over(call, guest, key, str(call.params.get("target-volume", key)), "move_volume")
    storage = target_storage(call)
    call.check_lock(guest)
    call.check_digest(guest)
    if guest.running:
        raise failed("cannot move volumes of a running container")
    volume = volume_of(call, guest, key, missing=f"volume '{key}' does not exist")
    if storage == volume.storage:
        raise failed("you can't move a volume to the same storage")
    call.world.volumes.storage(storage).require("rootdir")
    return call.task("move_volume", guest, lambda: move_volume_to(call, guest, key, volume, storage))


@operation(
    "POST",
    ONE + "/migrate",
    {
        "bwlimit": BWLIMIT,
        "online": BOOLEAN,
        "restart": BOOLEAN,
        "target": Param(required=True),
        "target-storage": TEXT,
        "timeout": Param("integer"),
    },
    needs=MIGRATE,
)
def migrate_container(call: Call) -> str:
    """To another node, with local volumes, in a task `vzmigrate`.

    A running container is 500 `can't migrate running container without --online or --restart`. With `online`
    alone it is the task that fails: containers do not move live.
    """
    guest = call.guest(KIND)
    target = target_node(call, guest)
    if guest.running and not (call.params.get("online") or call.params.get("restart")):
        raise failed("can't migrate running container without --online or --restart")
    call.check_lock(guest)

    def migrate() -> None:
        if guest.running and not call.params.get("restart"):
            raise failed("lxc live migration is currently not implemented")
        move_guest(call.world, guest, target)

    return call.task("vzmigrate", guest, migrate)

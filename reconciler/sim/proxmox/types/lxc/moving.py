"""A container's volumes that grow or move, and its migration."""

from __future__ import annotations

from reconciler.sim.proxmox.failure import failed
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, Call, operation
from reconciler.sim.proxmox.types.guest.handing import Words, hand_over
from reconciler.sim.proxmox.types.guest.moving import (
    DISK,
    MIGRATE,
    SIZE,
    check_one_target,
    grow,
    move_guest,
    move_volume_to,
    new_size,
    numbered,
    snapshot_needs,
    target_node,
    volume_of,
)
from reconciler.sim.proxmox.types.guest.power import shut_down, start_guest
from reconciler.sim.proxmox.types.lxc.kind import KIND, ONE
from reconciler.sim.proxmox.types.lxc.options import BWLIMIT
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest

DISKS = ("rootfs", *numbered(("mp", 256)))
SLOTS = (*DISKS, *numbered(("unused", 256)))
WORDS = Words(
    no_target="could not find CT {target}",
    nodes="Both containers",
    template="Can't move volumes from or to template CT",
    digest="Container",
    missing="volume '{key}' for container '{guest}' does not exist",
    taken="Target volume key '{slot}' is already in use for container '{target}'",
    snapshot="Cannot move volume used by a snapshot to another container",
    running="Cannot move in-use volume while the source CT is running - detach or shutdown first",
)


@operation(
    "PUT",
    ONE + "/resize",
    {"digest": DIGEST, "disk": Param(required=True, enum=DISKS), "size": SIZE},
    needs=DISK,
)
def resize_mount(call: Call) -> str:
    """Here the refusals come at once, and again in the task; a size that is there already is one of them."""
    guest = call.guest(KIND)
    key = str(call.params["disk"])

    def check() -> tuple[Volume, int]:
        call.check_lock(guest)
        call.check_digest(guest)
        volume = volume_of(call, guest, key, missing=f"disk '{key}' does not exist")
        size = new_size(volume, str(call.params["size"]))
        if size < volume.size:
            raise failed("unable to shrink disk size")
        if size == volume.size:
            raise failed("disk is already at specified size")
        return volume, size

    check()
    return call.task("resize", guest, lambda: grow(call, guest, key, *check()))


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

    To a storage, 500 at once: a lock, `cannot move volumes of a running container`, an unused volume,
    `delete` of what a snapshot needs, an older digest. A storage that holds no containers is the task's
    error. The container is locked with `disk` until the task ends.
    """
    guest = call.guest(KIND)
    key = str(call.params["volume"])
    if "storage" in call.params and "target-vmid" in call.params:
        raise failed("either set storage or target-vmid, but not both")
    check_one_target(call)
    if "target-vmid" in call.params:
        return _hand_over(call, guest, key, str(call.params.get("target-volume", key)))
    storage = str(call.params["storage"])
    call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
    volume = _movable(call, guest, key)
    guest.config["lock"] = "disk"
    call.world.save(guest)

    def unlock() -> None:
        if call.world.is_there(guest):
            guest.config.pop("lock", None)
            call.world.save(guest)

    def move() -> None:
        if "rootdir" not in call.world.volumes.storage(storage).content:
            text = f"content type 'rootdir' is not available or configured on storage '{storage}'"
            raise failed(text)
        move_volume_to(call, guest, key, volume, storage)
        unlock()

    return call.task("move_volume", guest, move, unlock)


def _hand_over(call: Call, guest: Guest, key: str, slot: str) -> str:
    if "rootfs" in (key, slot):
        raise failed("Cannot move to/from 'rootfs'")
    if key.startswith("unused") and not slot.startswith("unused"):
        raise failed("Moving an unused volume to a used one is not possible")
    return hand_over(call, guest, key, slot, "move_volume", WORDS)


def _movable(call: Call, guest: Guest, key: str) -> Volume:
    """The volume that moves, where nothing is in its way."""
    call.check_lock(guest)
    if guest.running:
        raise failed("cannot move volumes of a running container")
    if key.startswith("unused"):
        raise failed(f"cannot move volume '{key}', only configured volumes can be moved to another storage")
    volume = volume_of(call, guest, key, missing=f"volume '{key}' does not exist")
    if snapshot_needs(call, guest, volume):
        raise failed("you can't move a volume with snapshots and delete the source")
    call.check_digest(guest)
    return volume


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

    A running container is 500 `can't migrate running container without --online or --restart`. With `online`,
    and whether `restart` is there or not, it is the task that fails: containers do not move live. With
    `restart` alone it is shut down, moved and started, and what was pending takes effect. A lock is the
    task's error.
    """
    guest = call.guest(KIND)
    target = target_node(call, guest)
    if guest.running and not (call.params.get("online") or call.params.get("restart")):
        raise failed("can't migrate running container without --online or --restart")

    def migrate() -> None:
        call.check_lock(guest)
        runs = guest.running
        if runs and call.params.get("online"):
            raise failed("lxc live migration is currently not implemented")
        if runs and not call.params.get("restart"):
            raise failed("running container can only be migrated in restart mode")
        shut_down(call.world, guest, force=False)
        move_guest(call.world, guest, target)
        if runs:
            start_guest(call.world, guest)

    return call.task("vzmigrate", guest, migrate)

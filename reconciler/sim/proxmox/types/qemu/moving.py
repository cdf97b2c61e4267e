"""A machine's disks that grow or move, and its migration."""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, ROOT_BOOLEAN, ROOT_TEXT, TEXT, Param
from reconciler.sim.proxmox.routing import MODIFIED, OPTIONAL_VMID, SKIPLOCK, Call, operation
from reconciler.sim.proxmox.types.guest import drives
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
from reconciler.sim.proxmox.types.qemu.kind import KIND, ONE
from reconciler.sim.proxmox.types.qemu.options import BWLIMIT
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest

DISKS = (*numbered(("ide", 4), ("scsi", 31), ("virtio", 16), ("sata", 6)), "efidisk0", "tpmstate0")
SLOTS = (*DISKS, *numbered(("unused", 256)))
WORDS = Words(
    no_target="could not find target VM {target}",
    nodes="Both VMs",
    template="Can't move disks from or to template VMs",
    digest="VM",
    missing="Disk '{key}' for VM '{guest}' does not exist",
    taken="Target disk key '{slot}' is already in use for VM '{target}'",
    snapshot="Can't move disk used by a snapshot to another VM",
    running="Cannot move disk to another VM while the source VM is running - detach first",
)


@operation(
    "PUT",
    ONE + "/resize",
    {"digest": DIGEST, "disk": Param(required=True, enum=DISKS), "size": SIZE, **SKIPLOCK},
    needs=DISK,
)
def resize_disk(call: Call) -> str:
    """Everything is looked at in the task only, so a refusal is the task's error."""
    guest = call.guest(KIND)
    key = str(call.params["disk"])

    def resize() -> None:
        call.check_digest(guest)
        call.check_lock(guest)
        volume = volume_of(call, guest, key, missing=f"disk '{key}' does not exist")
        if drives.is_cdrom(KIND, key, guest.config[key]):
            raise failed("you can't resize a cdrom")
        size = new_size(volume, str(call.params["size"]))
        if size < volume.size:
            raise failed("shrinking disks is not supported")
        if size > volume.size:
            grow(call, guest, key, volume, size)

    return call.task("resize", guest, resize)


@operation(
    "POST",
    ONE + "/move_disk",
    {
        "bwlimit": BWLIMIT,
        "delete": BOOLEAN,
        "digest": DIGEST,
        "disk": Param(required=True, enum=SLOTS),
        "format": Param(enum=("raw", "qcow2", "vmdk")),
        "storage": TEXT,
        "target-digest": DIGEST,
        "target-disk": Param(enum=SLOTS),
        "target-vmid": OPTIONAL_VMID,
    },
    needs=DISK,
)
def move_disk(call: Call) -> str:
    """Move a disk to another storage or format, or to `target-vmid`, in a task `qmmove`.

    To a storage, at once and again in the task: 500 for a lock, an older digest (in the words of
    containers), `you can't move a cdrom`, `you can't move to the same storage with same format`, and `delete`
    of what a snapshot needs; 400 for one that holds no images. A running machine is no hindrance, but for its
    TPM state.
    """
    guest = call.guest(KIND)
    key = str(call.params["disk"])
    check_one_target(call)
    if "target-vmid" in call.params:
        if int(call.params["target-vmid"]) == guest.vmid:
            raise bad_parameters({"target-vmid": "must be different than source VMID to reassign disk"})
        return hand_over(call, guest, key, str(call.params.get("target-disk", key)), "qmmove", WORDS)
    storage = str(call.params["storage"])
    call.require(f"/storage/{storage}", "Datastore.AllocateSpace")

    def move() -> None:
        volume = _movable(call, guest, key, storage)
        if guest.running and key == "tpmstate0":
            raise failed("storage migration failed: cannot move TPM state while VM is running")
        move_volume_to(call, guest, key, volume, storage)

    _movable(call, guest, key, storage)
    return call.task("qmmove", guest, move)


def _movable(call: Call, guest: Guest, key: str, storage: str) -> Volume:
    """The volume that moves, where nothing is in its way."""
    call.check_lock(guest)
    call.check_digest(guest, text=MODIFIED)
    if key in guest.config and drives.is_cdrom(KIND, key, guest.config[key]):
        raise failed("you can't move a cdrom")
    volume = volume_of(call, guest, key, missing=f"disk '{key}' does not exist")
    if storage == volume.storage and call.params.get("format", volume.format) == volume.format:
        raise failed("you can't move to the same storage with same format")
    if "images" not in call.world.volumes.storage(storage).content:
        raise bad_parameters({"storage": f"storage '{storage}' does not support vm images"})
    if snapshot_needs(call, guest, volume):
        raise failed("you can't move a disk with snapshots and delete the source")
    return volume


@operation(
    "POST",
    ONE + "/migrate",
    {
        "bwlimit": BWLIMIT,
        "force": ROOT_BOOLEAN,
        "migration_network": ROOT_TEXT,
        "migration_type": Param(enum=("secure", "insecure"), root_only=True),
        "online": BOOLEAN,
        "target": Param(required=True),
        "targetstorage": TEXT,
        "with-conntrack-state": BOOLEAN,
        "with-local-disks": BOOLEAN,
    },
    needs=MIGRATE,
)
def migrate_machine(call: Call) -> str:
    """To another node, with local volumes, in a task `qmigrate`.

    A running machine is 500 `can't migrate running VM without --online`. Where it has local volumes, and
    `with-local-disks` is not given, it is the task that fails, as `migration aborted`.
    """
    guest = call.guest(KIND)
    target = target_node(call, guest)
    if guest.running and not call.params.get("online"):
        raise failed("can't migrate running VM without --online")
    call.check_lock(guest)

    def migrate() -> None:
        local = [volume.volid for volume in call.world.volumes.owned_by(guest.vmid) if volume.node]
        if guest.running and local and not call.params.get("with-local-disks"):
            raise failed("migration aborted")
        move_guest(call.world, guest, target)

    return call.task("qmigrate", guest, migrate)


@operation("GET", ONE + "/migrate", {"target": TEXT}, needs=MIGRATE)
def migration_conditions(call: Call) -> dict[str, Any]:
    """What stands in a migration's way: volumes on local storages.

    The nodes that it may go to, those online, are named of a stopped machine only.
    """
    guest = call.guest(KIND)
    others = sorted(node for node in call.world.nodes if node != guest.node and not call.offline(node))
    answer: dict[str, Any] = {
        "running": int(guest.running),
        "has-dbus-vmstate": 1,
        "local_resources": [],
        "mapped-resources": [],
        "mapped-resource-info": {},
        "local_disks": [
            {"volid": volume.volid, "size": volume.size, "cdrom": 0, "is_unused": 0}
            for volume in call.world.volumes.owned_by(guest.vmid)
            if volume.node
        ],
    }
    return answer if guest.running else {**answer, "allowed_nodes": others, "not_allowed_nodes": {}}

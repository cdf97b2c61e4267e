"""Disks that grow or move to another storage or guest, and guests that move to another node."""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox import drives
from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.options import BWLIMIT, CT_BWLIMIT
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, TEXT, Param
from reconciler.sim.proxmox.routing import OPTIONAL_VMID, SKIPLOCK, Call, operation
from reconciler.sim.proxmox.strings import parse_size
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest, World

VM = "/nodes/{node}/qemu/{vmid}"
CT = "/nodes/{node}/lxc/{vmid}"
DISK = ("/vms/{vmid}", "VM.Config.Disk")
MIGRATE = ("/vms/{vmid}", "VM.Migrate")
SIZE = Param(required=True, pattern=r"\+?\d+(\.\d+)?[KMGT]?")


def _keys(*stems: tuple[str, int]) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for stem, count in stems for number in range(count))


VM_DISKS = (*_keys(("ide", 4), ("scsi", 31), ("virtio", 16), ("sata", 6)), "efidisk0", "tpmstate0")
VM_SLOTS = (*VM_DISKS, *_keys(("unused", 256)))
CT_DISKS = ("rootfs", *_keys(("mp", 256)))
CT_SLOTS = (*CT_DISKS, *_keys(("unused", 256)))


def _volume(call: Call, guest: Guest, key: str, *, missing: str) -> Volume:
    if key not in guest.config:
        raise failed(missing)
    return call.world.volumes.get(drives.volid_of(guest.kind, key, guest.config[key]), guest.node)


def _new_size(volume: Volume, text: str) -> int:
    wanted = parse_size(text.removeprefix("+"))
    return volume.size + wanted if text.startswith("+") else wanted


def _grow(call: Call, guest: Guest, key: str, volume: Volume, size: int) -> None:
    volume.size = size
    guest.config[key] = drives.with_volume(guest.kind, key, guest.config[key], volume)
    call.world.save(guest)


@operation(
    "PUT",
    VM + "/resize",
    {"digest": DIGEST, "disk": Param(required=True, enum=VM_DISKS), "size": SIZE, **SKIPLOCK},
    needs=DISK,
)
def resize_disk(call: Call) -> str:
    """Everything is looked at in the task only, so a refusal is the task's error."""
    guest = call.guest("qemu")
    key = str(call.params["disk"])

    def resize() -> None:
        if call.params.get("digest", guest.digest) != guest.digest:
            raise failed("checksum mismatch (file change by other user?)")
        call.check_lock(guest)
        volume = _volume(call, guest, key, missing=f"disk '{key}' does not exist")
        if drives.is_cdrom("qemu", key, guest.config[key]):
            raise failed("you can't resize a cdrom")
        size = _new_size(volume, str(call.params["size"]))
        if size < volume.size:
            raise failed("shrinking disks is not supported")
        if size > volume.size:
            _grow(call, guest, key, volume, size)

    return call.task("resize", guest, resize)


@operation(
    "PUT",
    CT + "/resize",
    {"digest": DIGEST, "disk": Param(required=True, enum=CT_DISKS), "size": SIZE},
    needs=DISK,
)
def resize_mount(call: Call) -> str:
    """Here the refusals come at once, and a size that is there already is one of them."""
    guest = call.guest("lxc")
    key = str(call.params["disk"])
    call.check_lock(guest)
    call.check_digest(guest)
    volume = _volume(call, guest, key, missing=f"disk '{key}' does not exist")
    size = _new_size(volume, str(call.params["size"]))
    if size < volume.size:
        raise failed("unable to shrink disk size")
    if size == volume.size:
        raise failed("disk is already at specified size")
    return call.task("resize", guest, lambda: _grow(call, guest, key, volume, size))


@operation(
    "POST",
    VM + "/move_disk",
    {
        "bwlimit": BWLIMIT,
        "delete": BOOLEAN,
        "digest": DIGEST,
        "disk": Param(required=True, enum=VM_SLOTS),
        "format": Param(enum=("raw", "qcow2", "vmdk")),
        "storage": TEXT,
        "target-digest": DIGEST,
        "target-disk": Param(enum=VM_SLOTS),
        "target-vmid": OPTIONAL_VMID,
    },
    needs=DISK,
)
def move_disk(call: Call) -> str:
    guest = call.guest("qemu")
    key = str(call.params["disk"])
    if "target-vmid" in call.params:
        return _hand_over(call, guest, key, str(call.params.get("target-disk", key)), "qmmove")
    storage = _target_storage(call)
    call.check_lock(guest)
    call.check_digest(guest)
    volume = _volume(call, guest, key, missing=f"disk '{key}' does not exist")
    if drives.is_cdrom("qemu", key, guest.config[key]) or drives.is_cloudinit(volume.name):
        raise failed("you can't move a cdrom")
    wanted = call.params.get("format", volume.format)
    if storage == volume.storage and wanted == volume.format:
        raise failed("you can't move to the same storage with same format")
    call.world.volumes.storage(storage).require("images")
    return call.task("qmmove", guest, lambda: _move(call, guest, key, volume, storage))


@operation(
    "POST",
    CT + "/move_volume",
    {
        "bwlimit": CT_BWLIMIT,
        "delete": BOOLEAN,
        "digest": DIGEST,
        "storage": TEXT,
        "target-digest": DIGEST,
        "target-vmid": OPTIONAL_VMID,
        "target-volume": Param(enum=CT_SLOTS),
        "volume": Param(required=True, enum=CT_SLOTS),
    },
    needs=DISK,
)
def move_volume(call: Call) -> str:
    guest = call.guest("lxc")
    key = str(call.params["volume"])
    if "target-vmid" in call.params:
        return _hand_over(call, guest, key, str(call.params.get("target-volume", key)), "move_volume")
    storage = _target_storage(call)
    call.check_lock(guest)
    call.check_digest(guest)
    if guest.running:
        raise failed("cannot move volumes of a running container")
    volume = _volume(call, guest, key, missing=f"volume '{key}' does not exist")
    if storage == volume.storage:
        raise failed("you can't move a volume to the same storage")
    call.world.volumes.storage(storage).require("rootdir")
    return call.task("move_volume", guest, lambda: _move(call, guest, key, volume, storage))


def _target_storage(call: Call) -> str:
    if "storage" not in call.params:
        text = "either set storage or target-vmid, but not both"
        raise bad_parameters({"storage": text, "target-vmid": text})
    return str(call.params["storage"])


def _move(call: Call, guest: Guest, key: str, volume: Volume, storage: str) -> None:
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


def _hand_over(call: Call, guest: Guest, key: str, target_key: str, task: str) -> str:
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
    volume = _volume(call, guest, key, missing=f"Disk '{key}' for VM '{guest.vmid}' does not exist")
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


@operation(
    "POST",
    VM + "/migrate",
    {
        "bwlimit": BWLIMIT,
        "force": BOOLEAN,
        "migration_network": TEXT,
        "migration_type": Param(enum=("secure", "insecure")),
        "online": BOOLEAN,
        "target": Param(required=True),
        "targetstorage": TEXT,
        "with-conntrack-state": BOOLEAN,
        "with-local-disks": BOOLEAN,
    },
    needs=MIGRATE,
)
def migrate_machine(call: Call) -> str:
    guest = call.guest("qemu")
    target = _target_node(call, guest)
    if guest.running and not call.params.get("online"):
        raise failed("can't migrate running VM without --online")
    call.check_lock(guest)

    def migrate() -> None:
        local = [volume.volid for volume in call.world.volumes.owned_by(guest.vmid) if volume.node]
        if guest.running and local and not call.params.get("with-local-disks"):
            raise failed("migration aborted")
        move_guest(call.world, guest, target)

    return call.task("qmigrate", guest, migrate)


@operation("GET", VM + "/migrate", {"target": TEXT}, needs=MIGRATE)
def migration_conditions(call: Call) -> dict[str, Any]:
    guest = call.guest("qemu")
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


@operation(
    "POST",
    CT + "/migrate",
    {
        "bwlimit": CT_BWLIMIT,
        "online": BOOLEAN,
        "restart": BOOLEAN,
        "target": Param(required=True),
        "target-storage": TEXT,
        "timeout": Param("integer"),
    },
    needs=MIGRATE,
)
def migrate_container(call: Call) -> str:
    guest = call.guest("lxc")
    target = _target_node(call, guest)
    if guest.running and not (call.params.get("online") or call.params.get("restart")):
        raise failed("can't migrate running container without --online or --restart")
    call.check_lock(guest)

    def migrate() -> None:
        if guest.running and not call.params.get("restart"):
            raise failed("lxc live migration is currently not implemented")
        move_guest(call.world, guest, target)

    return call.task("vzmigrate", guest, migrate)


def _target_node(call: Call, guest: Guest) -> str:
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

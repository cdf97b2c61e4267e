"""Calls on virtual machines: list, create, read and change the configuration, delete."""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.proxmox.failure import ApiError, bad_parameters, failed
from reconciler.sim.proxmox.kinds import Value
from reconciler.sim.proxmox.options import params
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, TEXT, Param
from reconciler.sim.proxmox.routing import SKIPLOCK, VMID, Call, operation
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.types.guest import drives, pending
from reconciler.sim.proxmox.types.guest.calls import (
    NEW_GUEST,
    change_now,
    check_options,
    create_placeholder,
    discard,
    prepare_change,
    read_config,
    read_pending,
    remove,
    resolve_cdrom,
)
from reconciler.sim.proxmox.types.guest.nics import complete, is_nic
from reconciler.sim.proxmox.types.guest.power import start_after_creation
from reconciler.sim.proxmox.types.guest.rows import listed
from reconciler.sim.proxmox.types.guest.snapshots import declare
from reconciler.sim.proxmox.types.qemu.kind import BASE, KIND, ONE
from reconciler.sim.proxmox.types.qemu.options import BWLIMIT, MACHINE
from reconciler.sim.proxmox.world import Guest, World

AUDIT = ("/vms/{vmid}", "VM.Audit")
CONFIG_PRIVILEGES = (
    "/vms/{vmid}", "VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Memory",
    "VM.Config.Network", "VM.Config.HWType", "VM.Config.Options", "VM.Config.Cloudinit",
)  # fmt: skip
CHANGE = {
    **params(MACHINE),
    "delete": TEXT,
    "revert": TEXT,
    "digest": DIGEST,
    "force": Param("boolean", requires="delete"),
    **SKIPLOCK,
}
CREATE_ONLY = {
    "archive": Param(max_length=255),
    "bwlimit": BWLIMIT,
    "force": Param("boolean", requires="archive"),
    "ha-managed": BOOLEAN,
    "import-working-storage": TEXT,
    "live-restore": BOOLEAN,
    "pool": TEXT,
    "start": BOOLEAN,
    "storage": TEXT,
    "unique": Param("boolean", requires="archive"),
}


@operation("GET", BASE, {"full": BOOLEAN})
def list_machines(call: Call) -> list[dict[str, Any]]:
    """The node's machines that the caller may audit; others are left out without a word.

    `full` adds the `qmpstatus` of those that run.
    """
    rows = []
    for guest in call.guests.values():
        if guest.kind is KIND and guest.node == call.node and call.sees(guest):
            row = _listed(call, guest)
            if call.params.get("full") and guest.running:
                row["qmpstatus"] = "paused" if guest.paused else row["status"]
            rows.append(row)
    return rows


def _listed(call: Call, guest: Guest) -> dict[str, Any]:
    row = listed(call.world, guest, call.lock_of(guest))
    del row["disk"]
    if guest.running:
        row["pid"] = 10_000 + guest.vmid
    return row


@operation("POST", BASE, {**params(MACHINE), **CREATE_ONLY, "vmid": VMID})
def create_machine(call: Call) -> str:
    """Make a machine in a task `qmcreate`, and answer its UPID.

    Refused at once: 403 without VM.Allocate or an option's privilege, or for an unknown pool; 400 for a
    storage that holds no images; 500 for an id in use, and for every `archive`, as there are no backups here.
    Its volumes are made in the task; where that fails, the machine goes again.
    """
    call.require(f"/vms/{call.vmid}", "VM.Allocate")
    call.world.require_pool(call.params.get("pool"))
    values = call.take(*NEW_GUEST, "archive", "import-working-storage", "live-restore")
    resolve_cdrom(values)
    check_options(call, KIND, values, [])
    if "archive" in call.params:
        raise failed(f"unable to restore VM {call.vmid} - volume '{call.params['archive']}' does not exist")
    guest = create_placeholder(call, KIND)

    def create() -> int | None:
        try:
            _fill(call.world, guest, values)
        except ApiError as error:
            raise failed(f"unable to create VM {guest.vmid} - {error.text}") from None
        call.world.join_pool(guest.vmid, call.params.get("pool"))
        return start_after_creation(call.world, guest) if call.params.get("start") else None

    return call.task("qmcreate", guest, create, lambda: discard(call.world, guest))


def _fill(world: World, guest: Guest, values: dict[str, Value]) -> None:
    """The configuration of a new machine: what was asked for and what the server adds."""
    config: dict[str, Value] = {}
    for key, value in values.items():
        if drives.format_of(KIND, key):
            config[key] = drives.place(world, guest, key, value)
        elif is_nic(key):
            config[key] = complete(world, guest, value)
        else:
            config[key] = KIND.normalised(world, key, value)
    config.setdefault("boot", _default_boot(config))
    config.setdefault("smbios1", f"uuid={world.new_uuid()}")
    config.setdefault("vmgenid", world.new_uuid())
    config["meta"] = f"creation-qemu=10.1.2,ctime={int(world.clock())}"
    guest.config = config
    world.save(guest)


def _default_boot(config: dict[str, Value]) -> str:
    """The first disk, the first CD drive, the first network device."""
    disks = [key for key in config if re.fullmatch(r"(scsi|virtio|sata|ide)\d+", key)]
    plain = sorted(key for key in disks if "media=cdrom" not in str(config[key]))
    discs = sorted(key for key in disks if drives.is_cdrom(KIND, key, config[key]))
    nics = sorted(key for key in config if is_nic(key))
    return f"order={';'.join([*plain[:1], *discs[:1], *nics[:1]])}"


@operation("GET", ONE + "/config", {"current": BOOLEAN, "snapshot": Param(max_length=40)}, needs=AUDIT)
def machine_config(call: Call) -> dict[str, Any]:
    """`read_config` of a machine; a cloud-init password is given as asterisks."""
    return read_config(call, KIND)


@operation("GET", ONE + "/pending", needs=AUDIT)
def machine_pending(call: Call) -> list[dict[str, Any]]:
    """`read_pending` of a machine: never empty, as the digest is always among the rows."""
    return read_pending(call, KIND)


@operation("GET", ONE + "/status/current", needs=AUDIT)
def machine_status(call: Call) -> dict[str, Any]:
    """The row of the node's list, with `qmpstatus`, the agent where it is on, and `ha`.

    The versions of QEMU and of the machine are there only while it runs.
    """
    guest = call.guest(KIND)
    row = _listed(call, guest) | {"ha": {"managed": 0}}
    row["qmpstatus"] = "paused" if guest.paused else row["status"]
    if str(guest.config.get("agent", "0")).removeprefix("enabled=").startswith("1"):
        row["agent"] = 1
    if guest.running:
        row["running-qemu"] = "10.1.2"
        row["running-machine"] = "pc-i440fx-10.1+pve0"
    return row


@operation("PUT", ONE + "/config", CHANGE, needs=CONFIG_PRIVILEGES)
def change_machine(call: Call) -> None:
    """The change at once, drives included; answers null. What must wait for a start is pending.

    500 `checksum mismatch (file change by other user?)` for a stale digest, `VM is locked (…)` for a lock;
    400 `hotplug problem - …` for what a running machine cannot be asked: it stays pending, the rest is done.
    """
    guest, values, deletes, reverts = prepare_change(call, KIND)
    change_now(call, guest, values, deletes, reverts)


@operation(
    "POST",
    ONE + "/config",
    {
        **CHANGE,
        "background_delay": Param("integer", minimum=1, maximum=30),
        "import-working-storage": TEXT,
    },
    needs=CONFIG_PRIVILEGES,
)
def change_machine_in_background(call: Call) -> str | None:
    """A UPID, or None where the change was done within `background_delay` seconds."""
    guest, values, deletes, reverts = prepare_change(call, KIND)

    def change() -> None:
        call.check_lock(guest)
        call.check_digest(guest)
        change_now(call, guest, values, deletes, reverts)

    waits = call.params.get("background_delay", -1) >= call.world.tasks.seconds
    upid = call.task("qmconfig", guest, change, at_once=waits)
    if not waits:
        return upid
    call.world.tasks.settle()
    done = call.world.tasks.get(upid)
    if done is not None and done.exitstatus not in (None, "OK"):
        raise failed(f"failed to update VM {guest.vmid}: {done.exitstatus}")
    return None


@operation(
    "PUT", ONE + "/unlink", {"idlist": Param(required=True), "force": BOOLEAN}, needs=CONFIG_PRIVILEGES[:2]
)
def unlink_disks(call: Call) -> None:
    """Remove drives as a change's `delete` does, with `force` their volumes too; answers null.

    400 `invalid disk name '…'` for a key that holds no volume. An `unusedN` is destroyed in any case.
    """
    guest = call.guest(KIND)
    keys = split_list(str(call.params["idlist"]))
    for key in keys:
        if drives.format_of(KIND, key) is None:
            raise bad_parameters({"idlist": f"invalid disk name '{key}'"})
    call.check_lock(guest)
    pending.change(call.world, guest, {}, keys, force=bool(call.params.get("force")))


@operation(
    "DELETE",
    ONE,
    {"destroy-unreferenced-disks": BOOLEAN, "purge": BOOLEAN, **SKIPLOCK},
    needs=("/vms/{vmid}", "VM.Allocate"),
)
def delete_machine(call: Call) -> str:
    """Remove a machine and its volumes in a task `qmdestroy`, and answer its UPID.

    At once, and again in the task, 500: `… - protection mode enabled`, `VM … is running - destroy failed`.
    A lock is only the task's error. Volumes that no key names stay, but for `destroy-unreferenced-disks`.
    """
    guest = call.guest(KIND)

    def check() -> None:
        if guest.config.get("protection"):
            raise failed(f"can't remove VM {guest.vmid} - protection mode enabled")
        if guest.running:
            raise failed(f"VM {guest.vmid} is running - destroy failed")

    def destroy() -> None:
        check()
        call.check_lock(guest)
        remove(call.world, guest, unreferenced=bool(call.params.get("destroy-unreferenced-disks")))

    check()
    return call.task("qmdestroy", guest, destroy)


declare(KIND, "qm")

"""Calls on containers: list, create, read and change the configuration, delete."""

from __future__ import annotations

import re
from typing import Any

from reconciler.sim.proxmox.failure import ApiError, bad_parameters, failed
from reconciler.sim.proxmox.kinds import Value
from reconciler.sim.proxmox.options import params
from reconciler.sim.proxmox.params import BOOLEAN, DIGEST, TEXT, Param
from reconciler.sim.proxmox.routing import VMID, Call, operation
from reconciler.sim.proxmox.types.guest import drives
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
)
from reconciler.sim.proxmox.types.guest.nics import complete, is_nic
from reconciler.sim.proxmox.types.guest.power import start_after_creation, stop_guest
from reconciler.sim.proxmox.types.guest.rows import MIB, listed
from reconciler.sim.proxmox.types.guest.snapshots import declare
from reconciler.sim.proxmox.types.lxc.kind import BASE, KIND, ONE
from reconciler.sim.proxmox.types.lxc.options import BWLIMIT, CONTAINER, OS_TYPES
from reconciler.sim.proxmox.world import Guest, World

AUDIT = ("/vms/{vmid}", "VM.Audit")
CONFIG_PRIVILEGES = (
    "/vms/{vmid}", "VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network",
    "VM.Config.Options",
)  # fmt: skip
CREATE_ONLY = {
    "bwlimit": BWLIMIT,
    "force": BOOLEAN,
    "ha-managed": BOOLEAN,
    "ignore-unpack-errors": BOOLEAN,
    "ostemplate": Param(required=True, max_length=255),
    "password": Param(min_length=5),
    "pool": TEXT,
    "restore": BOOLEAN,
    "ssh-public-keys": TEXT,
    "start": BOOLEAN,
    "storage": TEXT,
    "unique": Param("boolean", requires="restore"),
}
DEFAULT_ROOT_GIB = 4


@operation("GET", BASE)
def list_containers(call: Call) -> list[dict[str, Any]]:
    """The node's containers that the caller may audit; others are left out without a word."""
    return [
        _listed(call, guest)
        for guest in call.guests.values()
        if guest.kind is KIND and guest.node == call.node and call.sees(guest)
    ]


def _listed(call: Call, guest: Guest) -> dict[str, Any]:
    row = listed(call.world, guest, call.lock_of(guest))
    row["maxswap"] = int(guest.config.get("swap", 512)) * MIB
    return row


@operation("POST", BASE, {**params(CONTAINER), **CREATE_ONLY, "vmid": VMID})
def create_container(call: Call) -> str:
    """Make a container in a task `vzcreate`, and answer its UPID.

    Refused at once: 403 without VM.Allocate or an option's privilege, or for an unknown pool; 400 for a
    storage that holds no containers; 500 for an id in use, a template that is none, mount points without
    `rootfs`. Its volumes are made in the task; where that fails, the container goes again.
    """
    call.require(f"/vms/{call.vmid}", "VM.Allocate")
    call.world.require_pool(call.params.get("pool"))
    values = call.take(
        *NEW_GUEST, "ostemplate", "password", "ssh-public-keys", "restore", "ignore-unpack-errors"
    )
    _check_root(call, values)
    check_options(call, KIND, values, [])
    template = call.world.volumes.get(str(call.params["ostemplate"]), call.node)
    if template.content != "vztmpl":
        raise failed(f"unable to create CT {call.vmid} - '{template.volid}' is no container template")
    values.setdefault("ostype", _system_of(template.name))
    guest = create_placeholder(call, KIND)

    def create() -> int | None:
        try:
            _fill(call.world, guest, values)
        except ApiError as error:
            raise failed(f"unable to create CT {guest.vmid} - {error.text}") from None
        call.world.join_pool(guest.vmid, call.params.get("pool"))
        return start_after_creation(call.world, guest) if call.params.get("start") else None

    return call.task("vzcreate", guest, create, lambda: discard(call.world, guest))


def _check_root(call: Call, values: dict[str, Value]) -> None:
    """Without `rootfs` the root disk is made on `storage`, which can hold containers."""
    if "rootfs" in values:
        return
    if any(key.startswith("mp") for key in values):
        raise failed("mount points configured, but 'rootfs' not set - aborting")
    storage = str(call.params.get("storage", "local"))
    if "rootdir" not in call.world.volumes.storage(storage).content:
        raise bad_parameters({"storage": f"storage '{storage}' does not support container directories"})
    values["rootfs"] = f"{storage}:{DEFAULT_ROOT_GIB}"


def _system_of(template: str) -> str:
    found = re.match(r"(?:.*/)?([a-z]+)", template)
    return found[1] if found and found[1] in OS_TYPES else "unmanaged"


def _fill(world: World, guest: Guest, values: dict[str, Value]) -> None:
    """The configuration of a new container; unprivileged unless asked otherwise."""
    config: dict[str, Value] = {"arch": "amd64", "hostname": f"CT{guest.vmid}", "memory": 512, "swap": 512}
    for key, value in {"unprivileged": 1, **values}.items():
        if drives.format_of(KIND, key):
            config[key] = drives.place(world, guest, key, value)
        elif is_nic(key):
            config[key] = complete(world, guest, value)
        else:
            config[key] = KIND.normalised(world, key, value)
    if not config["unprivileged"]:
        del config["unprivileged"]
    guest.config = config
    world.save(guest)


@operation("GET", ONE + "/config", {"current": BOOLEAN, "snapshot": Param(max_length=40)}, needs=AUDIT)
def container_config(call: Call) -> dict[str, Any]:
    """`read_config` of a container; its description is given back with a line break at its end."""
    return read_config(call, KIND)


@operation("GET", ONE + "/pending", needs=AUDIT)
def container_pending(call: Call) -> list[dict[str, Any]]:
    """`read_pending` of a container: never empty, as the digest is always among the rows."""
    return read_pending(call, KIND)


@operation("GET", ONE + "/status/current", needs=AUDIT)
def container_status(call: Call) -> dict[str, Any]:
    """The row of the node's list, and `ha`, by which no container is managed here."""
    guest = call.guest(KIND)
    return _listed(call, guest) | {"ha": {"managed": 0}}


@operation(
    "PUT",
    ONE + "/config",
    {**params(CONTAINER), "delete": TEXT, "revert": TEXT, "digest": DIGEST},
    needs=CONFIG_PRIVILEGES,
)
def change_container(call: Call) -> None:
    """Answers null. What a running container cannot take now is pending after it.

    A stale digest is 500 `detected modified configuration - …`, a lock 500 `CT is locked (…)`.
    """
    guest, values, deletes, reverts = prepare_change(call, KIND)
    change_now(call, guest, values, deletes, reverts)


@operation(
    "DELETE",
    ONE,
    {"destroy-unreferenced-disks": BOOLEAN, "force": BOOLEAN, "purge": BOOLEAN},
    needs=("/vms/{vmid}", "VM.Allocate"),
)
def delete_container(call: Call) -> str:
    """Remove a container and its volumes in a task `vzdestroy`, and answer its UPID.

    At once, and again in the task, 500: `… - protection mode enabled`, `CT is locked (…)`, and without
    `force` `… - container is running`. Volumes that no key names stay, but for `destroy-unreferenced-disks`.
    """
    guest = call.guest(KIND)
    force = bool(call.params.get("force"))

    def check() -> None:
        if guest.config.get("protection"):
            raise failed(f"can't remove CT {guest.vmid} - protection mode enabled")
        call.check_lock(guest)
        if guest.running and not force:
            raise failed(f"unable to destroy CT {guest.vmid} - container is running")

    def destroy() -> None:
        check()
        if guest.running:
            stop_guest(call.world, guest)
        remove(call.world, guest, unreferenced=bool(call.params.get("destroy-unreferenced-disks")))

    check()
    return call.task("vzdestroy", guest, destroy)


declare(KIND, "vz")

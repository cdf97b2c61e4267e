"""What the calls on virtual machines and containers have in common: reading, changing and removing the
configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters, failed
from reconciler.sim.proxmox.kinds import Kind, Value
from reconciler.sim.proxmox.options import ROOT
from reconciler.sim.proxmox.routing import Call
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.types.guest import drives, pending
from reconciler.sim.proxmox.world import Guest, World

HIDDEN = "**********"
NEW_GUEST = ("node", "vmid", "pool", "start", "ha-managed", "bwlimit", "unique", "force", "storage")


def shown(name: str, value: Value) -> Value:
    """A value as reads give it back: a cloud-init password is ten asterisks."""
    return HIDDEN if name == "cipassword" else value


def listed_value(kind: Kind, key: str, value: Value) -> Value:
    """A value as lists of what is pending have it: integers and booleans are numbers, all else is text.

    So are numbers that may have a fraction. A cloud-init password is asterisks, as ever.
    """
    option = kind.option(key)
    as_number = option is not None and option.param.kind in ("integer", "boolean")
    return value if as_number else str(shown(key, value))


def read_config(call: Call, kind: Kind) -> dict[str, Any]:
    """With what is pending, unless `current` asks for what is; with a fault's lock, if there is one."""
    guest = call.guest(kind)
    if (name := call.params.get("snapshot")) is not None:
        if name not in guest.snapshots:
            raise failed(f"snapshot '{name}' does not exist")
        values = guest.snapshots[name].section
    else:
        values = guest.config if call.params.get("current") else guest.effective()
    answer = {key: shown(key, value) for key, value in values.items()}
    lock = call.lock_of(guest)
    if lock not in (None, "file"):
        answer["lock"] = str(lock)
    return {**answer, "digest": guest.digest}


def read_pending(call: Call, kind: Kind) -> list[dict[str, Any]]:
    """One entry an option: its value, its pending value, whether its removal is pending."""
    guest = call.guest(kind)
    entries = []
    for key in sorted({*guest.config, *guest.pending}):
        entry: dict[str, Any] = {"key": key}
        if key in guest.config:
            entry["value"] = listed_value(kind, key, guest.config[key])
        if key in guest.pending:
            entry["pending"] = listed_value(kind, key, guest.pending[key])
        if key in guest.deletes:
            entry["delete"] = guest.deletes[key]
        entries.append(entry)
    return [*entries, {"key": "digest", "value": guest.digest}]


def check_options(call: Call, kind: Kind, values: Mapping[str, Any], deletes: list[str]) -> None:
    """Privileges for each option touched, access to the storages named."""
    path = f"/vms/{call.vmid}"
    for key in (*values, *deletes):
        option = kind.option(key)
        if option is None:
            continue
        if option.privilege == ROOT:
            if not call.caller.root:
                raise failed(f"only root can set '{key}' config")
            continue
        call.require(path, option.privilege)
    for key, value in values.items():
        if drives.format_of(kind, key):
            _check_storage(call, kind, key, value)


def _check_storage(call: Call, kind: Kind, key: str, value: object) -> None:
    volid = drives.volid_of(kind, key, value)
    if volid.startswith("/") and not call.caller.root:
        raise failed("Only root can pass arbitrary filesystem paths.")
    kind.check_drive(call, key, value)
    storage, fresh = drives.storages_named(kind, key, value)
    if storage is not None and fresh:
        call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
        wanted, name = kind.volumes.content
        if wanted not in call.world.volumes.storage(storage).content:
            raise bad_parameters({"storage": f"storage '{storage}' does not support {name}"})


def lists_of(call: Call, kind: Kind, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(options to remove, pending changes to drop), checked against each other and the values."""
    deletes = ["ide2" if key == "cdrom" else key for key in split_list(str(call.params.get("delete", "")))]
    reverts = split_list(str(call.params.get("revert", "")))
    for name, keys in (("delete", deletes), ("revert", reverts)):
        for key in keys:
            if kind.option(key) is None:
                raise bad_parameters({name: f"unknown option '{key}'"})
            if key in values:
                raise bad_parameters({name: f"you can't use '-{key}' and '-{name} {key}' at the same time"})
    for key in set(deletes) & set(reverts):
        raise bad_parameters(
            {"revert": f"you can't use '-delete {key}' and '-revert {key}' at the same time"}
        )
    return deletes, reverts


def prepare_change(call: Call, kind: Kind) -> tuple[Guest, dict[str, Value], list[str], list[str]]:
    """All that is looked at before a change: the values, what to remove, what to revert."""
    guest = call.guest(kind)
    values = call.take("node", "vmid", "digest", "delete", "revert", "skiplock", "force", "background_delay")
    values.pop("import-working-storage", None)
    resolve_cdrom(values)
    deletes, reverts = lists_of(call, kind, values)
    if not values and not deletes and not reverts:
        raise failed("no options specified")
    check_options(call, kind, values, deletes)
    _check_unlocked(call, guest)
    kind.check_together(guest, values, reverts)
    return guest, values, deletes, reverts


def _check_unlocked(call: Call, guest: Guest) -> None:
    """The digest first, then the lock: 500 either way. What a guest's config call looks at last."""
    call.check_digest(guest)
    call.check_lock(guest)


def change_now(
    call: Call, guest: Guest, values: Mapping[str, Value], deletes: list[str], reverts: list[str]
) -> None:
    """What `prepare_change` has looked at is done, and the guest saved."""
    guest.kind.check_together(guest, values, reverts)
    force = bool(call.params.get("force"))
    pending.change(call.world, guest, values, deletes, reverts, force=force)


def resolve_cdrom(values: dict[str, Any]) -> None:
    """`cdrom` is another name of `ide2`, and what it holds is a CD."""
    if "cdrom" in values:
        text = str(values.pop("cdrom"))
        values["ide2"] = text if "media=" in text else f"{text},media=cdrom"


def remove(world: World, guest: Guest, *, unreferenced: bool) -> None:
    """Free the volumes and forget the configuration."""
    named = {drives.volid_of(guest.kind, key, guest.config[key]) for key in drives.keys_with_volumes(guest)}
    named |= drives.volids(guest) | drives.volids_of_snapshots(guest)
    for volume in world.volumes.owned_by(guest.vmid):
        if unreferenced or volume.volid in named:
            if world.volumes.in_use_as_base(volume):
                raise failed(f"base volume '{volume.name}' is still in use by linked clones")
            world.volumes.free(volume)
    world.remove(guest)


def create_placeholder(call: Call, kind: Kind) -> Guest:
    """The locked, empty configuration that stands for a guest while a task makes it."""
    vmid = call.vmid
    if (there := call.world.guests.get(vmid)) is not None:
        raise failed(
            f"unable to create {kind.word} {vmid} - {there.word} {vmid} already exists on node '{there.node}'"
        )
    guest = Guest(vmid, kind, call.node, {"lock": "create"})
    call.world.save(guest)
    return guest


def discard(world: World, guest: Guest) -> None:
    """Undo a creation that failed: its volumes and its placeholder go."""
    if world.is_there(guest):
        for volume in world.volumes.owned_by(guest.vmid):
            world.volumes.free(volume)
        world.remove(guest)

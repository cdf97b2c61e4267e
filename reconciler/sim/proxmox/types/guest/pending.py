"""Changing a guest's configuration: everything is pending first, then what can take effect does.

A stopped guest takes all of it at once. A running one takes what `hotplug` allows; the rest waits for the
next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.sim.proxmox.failure import ApiError, bad_parameters, failed
from reconciler.sim.proxmox.kinds import Value
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.types.guest.nics import complete, is_nic
from reconciler.sim.proxmox.volumes import Volume
from reconciler.sim.proxmox.world import Guest, World


def change(
    world: World,
    guest: Guest,
    values: Mapping[str, Value],
    deletes: Iterable[str] = (),
    reverts: Iterable[str] = (),
    *,
    force: bool = False,
) -> None:
    """Drop pending changes, then set and remove options; ApiError where that is refused.

    Nothing is changed then, but that a kind whose file is not written as a whole has dropped what it should.
    """
    deletes, reverts = list(deletes), list(reverts)
    for key in deletes:
        _check_deletable(guest, key)
    if reverts and not guest.kind.writes_whole:
        _revert(world, guest, reverts)
        world.save(guest)
    before, volumes = guest.copy(), world.volumes.owned_by(guest.vmid)
    try:
        _revert(world, guest, reverts)
        for key in deletes:
            if not key.startswith("unused"):
                _delete(world, guest, key, force=force)
        for key, value in values.items():
            _set(world, guest, key, value)
        _check_boot(guest)
        for key in deletes:  # last, because a volume that is gone cannot be given back
            if key.startswith("unused"):
                _destroy_unused(world, guest, key)
        _drop_what_changes_nothing(guest)
        errors = apply_live(world, guest) if guest.running else apply_all(world, guest)
    except ApiError:
        _restore(world, guest, before, volumes)
        raise
    world.save(guest)
    if errors:
        raise bad_parameters(errors)


def _restore(world: World, guest: Guest, before: Guest, volumes: list[Volume]) -> None:
    """Undo a refused change; volumes made for it are given back."""
    for volume in world.volumes.owned_by(guest.vmid):
        if volume not in volumes:
            world.volumes.free(volume)
    guest.config, guest.pending, guest.deletes = before.config, before.pending, before.deletes


def _revert(world: World, guest: Guest, keys: Iterable[str]) -> None:
    """Forget pending changes; a volume that was to be attached becomes an unused one."""
    for key in keys:
        text = guest.pending.pop(key, None)
        if text is not None and drives.format_of(guest.kind, key):
            drives.set_aside(world, guest, key, text)
        guest.deletes.pop(key, None)


def _delete(world: World, guest: Guest, key: str, *, force: bool) -> None:
    value = guest.config.get(key, guest.pending.get(key))
    if value is None:
        return
    was_pending = guest.pending.pop(key, None)
    _leave_boot_order(guest, key)
    if was_pending is not None and drives.format_of(guest.kind, key):
        drives.set_aside(world, guest, key, was_pending)
    guest.deletes[key] = 2 if force else 1


def _destroy_unused(world: World, guest: Guest, key: str) -> None:
    if key in guest.config:
        drives.destroy(world, guest, key, guest.config.pop(key))


def _check_deletable(guest: Guest, key: str) -> None:
    if key not in guest.config and key not in guest.pending:
        return
    guest.kind.check_delete(guest, key, drives.format_of(guest.kind, key) is not None)


def _set(world: World, guest: Guest, key: str, value: Value) -> None:
    holds_volume = drives.format_of(guest.kind, key) is not None
    guest.kind.check_set(guest, key, holds_volume)
    if holds_volume:
        was_pending = guest.pending.pop(key, None)
        if was_pending is not None:
            drives.set_aside(world, guest, key, was_pending)
        value = drives.place(world, guest, key, value)
        _join_boot_order(guest, key, value)
    elif is_nic(key):
        value = complete(world, guest, value)
    else:
        value = guest.kind.normalised(world, key, value)
    guest.pending[key] = value
    guest.deletes.pop(key, None)


def _boot_devices(guest: Guest) -> list[str]:
    boot = str(guest.pending.get("boot", guest.config.get("boot", "")))
    return [device for device in boot.partition("order=")[2].split(";") if device]


def _leave_boot_order(guest: Guest, key: str) -> None:
    devices = _boot_devices(guest)
    if key in devices:
        devices.remove(key)
        guest.pending["boot"] = f"order={';'.join(devices)}" if devices else " "


def _join_boot_order(guest: Guest, key: str, text: str) -> None:
    """A new CD drive is appended, so that it can be booted from."""
    devices = _boot_devices(guest)
    if not devices or key in devices or key.startswith("unused"):
        return
    if drives.is_cdrom(guest.kind, key, text):
        guest.pending["boot"] = f"order={';'.join([*devices, key])}"


def _check_boot(guest: Guest) -> None:
    if "boot" not in guest.pending:
        return
    there = guest.effective()
    for device in _boot_devices(guest):
        if device not in there:
            raise failed(f"invalid bootorder: device '{device}' does not exist'")


def _drop_what_changes_nothing(guest: Guest) -> None:
    for key in [key for key, value in guest.pending.items() if guest.config.get(key) == value]:
        del guest.pending[key]
    for key in [key for key in guest.deletes if key not in guest.config]:
        del guest.deletes[key]


def apply_live(world: World, guest: Guest) -> dict[str, str]:
    """Let the pending changes take effect that a running guest can take; the texts of those refused."""
    errors: dict[str, str] = {}
    for key in sorted(guest.deletes):
        if guest.kind.is_live(guest, key, None):
            _apply_delete(world, guest, key)
    for key in sorted(guest.pending):
        try:
            if guest.kind.is_live(guest, key, guest.pending[key]):
                _apply_value(world, guest, key)
        except ValueError as problem:
            errors[key] = f"hotplug problem - {problem}"
    drives.drop_used_from_unused(guest)
    return errors


def apply_all(world: World, guest: Guest) -> dict[str, str]:
    """Let every pending change take effect, as a start does."""
    for key in sorted(guest.deletes):
        _apply_delete(world, guest, key)
    for key in sorted(guest.pending):
        _apply_value(world, guest, key)
    drives.drop_used_from_unused(guest)
    return {}


def _apply_delete(world: World, guest: Guest, key: str) -> None:
    forced = guest.deletes.pop(key) == 2
    text = guest.config.pop(key)
    if drives.format_of(guest.kind, key):
        if forced:
            drives.destroy(world, guest, key, text)
        else:
            drives.set_aside(world, guest, key, text)


def _apply_value(world: World, guest: Guest, key: str) -> None:
    new = guest.pending.pop(key)
    old = guest.config.pop(key, None)
    guest.config[key] = new
    if old is None or not drives.format_of(guest.kind, key):
        return
    if drives.volid_of(guest.kind, key, old) not in drives.volids(guest):
        drives.set_aside(world, guest, key, old)

"""Which changes a running machine takes on only after it was off. Pure.

The catalog says it for attributes whose rule is one for all, as an upper bound. Here are the cases that
depend on the slot, the guest system or the hotplug setting.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.catalog import Mutability
from reconciler.model.diff import AttributeChange, PartAction, PartChange
from reconciler.providers.proxmox.types.guest import fields
from reconciler.providers.proxmox.types.guest.build import Change
from reconciler.providers.proxmox.types.guest.moved import DETACHED
from reconciler.providers.proxmox.types.vm.nics import IP_NAMES

_REPLUGGED = frozenset({"nic_model", "mac_address", "nic_queues", "mtu"})
_USB_SYSTEMS = frozenset({"l26", "win8", "win10", "win11"})


def needed(change: Change) -> bool:
    """Whether a running machine must go off. Whether it may is not decided here."""
    return any(_reasons(change)) or any(_waits(change, item) for item in change.changes())


def _waits(change: Change, item: AttributeChange) -> bool:
    if item.mutability is not Mutability.NEEDS_STOP:
        return False
    hotplug = _hotplug(change)
    if item.name == "vcpus":
        return "cpu" not in hotplug
    if item.name == "memory_mb":
        grows = isinstance(item.before, int) and isinstance(item.after, int) and item.after > item.before
        numa = change.recorded.attributes.get("numa_enabled") is True
        return not (grows and numa and "memory" in hotplug)
    if item.name.startswith("ci_") or item.name in ("nameservers", "search_domain"):
        return "cloudinit" not in hotplug
    return True


def _hotplug(change: Change) -> frozenset[str]:
    return frozenset(fields.texts(change.recorded.attributes.get("hotplug")))


def _reasons(change: Change) -> Iterator[str]:
    for item in change.diff.changes:
        if item.name == "balloon_mb" and (item.before == 0) != (item.after == 0):
            yield "switching ballooning on or off"
        touched = {*fields.texts(item.before), *fields.texts(item.after)}
        if item.name == "hotplug" and touched & {"cpu", "memory"}:
            yield "a change of CPU or memory hotplug"
    for part in change.diff.parts:
        yield from _part_reasons(change, part, _hotplug(change))


def _part_reasons(change: Change, part: PartChange, hotplug: frozenset[str]) -> Iterator[str]:
    where = f"{part.action} of {part.address.type} {part.address.name}"
    if part.action is PartAction.UPDATE:
        names = {item.name for item in part.changes}
        if part.address.type == "nic" and names & _REPLUGGED and "network" not in hotplug:
            yield where
        if part.address.type == "nic" and names & IP_NAMES and "cloudinit" not in hotplug:
            yield f"{where} (its addresses come from cloud-init)"
        if part.address.type == "usb_device" and not _usb(change, hotplug):
            yield where
    elif not _pluggable(change, part, hotplug):
        yield where


def _pluggable(change: Change, part: PartChange, hotplug: frozenset[str]) -> bool:
    """Whether a part can come or go while the machine runs."""
    new = part.action is PartAction.CREATE
    attributes = change.wanted_part(part.address) if new else change.recorded_part(part.address)
    match part.address.type:
        case "disk":
            return "disk" in hotplug and str(attributes.get("slot", "")).startswith(("scsi", "virtio"))
        case "nic":
            with_address = any(attributes.get(name) for name in IP_NAMES)
            return "network" in hotplug and (not with_address or "cloudinit" in hotplug)
        case "usb_device":
            return _usb(change, hotplug)
        case _:
            return False


def _usb(change: Change, hotplug: frozenset[str]) -> bool:
    """USB devices come and go only in systems that the server knows to take it."""
    return "usb" in hotplug and change.recorded.attributes.get("os_type") in _USB_SYSTEMS


def replugs(change: Change, source: str, target: str) -> bool:
    """Whether a disk goes from one slot to another while the machine runs."""
    return "disk" in _hotplug(change) and all(
        slot.startswith((DETACHED, "scsi", "virtio")) for slot in (source, target)
    )

"""Whether a change of a running machine can take effect at once.

The rules are those of the real servers' own change functions; each is asked with the option's old and new
value, None standing for an option that is removed or not there yet.
"""

from __future__ import annotations

import re

from reconciler.sim.proxmox.kinds import Value
from reconciler.sim.proxmox.strings import split_list
from reconciler.sim.proxmox.types.guest import drives
from reconciler.sim.proxmox.types.guest.nics import is_nic
from reconciler.sim.proxmox.types.qemu import formats
from reconciler.sim.proxmox.world import Guest

DEFAULT_FEATURES = frozenset({"network", "disk", "usb"})
NEEDS_RESTART = ("aio", "discard", "iothread", "queues", "product", "cache", "ssd", "vendor", "ro")


def features(guest: Guest) -> frozenset[str]:
    """What the virtual machine's `hotplug` option names."""
    text = str(guest.config.get("hotplug", "1"))
    return {"1": DEFAULT_FEATURES, "0": frozenset()}.get(text, frozenset(split_list(text)))


def is_live(guest: Guest, key: str, new: Value | None) -> bool:
    """Raises ValueError where the change is refused while the guest runs."""
    old = guest.config.get(key)
    special = _SPECIAL.get(key)
    if special is not None:
        return special(guest, old, new)
    if is_nic(key):
        return _nic(guest, old, new)
    if drives.format_of(guest.kind, key):
        return _drive(guest, key, old, new)
    option = guest.kind.option(key)
    change = option.change if option else "restart"
    if change == "usb":
        return _usb(guest, key)
    return change == "live" or change in features(guest)


def _hotplug(guest: Guest, old: Value | None, new: Value | None) -> bool:  # noqa: ARG001 - a rule's signature
    return not re.search("cpu|memory", f"{old or ''} {new or ''}")


def _balloon(guest: Guest, old: Value | None, new: Value | None) -> bool:  # noqa: ARG001 - a rule's signature
    if new is None:
        return old != 0
    return (old is None or bool(old)) == bool(new)


def _memory(guest: Guest, old: Value | None, new: Value | None) -> bool:  # noqa: ARG001 - a rule's signature
    return "memory" in features(guest) and bool(guest.config.get("numa"))


def _agent(guest: Guest, old: Value | None, new: Value | None) -> bool:  # noqa: ARG001 - a rule's signature
    if old is None or new is None:
        return False
    before, after = (formats.AGENT.parse(str(text)) for text in (old, new))
    return all(
        before.get(name) == after.get(name)
        for name in before.keys() | after.keys()
        if name != "fstrim_cloned_disks"
    )


_SPECIAL = {"hotplug": _hotplug, "balloon": _balloon, "memory": _memory, "agent": _agent}


def _usb(guest: Guest, key: str) -> bool:
    """A USB device, unlike the tablet, needs a guest system that can take it."""
    system = str(guest.config.get("ostype", "other"))
    return "usb" in features(guest) and (key == "tablet" or system in ("l26", "win8", "win10", "win11"))


def _nic(guest: Guest, old: Value | None, new: Value | None) -> bool:
    if old is not None and new is not None:
        before, after = (formats.NIC.parse(str(text)) for text in (old, new))
        same = all(before.get(name) == after.get(name) for name in ("model", "macaddr", "queues", "mtu"))
        if same and "bridge" in before and "bridge" in after:
            return True
    return "network" in features(guest)


def _drive(guest: Guest, key: str, old: Value | None, new: Value | None) -> bool:
    if key.startswith("unused"):
        return True
    pluggable = "disk" in features(guest) and key.startswith(("scsi", "virtio"))
    if key.startswith(("efidisk", "tpmstate")):
        return False
    if old is None or new is None:
        return pluggable
    before, after = (drives.parse(guest.kind, key, text) for text in (old, new))
    if before.get("media", "disk") != after.get("media", "disk"):
        raise ValueError("unable to change media type")
    if before.get("media") == "cdrom":
        return True
    if before["file"] != after["file"]:
        return pluggable
    return all(before.get(name) == after.get(name) for name in NEEDS_RESTART)

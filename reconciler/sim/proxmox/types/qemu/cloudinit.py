"""The cloud-init drive of a virtual machine: what it was made from, and what it would be made from now.

The options take effect in the configuration at once; the drive is made anew by a start or when asked.
"""

from __future__ import annotations

from typing import Any

from reconciler.sim.proxmox.routing import Call, operation
from reconciler.sim.proxmox.types.guest.calls import listed_value, shown
from reconciler.sim.proxmox.types.qemu.kind import KIND, ONE, image_of

PATH = ONE + "/cloudinit"


@operation("GET", PATH, needs=("/vms/{vmid}", "VM.Audit"))
def cloudinit(call: Call) -> list[dict[str, Any]]:
    """What the drive was made from against what it would be made from now."""
    guest = call.guest(KIND)
    wanted = image_of(guest.effective())
    entries = []
    for key in sorted({*wanted, *guest.image}):
        entry: dict[str, Any] = {"key": key}
        if key in guest.image:
            entry["value"] = str(shown(key, guest.image[key]))
        if key not in wanted:
            entry["delete"] = 1
        else:
            changed = wanted[key] != guest.image.get(key)
            entry["pending" if changed else "value"] = listed_value(KIND, key, wanted[key])
        entries.append(entry)
    return entries


@operation("PUT", PATH, needs=("/vms/{vmid}", "VM.Config.Cloudinit"))
def regenerate_cloudinit(call: Call) -> None:
    """Make the drive anew from the current options, as a start does; answers null.

    500 `VM is locked (…)` for a lock. Whether there is a drive is not asked.
    """
    guest = call.guest(KIND)
    call.check_lock(guest)
    guest.image = image_of(guest.config)
    call.world.save(guest)

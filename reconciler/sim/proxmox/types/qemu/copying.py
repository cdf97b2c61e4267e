"""Clones of machines, and machines that become templates."""

from __future__ import annotations

from reconciler.sim.proxmox.params import Param
from reconciler.sim.proxmox.routing import Call, operation
from reconciler.sim.proxmox.types.guest.copying import CLONE, COMMON, NAME, clone_guest, make_template
from reconciler.sim.proxmox.types.qemu.kind import KIND, ONE
from reconciler.sim.proxmox.types.qemu.moving import DISKS
from reconciler.sim.proxmox.types.qemu.options import BWLIMIT


@operation(
    "POST",
    ONE + "/clone",
    {**COMMON, "bwlimit": BWLIMIT, "format": Param(enum=("raw", "qcow2", "vmdk")), "name": NAME},
    needs=CLONE,
)
def clone_machine(call: Call) -> str:
    """A clone in a task `qmclone`; without `name` it is `Copy-of-VM-…`, after its source.

    Refusals as in `clone_guest`. The source is not locked meanwhile.
    """
    return clone_guest(call, call.guest(KIND), "qmclone")


@operation("POST", ONE + "/template", {"disk": Param(enum=DISKS)}, needs=("/vms/{vmid}", "VM.Allocate"))
def make_machine_template(call: Call) -> str:
    """Turn a machine into a template in a task `qmtemplate`; there is no way back.

    With `disk` only that one becomes a base, also of a template. 500 at once: `you can't convert a VM to
    template if VM is running`, `… contains snapshots`, a lock.
    """
    runs = "you can't convert a VM to template if VM is running"
    return make_template(call, call.guest(KIND), "qmtemplate", runs=runs)

"""Clones of containers, and containers that become templates."""

from __future__ import annotations

from reconciler.sim.proxmox.routing import Call, operation
from reconciler.sim.proxmox.types.guest.copying import CLONE, COMMON, NAME, clone_guest, make_template
from reconciler.sim.proxmox.types.lxc.kind import KIND, ONE
from reconciler.sim.proxmox.types.lxc.options import BWLIMIT


@operation("POST", ONE + "/clone", {**COMMON, "bwlimit": BWLIMIT, "hostname": NAME}, needs=CLONE)
def clone_container(call: Call) -> str:
    """A clone in a task `vzclone`, named as its source where no `hostname` is given.

    The source stays locked with `disk` until the task ends. Refusals as in `clone_guest`.
    """
    return clone_guest(call, call.guest(KIND), "vzclone")


@operation("POST", ONE + "/template", needs=("/vms/{vmid}", "VM.Allocate"))
def make_container_template(call: Call) -> str:
    """Turn a container into a template in a task `vztemplate`; there is no way back.

    500 at once: `you can't convert a CT to template if the CT is running`, `… contains snapshots`, a lock.
    """
    runs = "you can't convert a CT to template if the CT is running"
    return make_template(call, call.guest(KIND), "vztemplate", runs=runs)

"""What an option of a guest's configuration may hold, which privilege changes it, and what a running guest
makes of a change. The options themselves are each kind's own.

`change` says when a change of a running guest takes effect: `live` at once, `restart` at the next start;
`network`, `disk`, `usb`, `cpu`, `memory` at once where the virtual machine's `hotplug` setting names that
feature. The finer rules (a NIC's bridge is live, its model is not) are the kind's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.sim.proxmox.params import Param
from reconciler.sim.proxmox.strings import check_dns_name, check_tags

DISK, CDROM, CPU = "VM.Config.Disk", "VM.Config.CDROM", "VM.Config.CPU"
MEMORY, NETWORK, HARDWARE = "VM.Config.Memory", "VM.Config.Network", "VM.Config.HWType"
OPTIONS, CLOUDINIT = "VM.Config.Options", "VM.Config.Cloudinit"
ROOT = "root"  # only root@pam with a password may set these


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `change` is as the module says; `privilege` may be `ROOT`, which no token has."""

    param: Param
    change: str
    privilege: str


def group(change: str, privilege: str, options: dict[str, Param]) -> dict[str, Option]:
    """Options whose changes take effect alike and need one privilege: name → option."""
    return {name: Option(param, change, privilege) for name, param in options.items()}


def many(param: Param, count: int) -> Param:
    """The parameter of an option `name[n]`: `count` of them, numbered from 0."""
    return replace(param, count=count)


DNS_NAME = Param(check=check_dns_name)
DESCRIPTION = Param(max_length=8192)
TAGS = Param(check=check_tags)
FROM_ZERO = Param("integer", minimum=0)
FROM_ONE = Param("integer", minimum=1)


def params(options: dict[str, Option]) -> dict[str, Param]:
    """The parameter table of a call that takes these options."""
    return {name: option.param for name, option in options.items()}

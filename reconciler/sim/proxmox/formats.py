"""The property strings that guests of every kind have, and what their own are made of.

Options whose string is kept as it was sent (agent, cpu, …) need only the check; drives and network devices
are printed anew by the server, so their format also decides the order of the keys.
"""

from __future__ import annotations

from reconciler.sim.proxmox.params import INTEGER, Param
from reconciler.sim.proxmox.strings import PropertyFormat

MAC = Param(pattern=r"[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}")
BRIDGE = Param(pattern=r"[-_.\w\d]+")
VLAN = Param("integer", minimum=1, maximum=4094)
IPV4 = r"(\d{1,3}\.){3}\d{1,3}"
IPV4_CIDR = rf"{IPV4}/\d{{1,2}}"
IPV6 = r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
IPV6_CIDR = rf"{IPV6}/\d{{1,3}}"
SIZE = Param(pattern=r"\d+(\.\d+)?[KMGT]?")
STARTUP = PropertyFormat({"order": INTEGER, "up": INTEGER, "down": INTEGER}, "order")


def of(text_format: PropertyFormat) -> Param:
    """A parameter that holds such a string."""
    return Param(check=text_format.check)

"""The types that the driver offers, each in a module or folder of its own.

No other module of the driver names a type. The types do not know one another, but for a machine: it is put
before firewalls, into networks and onto addresses by requests that are theirs.
"""

from __future__ import annotations

from reconciler.providers.hetzner.resource_type import ResourceType
from reconciler.providers.hetzner.types import (
    firewall,
    floating_ip,
    network,
    placement_group,
    primary_ip,
    ssh_key,
    vm,
    volume,
)

_MODULES = (firewall, floating_ip, network, placement_group, primary_ip, ssh_key, vm, volume)
TYPES: dict[str, ResourceType] = {module.TYPE.wire.resource_type: module.TYPE for module in _MODULES}

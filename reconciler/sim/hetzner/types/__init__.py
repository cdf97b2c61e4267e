"""The kinds of resources, each in a module or folder of its own.

They do not know one another, but for a server: it is made with all the others and takes them along or lets
them go when it ends.
"""

from __future__ import annotations

from reconciler.sim.hetzner.types import (
    firewall,
    floating_ip,
    image,
    network,
    placement_group,
    primary_ip,
    server,
    ssh_key,
    volume,
)

COLLECTIONS = tuple(
    module.COLLECTION
    for module in (
        ssh_key,
        network,
        server,
        volume,
        firewall,
        placement_group,
        floating_ip,
        primary_ip,
        image,
    )
)

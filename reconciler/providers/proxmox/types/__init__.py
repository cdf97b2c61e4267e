"""The types that the driver offers, each in a module or folder of its own, and the views that show them.

No other module of the driver names a type, and the types do not know one another.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.providers.proxmox.resource_type import ResourceType, View
from reconciler.providers.proxmox.types import container, pool, vm
from reconciler.providers.proxmox.types.guest.observe import GuestView

TYPES: Mapping[str, ResourceType] = {
    offered.name: offered for offered in (vm.TYPE, container.TYPE, pool.TYPE)
}
GUESTS = (vm.KIND, container.KIND)
VIEWS: tuple[View, ...] = (GuestView(GUESTS), pool.PoolView())

"""Network interfaces: their addresses and the bounds that both kinds of guest have in common. Pure."""

from __future__ import annotations

from typing import ClassVar

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.values import Attributes
from reconciler.providers.proxmox.types.guest.fields import Field, Fields
from reconciler.providers.proxmox.types.guest.parts import Part

SLOTS = r"net\d+"
IP_CONFIG: Fields = (
    Field("ip4_config", "", "ip"),
    Field("ip4_gateway", "", "gw"),
    Field("ip6_config", "", "ip6"),
    Field("ip6_gateway", "", "gw6"),
)
"""An interface's address settings."""


class Nic(Part):
    """An interface of either kind of guest. `mtu`: the bounds of its MTU, in bytes."""

    __slots__ = ()
    mtu: ClassVar[tuple[int, int]]

    def check_mtu(self, where: Address, attributes: Attributes) -> None:
        """Raises PlanError for one that the server would refuse, and the whole configuration with it."""
        (low, high), mtu = self.mtu, attributes.get("mtu")
        if isinstance(mtu, int) and not low <= mtu <= high:
            raise PlanError(
                f"{where}: the mtu of a {where.root.type} is from {low} to {high}, not {mtu}",
                hint="correct the number",
            )

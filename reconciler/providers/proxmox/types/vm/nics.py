"""A machine's interfaces: model and MAC in one, and addresses in an option beside, for cloud-init. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.values import Attributes, Value
from reconciler.providers.proxmox.types.guest import fields, propstring
from reconciler.providers.proxmox.types.guest.fields import Field, Options
from reconciler.providers.proxmox.types.guest.nics import IP_CONFIG, SLOTS, Nic
from reconciler.providers.proxmox.types.guest.parts import Texts, read

F = Field

IP_NAMES = frozenset(field.attribute for field in IP_CONFIG)
_MODELS = frozenset(
    (
        *("e1000", "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e", "i82551", "i82557b"),
        *("i82559er", "ne2k_isa", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3"),
    )
)
"""Models that may stand as a key of their own, with the MAC as the value: `virtio=BC:24:11:…`."""


class _VmNic(Nic):
    __slots__ = ()
    mtu: ClassVar[tuple[int, int]] = (1, 65520)  # 1 takes over the bridge's

    def parse(self, text: str) -> dict[str, str]:
        """As any part, with `virtio=MAC` taken apart into `model` and `macaddr`."""
        parts = super().parse(text)
        for model in _MODELS & parts.keys():
            parts |= {"model": model, "macaddr": parts.pop(model)}
        return parts

    def beside(self, option: str, options: Texts, parts: dict[str, str]) -> dict[str, Value]:  # noqa: ARG002
        """The addresses."""
        return read(self.type, IP_CONFIG, propstring.parse(options.get(_ip_option(option), ""), ""))

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:  # noqa: ARG002
        parts = {"model": "virtio", **self.written(attributes)}
        self.check_mtu(where, attributes)
        return {slot: self.render(parts), _ip_option(slot): _addresses(where, attributes)}

    def render(self, parts: Texts) -> str:
        """The text, with model and MAC joined where there is a MAC."""
        if "macaddr" not in parts:
            return propstring.render(parts, self.default_key)
        rest = {key: value for key, value in parts.items() if key not in ("model", "macaddr")}
        return propstring.render({parts["model"]: parts["macaddr"], **rest})

    def holding(self, slot: str, names: Iterable[str]) -> set[str]:
        own, addresses = set(names) - IP_NAMES, set(names) & IP_NAMES
        return ({slot} if own else set()) | ({_ip_option(slot)} if addresses else set())


def _ip_option(slot: str) -> str:
    return f"ipconfig{slot.removeprefix('net')}"


def _addresses(where: Address, attributes: Attributes) -> str | None:
    """The server refuses a gateway beside no address, and the whole configuration with it."""
    parts = fields.write_parts(IP_CONFIG, attributes, {})
    for version, address, gateway in (("4", "ip", "gw"), ("6", "ip6", "gw6")):
        if gateway in parts and address not in parts:
            raise PlanError(
                f"{where}: a machine's ip{version}_gateway needs an ip{version}_config",
                hint=f"write the address too, or `ip{version}_gateway: null`",
            )
    return propstring.render(parts) or None


NIC = _VmNic.of(
    "nic",
    SLOTS,
    F("nic_model", "", "model"),
    ("mac_address", "macaddr"),
    ("bridge", "bridge"),
    ("vlan_tag", "tag"),
    ("vlan_trunks", "trunks"),
    F("firewall_enabled", "", "firewall", default=False),
    ("rate_limit", "rate"),
    F("link_down", "", "link_down", default=False),
    ("nic_queues", "queues"),
    ("mtu", "mtu"),
    default_key="model",
    more=("ip4_config", "ip4_gateway", "ip6_config", "ip6_gateway"),
)

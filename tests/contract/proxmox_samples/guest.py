"""What the samples of machines and containers share: their parts, and the options that both have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from reconciler.model.values import Value
from reconciler.providers.proxmox.types.guest.kind import Kind
from tests.contract.proxmox_samples.wanting import CATALOG, PROVIDER

KEY_1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFirstKeyFirstKeyFirstKeyFirstKeyFirstKe"
KEY_2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherKeyOtherKeyOtherKeyOtherKeyOtherKe"
GENERAL: dict[str, Any] = {
    "hostname": "web-2.example.com",
    "description": "The first\nof its kind",
    "start_on_boot": True,
    "startup_order": 3,
    "startup_delay": 30,
    "shutdown_timeout": 60,
    "protected": True,
    "cpu_limit": Decimal("1.5"),
    "cpu_units": 200,
    "hookscript": "local:snippets/base.yaml",
    "nameservers": ("192.0.2.53", "2001:db8::53"),
    "search_domain": "example.com",
    "pool": "pool/prod",
}
NIC_OPTIONS: dict[str, Any] = {
    "vlan_tag": 20,
    "vlan_trunks": ("30", "40-50"),
    "firewall_enabled": True,
    "rate_limit": Decimal("12.5"),
    "link_down": True,
    "mac_address": "BC:24:11:00:00:01",
    "mtu": 1400,
    "ip4_config": "192.0.2.10/24",
    "ip4_gateway": "192.0.2.1",
    "ip6_config": "2001:db8::10/64",
    "ip6_gateway": "2001:db8::1",
}


def disk(
    slot: str = "scsi0", size: int = 32, storage: str = "local-lvm", **values: Value
) -> dict[str, Value]:
    return {"slot": slot, "size_gb": size, "storage": storage, **values}


def nic(slot: str = "net0", bridge: str = "vmbr0", **values: Value) -> dict[str, Value]:
    return {"slot": slot, "bridge": bridge, **values}


def elsewhere(guest: Kind) -> frozenset[tuple[str, str]]:
    """Attributes of a guest's parts that only the other type of guest has."""
    return frozenset(
        (kind, name)
        for kind, part in guest.parts.items()
        for name in CATALOG.attributes(kind, PROVIDER)
        if name not in part.names
    )

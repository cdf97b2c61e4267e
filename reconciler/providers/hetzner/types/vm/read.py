"""Servers as `Observed`, with their places in private networks. Pure, but for what is asked `beside`."""

from __future__ import annotations

from reconciler.model.resource import Observed
from reconciler.providers.hetzner.reading import Json, attributes, observed, observed_part
from reconciler.providers.hetzner.resource_type import Beside
from reconciler.providers.hetzner.reverse_dns import given_name, pointer
from reconciler.providers.hetzner.types import firewall
from reconciler.providers.hetzner.types.vm.wire import ATTACHMENT, WIRE

# The provider's status: our state, and whether the server is on its way to another one.
_STATES = {
    "running": ("running", False),
    "off": ("stopped", False),
    "starting": ("running", True),
    "stopping": ("stopped", True),
    "initializing": ("creating", True),
    "migrating": ("updating", True),
    "rebuilding": ("updating", True),
    "deleting": ("deleting", True),
    "unknown": ("updating", True),
}
_MIB_IN_GB = 1024  # the provider's GB of memory are GiB


def read(data: Json, beside: Beside) -> Observed:
    """One server. Which firewalls are on it itself only they know: they are asked where it has any."""
    applied = {item["id"] for item in data["public_net"]["firewalls"]}
    direct = beside(firewall.WIRE, firewall.by_server) if applied else {}
    state, moving = _STATES.get(data["status"], _STATES["unknown"])
    server_type, image, iso = data["server_type"], data["image"], data["iso"]
    values = attributes(
        server_type=server_type["name"],
        server_type_id=str(server_type["id"]),
        image=(image["name"] or str(image["id"])) if image else None,
        image_id=str(image["id"]) if image else None,
        location=data["location"]["name"],
        power_state=state if state in ("running", "stopped") else None,
        placement_group=(data["placement_group"] or {}).get("id"),
        firewalls=applied & direct.get(data["id"], frozenset()),
        backups=data["backup_window"] is not None,
        backup_window=data["backup_window"],
        iso=(iso["name"] or str(iso["id"])) if iso else None,
        iso_id=str(iso["id"]) if iso else None,
        rescue_enabled=data["rescue_enabled"],
        protected=data["protection"]["delete"],
        cpu_cores=server_type["cores"],
        memory_mb=int(server_type["memory"] * _MIB_IN_GB),
        primary_disk_gb=data["primary_disk_size"],
        architecture=server_type["architecture"],
        included_traffic_bytes=data["included_traffic"],
        created=data["created"],
    )
    return observed(
        WIRE,
        data,
        {**values, **attributes(**_public(data["public_net"]))},
        state=state,
        parts=[_attachment(item) for item in data["private_net"]],
        busy=moving or data["locked"],
    )


def _public(data: Json) -> Json:
    ipv4, ipv6 = data["ipv4"], data["ipv6"]
    return {
        "ipv4_enabled": ipv4 is not None,
        "ipv6_enabled": ipv6 is not None,
        "ipv4": ipv4["id"] if ipv4 else None,
        "ipv6": ipv6["id"] if ipv6 else None,
        "public_ipv4": ipv4["ip"] if ipv4 else None,
        "public_ipv6": ipv6["ip"] if ipv6 else None,
        "ipv4_reverse_dns": given_name(ipv4["dns_ptr"]) if ipv4 else None,
        "ipv6_reverse_dns": pointer(ipv6["ip"], ipv6["dns_ptr"]) if ipv6 else None,
    }


def _attachment(data: Json) -> Observed:
    values = attributes(
        network=data["network"],
        ip=data["ip"],
        alias_ips=data["alias_ips"],
        mac_address=data["mac_address"],
    )
    return observed_part(ATTACHMENT, str(data["network"]), values)

"""SSH keys, placement groups, volumes and public addresses as `Observed`. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from reconciler.model.resource import Observed
from reconciler.model.values import Attributes
from reconciler.providers.hetzner.convert import Json, attributes, reference, resource

PROVIDERS_NAME = re.compile(r"static\.(\d{1,3}\.){4}clients\.your-server\.de")


def ssh_key(data: Json) -> Observed:
    values = attributes(
        public_key=data["public_key"], fingerprint=data["fingerprint"], created=data["created"]
    )
    return resource("ssh_key", data, values)


def placement_group(data: Json) -> Observed:
    return resource("placement_group", data, attributes(placement_type=data["type"], created=data["created"]))


def volume(data: Json) -> Observed:
    values = attributes(
        size_gb=data["size"],
        location=data["location"]["name"],
        server=reference("vm", data["server"]),
        filesystem=data["format"],
        protected=data["protection"]["delete"],
        linux_device=data["linux_device"],
        created=data["created"],
    )
    ready = data["status"] == "available"
    return resource("volume", data, values, state="available" if ready else "creating", busy=not ready)


def floating_ip(data: Json) -> Observed:
    values = attributes(
        location=data["home_location"]["name"],
        server=reference("vm", data["server"]),
        description=data["description"] or None,
    )
    return resource("floating_ip", data, {**values, **_address(data)})


def primary_ip(data: Json) -> Observed:
    values = attributes(
        location=data["location"]["name"],
        auto_delete=data["auto_delete"],
        assigned=data["assignee_id"] is not None,
    )
    return resource("primary_ip", data, {**values, **_address(data)})


def first_address(ip: str) -> str:
    """The address itself, or the first usable one of a range: where reverse DNS is kept."""
    if "/" not in ip:
        return ip
    return str(ipaddress.ip_network(ip, strict=False).network_address + 1)


def pointer(ip: str, records: Iterable[Json]) -> str | None:
    """The name that somebody gave the first address of `ip`."""
    wanted = ipaddress.ip_address(first_address(ip))
    return next(
        (given_name(item["dns_ptr"]) for item in records if ipaddress.ip_address(item["ip"]) == wanted),
        None,
    )


def given_name(name: str | None) -> str | None:
    """None for the name that the provider gives an address by itself: that is what a reset leaves."""
    return None if name is not None and PROVIDERS_NAME.fullmatch(name) else name


def _address(data: Json) -> Attributes:
    ip = data["ip"]
    return attributes(
        ip_version=data["type"],
        public_ipv4=ip if data["type"] == "ipv4" else None,
        public_ipv6=ip if data["type"] == "ipv6" else None,
        reverse_dns=pointer(ip, data["dns_ptr"]),
        protected=data["protection"]["delete"],
        blocked=data["blocked"],
        created=data["created"],
    )

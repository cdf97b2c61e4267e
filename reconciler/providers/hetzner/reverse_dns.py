"""Reverse DNS of a public address: where it is kept, and which name is nobody's wish. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Call, Param
from reconciler.model.values import Value
from reconciler.providers.hetzner.reading import Json
from reconciler.providers.hetzner.wire import Wire

VERSIONS = ("ipv4", "ipv6")
_PROVIDERS_NAME = re.compile(r"static\.(\d{1,3}\.){4}clients\.your-server\.de")


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
    return None if name is not None and _PROVIDERS_NAME.fullmatch(name) else name


def own_address(version: Value) -> str:
    """What stands in a reverse DNS call for the address that the provider chose when it made the object."""
    return f"${{public_{version}}}"


def change_dns_ptr(wire: Wire, address: Address, ip: Param, name: Value | None) -> Call:
    """Raises PlanError for the name that a reset leaves: it could not be told from none."""
    if _PROVIDERS_NAME.fullmatch(str(name)):
        raise PlanError(
            f"{address}: {name} is the name that the provider gives an address by itself",
            hint="write null, which brings it back",
        )
    words = (
        f"reverse DNS of {address.name} to {name}"
        if name is not None
        else f"reset reverse DNS of {address.name}"
    )
    return wire.act(address, "change_dns_ptr", words, {"ip": ip, "dns_ptr": name})

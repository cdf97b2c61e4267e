"""Firewall rules: which are allowed, and the form in which the API gives them back."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from reconciler.sim.hetzner.problems import invalid
from reconciler.sim.hetzner.project import Json
from reconciler.sim.hetzner.validation import Problems, many, nullable, record, text

_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


def _cidr(path: str, value: Any) -> Problems:
    """A network with empty host bits, or a host, in CIDR notation."""
    try:
        ipaddress.ip_network(value if isinstance(value, str) and "/" in value else "")
    except ValueError:
        yield path, "must be a network in CIDR notation with empty host bits"


RULE = record(
    {
        "direction": text(choices=("in", "out")),
        "protocol": text(choices=("tcp", "udp", "icmp", "esp", "gre")),
    },
    description=nullable(text(high=255)),
    source_ips=many(_cidr, high=100),
    destination_ips=many(_cidr, high=100),
    port=nullable(text(low=1)),
)
RULES = many(RULE, high=50)


def normal(rules: list[Json], path: str = "rules") -> list[Json]:
    """The rules as they are stored: every field there, IPv6 networks in RFC 5952 form."""
    return [_normal(rule, f"{path}.{index}") for index, rule in enumerate(rules)]


def _normal(rule: Json, path: str) -> Json:
    sources, destinations = rule.get("source_ips", []), rule.get("destination_ips", [])
    wanted, other = ("source_ips", "destination_ips")
    if rule["direction"] == "out":
        wanted, other = other, wanted
    if not rule.get(wanted):
        raise invalid(f"{path}.{wanted}", f"is required for direction {rule['direction']}")
    if rule.get(other):
        raise invalid(f"{path}.{other}", f"is not allowed for direction {rule['direction']}")
    _check_port(rule, f"{path}.port")
    return {
        "description": rule.get("description"),
        "direction": rule["direction"],
        "source_ips": [str(ipaddress.ip_network(text)) for text in sources],
        "destination_ips": [str(ipaddress.ip_network(text)) for text in destinations],
        "protocol": rule["protocol"],
        "port": rule.get("port"),
    }


def _check_port(rule: Json, path: str) -> None:
    port = rule.get("port")
    if rule["protocol"] not in ("tcp", "udp"):
        if port is not None:
            raise invalid(path, "is allowed for tcp and udp only")
        return
    if port is None:
        raise invalid(path, "is required for tcp and udp")
    if port == "any":
        return
    match = _PORT.fullmatch(port)
    if match is None:
        raise invalid(path, "must be a port or a range like 80-85")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= 65535:
        raise invalid(path, "must be a port or a range like 80-85")

"""Networks with their subnets and routes, and firewalls with their rules, as `Observed`. Pure."""

from __future__ import annotations

import hashlib

from reconciler.model.resource import Observed
from reconciler.model.values import encode
from reconciler.providers.hetzner.convert import Json, attributes, part, resource


def network(data: Json) -> Observed:
    values = attributes(
        ip_range=data["ip_range"],
        expose_routes_to_vswitch=data["expose_routes_to_vswitch"],
        protected=data["protection"]["delete"],
        created=data["created"],
    )
    parts = [*map(_subnet, data["subnets"]), *map(_route, data["routes"])]
    return resource("network", data, values, parts=parts)


def _subnet(data: Json) -> Observed:
    values = attributes(
        ip_range=data["ip_range"],
        subnet_type=data["type"],
        network_zone=data["network_zone"],
        vswitch_id=data.get("vswitch_id"),
        gateway=data["gateway"],
    )
    return part("subnet", data["ip_range"], values)


def _route(data: Json) -> Observed:
    values = attributes(destination=data["destination"], gateway=data["gateway"])
    return part("route", f"{data['destination']} {data['gateway']}", values)


def firewall(data: Json) -> Observed:
    """Machines it is applied to directly name it themselves; only its label selectors are its own."""
    selectors = [
        item["label_selector"]["selector"] for item in data["applied_to"] if item["type"] == "label_selector"
    ]
    values = attributes(label_selectors=selectors, created=data["created"])
    return resource("firewall", data, values, parts=[_rule(item) for item in data["rules"]])


def _rule(data: Json) -> Observed:
    values = attributes(
        direction=data["direction"],
        protocol=data["protocol"],
        port=data.get("port"),
        source_ips=data.get("source_ips") or None,
        destination_ips=data.get("destination_ips") or None,
        description=data.get("description") or None,
    )
    content = ",".join(f"{name}={encode(values[name])}" for name in sorted(values))
    words = [data["direction"], data["protocol"], data.get("port") or "all"]
    return part("firewall_rule", "-".join([*words, hashlib.sha256(content.encode()).hexdigest()[:8]]), values)

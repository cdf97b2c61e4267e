"""What public addresses of every kind have in common: how they read, their reverse DNS, protection. Pure."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.model.values import Attributes
from reconciler.providers.hetzner.calls import Calls, Change
from reconciler.providers.hetzner.reading import Json, attributes
from reconciler.providers.hetzner.reverse_dns import change_dns_ptr, first_address, own_address, pointer
from reconciler.providers.hetzner.wire import Wire


def shared(data: Json) -> Attributes:
    """The attributes that every public address has."""
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


def after_creation(wire: Wire, desired: Desired) -> Calls:
    """What the creation of an address does not take: its reverse DNS, its protection."""
    named: Calls = ()
    if (name := desired.attributes.get("reverse_dns")) is not None:
        named = (change_dns_ptr(wire, desired.address, own_address(desired.attributes["ip_version"]), name),)
    return (*named, *wire.protect_new(desired))


def change_reverse_dns(wire: Wire, change: Change) -> Calls:
    """What a change says of an address's name."""
    wanted = change.diff.change("reverse_dns")
    if wanted is None:
        return ()
    recorded = change.recorded.attributes
    ip = recorded.get("public_ipv4") or recorded.get("public_ipv6")
    return (change_dns_ptr(wire, change.recorded.address, first_address(str(ip)), wanted.after),)

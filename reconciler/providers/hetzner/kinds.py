"""What Hetzner calls our resource types: the collection in a path, and the noun in an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`noun` is the key of one object in an answer and the first half of an operation's name."""

    resource_type: str
    noun: str
    collection: str


KINDS = {
    kind.resource_type: kind
    for kind in (
        Kind("ssh_key", "ssh_key", "ssh_keys"),
        Kind("network", "network", "networks"),
        Kind("vm", "server", "servers"),
        Kind("volume", "volume", "volumes"),
        Kind("firewall", "firewall", "firewalls"),
        Kind("placement_group", "placement_group", "placement_groups"),
        Kind("floating_ip", "floating_ip", "floating_ips"),
        Kind("primary_ip", "primary_ip", "primary_ips"),
    )
}
NOUNS = {kind.noun: kind for kind in KINDS.values()}


def name_of(resource_type: str) -> str:
    """The attribute that is the `name` of such an object: a machine's is a host name, as everywhere."""
    return "hostname" if resource_type == "vm" else "name"

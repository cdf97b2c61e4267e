"""What the API calls a machine."""

from __future__ import annotations

from reconciler.providers.hetzner.wire import Wire

ATTACHMENT = "network_attachment"
_IDS = ("firewall", "ipv4", "ipv6", "network", "networks", "placement_group", "ssh_keys")
WIRE = Wire("vm", "server", "servers", "server", name="hostname", numbers=frozenset(_IDS))
CREATE, CHANGE_TYPE, SHUTDOWN = "server.create", "server.change_type", "server.shutdown"

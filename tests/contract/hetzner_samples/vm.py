"""Machines, with all that stands around them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.resource import Desired
from reconciler.model.values import Value
from reconciler.testing import Parts, Sample
from tests.contract.hetzner_samples.network import network, subnet
from tests.contract.hetzner_samples.primary_ip import primary_ip
from tests.contract.hetzner_samples.ssh_key import ssh_key
from tests.contract.hetzner_samples.wanting import changed, want, with_parts, without


def vm(name: str = "web-1", parts: Parts | None = None, **values: Value) -> Desired:
    body: dict[str, Value] = {"server_type": "cx22", "image": "debian-12", "location": "fsn1"}
    return want(f"vm/{name}", parts, {"env": "test"}, **(body | values))


def sample() -> Sample:
    first = (
        ssh_key(),
        network(),
        replace(want("network/other", {"subnet": [subnet("10.200.1.0/24")]}, ip_range="10.200.0.0/16")),
        want("firewall/one"),
        want("firewall/two"),
        want("placement_group/apart"),
        want("placement_group/afar"),
        primary_ip("v4"),
        primary_ip("v6", "ipv6"),
    )
    machine = vm(
        parts={"network_attachment": [{"network": "network/net"}]},
        ssh_keys=("ssh_key/admin",),
        firewalls=("firewall/one",),
        user_data="#cloud-config\n",
        ipv4_enabled=True,
        ipv6_enabled=True,
        power_state="running",
    )
    online = changed(
        machine,
        tags={"env": "prod"},
        hostname="web-1.example.com",
        firewalls=("firewall/two",),
        backups=True,
        protected=True,
        iso="debian-12.5.0-amd64-netinst.iso",
        ipv4_reverse_dns="web-1.example.com",
        ipv6_reverse_dns="web-1.example.com",
    )
    larger = changed(
        online,
        server_type="cx32",
        placement_group="placement_group/apart",
        ipv4="primary_ip/v4",
        ipv6="primary_ip/v6",
        protected=False,
        backups=False,
    )
    attached = with_parts(
        changed(without(larger, "iso"), placement_group="placement_group/afar"),
        {
            "network_attachment": [
                {"network": "network/net", "ip": "10.0.2.9", "alias_ips": ("10.0.2.10", "10.0.2.11")},
                {"network": "network/other", "ip": "10.200.1.5"},
            ]
        },
    )
    aliased = with_parts(
        changed(attached, power_state="stopped"),
        {"network_attachment": [{"network": "network/net", "ip": "10.0.2.9", "alias_ips": ("10.0.2.12",)}]},
    )
    hidden = changed(
        without(aliased, "ipv4", "ipv4_reverse_dns", "placement_group"), ipv4_enabled=False, firewalls=()
    )
    private = changed(without(hidden, "ipv6", "ipv6_reverse_dns"), ipv6_enabled=False, power_state="running")
    back = changed(private, ipv4_enabled=True, ipv4="primary_ip/v4")
    return Sample(machine, first, (online, larger, attached, aliased, hidden, private, back))

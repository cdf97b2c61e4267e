"""The Hetzner driver before its simulator, and a life for each of its resource types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from reconciler.model.resource import Desired
from reconciler.model.values import Value
from reconciler.providers.driver import Request
from reconciler.providers.hetzner import HetznerDriver
from reconciler.testing import Fault, FreeMeter, Manifests, Parts, Sample, Sent, access
from tests.contract.hetzner_rig import KEY_1, TOKEN, Rig, running, violations
from tests.contract.sim_faults import simulated

PROVIDER = "hetzner"
MANIFESTS = Manifests(HetznerDriver.catalog)
CATALOG, changed, with_parts = MANIFESTS.catalog, MANIFESTS.changed, MANIFESTS.with_parts
want, without = MANIFESTS.want, MANIFESTS.without


class HetznerHarness:
    provider_type = PROVIDER

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.meter = FreeMeter()
        self.drivers: list[HetznerDriver] = []
        self.driver = self.connect()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rig.server.port}/v1"

    def connect(self, credential: str | None = None) -> HetznerDriver:
        self.drivers.append(HetznerDriver(access(PROVIDER, self.url, credential or TOKEN, meter=self.meter)))
        return self.drivers[-1]

    def sent(self) -> list[Sent]:
        return [
            Sent(str(entry["method"]), str(entry["path"]).removeprefix("/v1"))
            for entry in self.rig.server.ledger.since()
            if entry["method"] != "GET"
        ]

    def fault(self, kind: str, **options: Any) -> None:
        self.rig.control("POST", "/faults", {"kind": kind, **options})

    def fail(self, fault: Fault, *, reads: bool) -> None:
        self.fault(**simulated(fault, reads=reads))

    def mend(self) -> None:
        self.rig.control("DELETE", "/faults")

    def violations(self) -> list[str]:
        found = [text for exchange in self.rig.api.exchanges for text in violations(exchange)]
        # The description's own text allows ids here, its schema forgets them; the official clients send ids.
        return [text for text in found if not re.search(r"\$\.ssh_keys\[\d+\]: \d+ is not of type", text)]


@contextmanager
def hetzner(**options: Any) -> Iterator[HetznerHarness]:
    with running(**options) as rig:
        made = HetznerHarness(rig)
        try:
            yield made
        finally:
            for driver in made.drivers:
                driver.close()


def asked(harness: HetznerHarness, method: str = "GET") -> list[str]:
    return [str(entry["path"]) for entry in harness.rig.server.ledger.since() if entry["method"] == method]


def poweroff(server: str) -> Request:
    path = f"/servers/{server}/actions/poweroff"
    return Request("server.poweroff", "POST", path, {"id": server}, {})


def ssh_key(name: str = "admin") -> Desired:
    return want(f"ssh_key/{name}", public_key=KEY_1, tags={"team": "ops"})


def subnet(ip_range: str) -> dict[str, Value]:
    return {"ip_range": ip_range, "network_zone": "eu-central"}


def network(name: str = "net") -> Desired:
    parts: Parts = {
        "subnet": [subnet("10.0.1.0/24"), subnet("10.0.2.0/24")],
        "route": [{"destination": "10.9.0.0/16", "gateway": "10.0.1.7"}],
    }
    return want(f"network/{name}", parts, {"env": "test"}, ip_range="10.0.0.0/20")


def firewall(name: str = "web") -> Desired:
    rules: list[dict[str, Value]] = [
        {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ("192.0.2.0/24", "2001:DB8::/32")},
        {"direction": "in", "protocol": "icmp", "source_ips": ("0.0.0.0/0",), "description": "ping"},
    ]
    return want(f"firewall/{name}", {"firewall_rule": rules}, label_selectors=("env=prod",))


def primary_ip(name: str, version: str = "ipv4") -> Desired:
    return want(f"primary_ip/{name}", ip_version=version, location="fsn1", auto_delete=False)


def vm(name: str = "web-1", parts: Parts | None = None, **values: Value) -> Desired:
    body: dict[str, Value] = {"server_type": "cx22", "image": "debian-12", "location": "fsn1"}
    return want(f"vm/{name}", parts, {"env": "test"}, **(body | values))


def samples() -> list[Sample]:
    return [_ssh_key(), _network(), _firewall(), _placement_group(), *_addresses(), _volume(), _vm()]


def _ssh_key() -> Sample:
    key = ssh_key()
    return Sample(
        key, variants=(changed(key, tags={"team": "dev", "example.com/role": "root"}, name="Max's key"),)
    )


def _network() -> Sample:
    net = network()
    wide = changed(
        net, name="net of old", ip_range="10.0.0.0/16", expose_routes_to_vswitch=True, protected=True
    )
    moved = with_parts(
        changed(wide, tags={}, protected=False),
        {
            "subnet": [subnet("10.0.2.0/24"), subnet("10.0.3.0/24")],
            "route": [{"destination": "10.8.0.0/16", "gateway": "10.0.3.7"}],
        },
    )
    return Sample(net, variants=(wide, moved, with_parts(moved, {"subnet": [], "route": []})))


def _firewall() -> Sample:
    wall = firewall()
    names: dict[str, Value] = {"direction": "out", "protocol": "udp", "port": "53-54"}
    addressed = names | {"destination_ips": ("9.9.9.9/32",)}
    other = with_parts(wall, {"firewall_rule": [addressed]})
    told = with_parts(other, {"firewall_rule": [addressed | {"description": "names"}]})
    selecting = changed(told, label_selectors=("env=dev", "tier in (a,b)"), tags={"a": ""}, name="wall")
    empty = with_parts(changed(selecting, label_selectors=()), {"firewall_rule": []})
    return Sample(wall, variants=(other, told, selecting, empty))


def _placement_group() -> Sample:
    group = want("placement_group/apart", tags={"env": "test"})
    return Sample(group, variants=(changed(group, tags={}, name="far apart"),))


def _addresses() -> list[Sample]:
    floating = want(
        "floating_ip/entry", ip_version="ipv4", location="fsn1", description="entry", server="vm/web-1"
    )
    primary = primary_ip("out", "ipv6")
    return [
        Sample(
            floating,
            first=(vm(), vm("web-2")),
            variants=(
                changed(
                    floating,
                    server="vm/web-2",
                    name="way-in",
                    description="way in",
                    reverse_dns="in.example.com",
                    protected=True,
                ),
                changed(without(floating, "server"), tags={"a": "b"}, protected=False),
            ),
        ),
        Sample(
            primary,
            variants=(
                changed(primary, name="way-out", reverse_dns="out.example.com", auto_delete=True),
                changed(primary, auto_delete=False, protected=True),
                changed(primary, auto_delete=True, protected=False, tags={"a": "b"}),
            ),
        ),
    ]


def _volume() -> Sample:
    volume = want(
        "volume/data", size_gb=10, location="fsn1", server="vm/web-1", automount=False, filesystem="ext4"
    )
    return Sample(
        volume,
        first=(vm(), vm("web-2")),
        variants=(
            changed(volume, name="disk-1", server="vm/web-2", size_gb=20, tags={"env": "x"}, protected=True),
            changed(without(volume, "server"), size_gb=30, protected=False, tags={}),
            changed(volume, size_gb=30, tags={}),
        ),
    )


def _vm() -> Sample:
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

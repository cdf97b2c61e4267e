"""Firewalls, with their rules."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.model.values import Value
from reconciler.testing import Sample
from tests.contract.hetzner_samples.wanting import changed, want, with_parts


def firewall(name: str = "web") -> Desired:
    rules: list[dict[str, Value]] = [
        {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ("192.0.2.0/24", "2001:DB8::/32")},
        {"direction": "in", "protocol": "icmp", "source_ips": ("0.0.0.0/0",), "description": "ping"},
    ]
    return want(f"firewall/{name}", {"firewall_rule": rules}, label_selectors=("env=prod",))


def sample() -> Sample:
    wall = firewall()
    names: dict[str, Value] = {"direction": "out", "protocol": "udp", "port": "53-54"}
    addressed = names | {"destination_ips": ("9.9.9.9/32",)}
    other = with_parts(wall, {"firewall_rule": [addressed]})
    told = with_parts(other, {"firewall_rule": [addressed | {"description": "names"}]})
    selecting = changed(told, label_selectors=("env=dev", "tier in (a,b)"), tags={"a": ""}, name="wall")
    empty = with_parts(changed(selecting, label_selectors=()), {"firewall_rule": []})
    return Sample(wall, variants=(other, told, selecting, empty))

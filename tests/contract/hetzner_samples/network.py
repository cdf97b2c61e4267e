"""Private networks, with their subnets and routes."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.model.values import Value
from reconciler.testing import Parts, Sample
from tests.contract.hetzner_samples.wanting import changed, want, with_parts


def subnet(ip_range: str) -> dict[str, Value]:
    return {"ip_range": ip_range, "network_zone": "eu-central"}


def network(name: str = "net") -> Desired:
    parts: Parts = {
        "subnet": [subnet("10.0.1.0/24"), subnet("10.0.2.0/24")],
        "route": [{"destination": "10.9.0.0/16", "gateway": "10.0.1.7"}],
    }
    return want(f"network/{name}", parts, {"env": "test"}, ip_range="10.0.0.0/20")


def sample() -> Sample:
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

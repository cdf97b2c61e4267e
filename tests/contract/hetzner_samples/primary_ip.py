"""Primary IPs."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.testing import Sample
from tests.contract.hetzner_samples.wanting import changed, want


def primary_ip(name: str, version: str = "ipv4") -> Desired:
    return want(f"primary_ip/{name}", ip_version=version, location="fsn1", auto_delete=False)


def sample() -> Sample:
    primary = primary_ip("out", "ipv6")
    return Sample(
        primary,
        variants=(
            changed(primary, name="way-out", reverse_dns="out.example.com", auto_delete=True),
            changed(primary, auto_delete=False, protected=True),
            changed(primary, auto_delete=True, protected=False, tags={"a": "b"}),
        ),
    )

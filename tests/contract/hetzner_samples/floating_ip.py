"""Floating IPs, on one machine and on another."""

from __future__ import annotations

from reconciler.testing import Sample
from tests.contract.hetzner_samples.vm import vm
from tests.contract.hetzner_samples.wanting import changed, want, without


def sample() -> Sample:
    floating = want(
        "floating_ip/entry", ip_version="ipv4", location="fsn1", description="entry", server="vm/web-1"
    )
    moved = changed(
        floating,
        server="vm/web-2",
        name="way-in",
        description="way in",
        reverse_dns="in.example.com",
        protected=True,
    )
    loose = changed(without(floating, "server"), tags={"a": "b"}, protected=False)
    return Sample(floating, first=(vm(), vm("web-2")), variants=(moved, loose))

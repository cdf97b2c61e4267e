"""Volumes, on one machine and on another."""

from __future__ import annotations

from reconciler.testing import Sample
from tests.contract.hetzner_samples.vm import vm
from tests.contract.hetzner_samples.wanting import changed, want, without


def sample() -> Sample:
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

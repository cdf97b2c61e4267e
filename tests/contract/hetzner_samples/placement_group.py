"""Placement groups."""

from __future__ import annotations

from reconciler.testing import Sample
from tests.contract.hetzner_samples.wanting import changed, want


def sample() -> Sample:
    group = want("placement_group/apart", tags={"env": "test"})
    return Sample(group, variants=(changed(group, tags={}, name="far apart"),))

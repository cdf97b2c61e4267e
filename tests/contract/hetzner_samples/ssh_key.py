"""SSH keys."""

from __future__ import annotations

from reconciler.model.resource import Desired
from reconciler.testing import Sample
from tests.contract.hetzner_rig import KEY_1
from tests.contract.hetzner_samples.wanting import changed, want


def ssh_key(name: str = "admin") -> Desired:
    return want(f"ssh_key/{name}", public_key=KEY_1, tags={"team": "ops"})


def sample() -> Sample:
    key = ssh_key()
    return Sample(
        key, variants=(changed(key, tags={"team": "dev", "example.com/role": "root"}, name="Max's key"),)
    )

"""Pools."""

from __future__ import annotations

from typing import Any

from reconciler.model.resource import Desired
from reconciler.testing import Sample
from tests.contract.proxmox_samples.wanting import changed, want


def pool(name: str = "prod", **values: Any) -> Desired:
    return want(f"pool/{name}", **values)


def sample() -> Sample:
    made = pool(description="Production", storages=("local-lvm",))
    return Sample(made, variants=(changed(made, description="Live\nmachines", storages=("nfs",)),))

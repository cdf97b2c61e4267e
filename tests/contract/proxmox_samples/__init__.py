"""A life for each type of Proxmox VE: what the contract suite makes, changes and removes. A type a module."""

from __future__ import annotations

from reconciler.testing import Sample
from tests.contract.proxmox_samples import container, pool, vm


def samples() -> list[Sample]:
    return [pool.sample(), vm.sample(), container.sample()]

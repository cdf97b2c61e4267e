"""A life for each type of Proxmox VE: what the contract suite makes, changes and removes. A type a module."""

from __future__ import annotations

from tests.contract.harness import Sample
from tests.contract.proxmox_samples import container, guest, pool, vm

LISTED = {"container": guest.LISTED, "pool": pool.LISTED, "vm": guest.LISTED}
"""The path of the list that shows a type's objects."""


def samples() -> list[Sample]:
    return [pool.sample(), vm.sample(), container.sample()]

"""A life for each type of Hetzner Cloud: what the contract suite makes, changes, removes. A type a module."""

from __future__ import annotations

from reconciler.testing import Sample
from tests.contract.hetzner_samples import (
    firewall,
    floating_ip,
    network,
    placement_group,
    primary_ip,
    ssh_key,
    vm,
    volume,
)

_MODULES = (ssh_key, network, firewall, placement_group, floating_ip, primary_ip, volume, vm)


def samples() -> list[Sample]:
    return [module.sample() for module in _MODULES]

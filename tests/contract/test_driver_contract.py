"""What every driver promises, tried on each of ours in front of its simulator by the suite that ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.testing import DriverContract, DriverHarness, Sample
from tests.contract import hetzner_samples, proxmox_samples
from tests.contract.hetzner_harness import hetzner
from tests.contract.proxmox_harness import proxmox


class TestHetzner(DriverContract):
    def samples(self) -> Sequence[Sample]:
        return hetzner_samples.samples()

    @contextmanager
    def connected(self) -> Iterator[DriverHarness]:
        with hetzner() as made:
            yield made
            assert made.violations() == []


class TestProxmox(DriverContract):
    def samples(self) -> Sequence[Sample]:
        return proxmox_samples.samples()

    @contextmanager
    def connected(self) -> Iterator[DriverHarness]:
        with proxmox() as made:
            yield made
            assert made.violations() == []

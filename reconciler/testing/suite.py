"""The frame of the contract's tests: what a driver's own test class gives, and the fixtures made of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import pytest

from reconciler.testing.harness import DriverHarness
from reconciler.testing.samples import Sample
from reconciler.testing.world import World


class Suite(ABC):
    """Tests that have a `sample` are made for each of the samples, each in a world of its own."""

    @abstractmethod
    def samples(self) -> Sequence[Sample]:
        """A life for each root type that the driver offers. Asked for before any harness is made."""

    @abstractmethod
    def connected(self) -> AbstractContextManager[DriverHarness]:
        """The driver before a provider that has nothing of ours yet. It may end with checks of its own."""

    @pytest.fixture
    def harness(self) -> Iterator[DriverHarness]:
        """The driver before a provider that is this test's alone."""
        with self.connected() as made:
            yield made

    @pytest.fixture
    def world(self, harness: DriverHarness, sample: Sample) -> World:
        """A world in which everything that the sample needs is there."""
        return World.before(harness, sample)

    @property
    def simplest(self) -> Sample:
        """For what is the same with every type."""
        return min(self.samples(), key=lambda sample: (len(sample.first), len(sample.desired.parts)))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes a `sample` becomes one for each, with the sample's type for its id."""
        if "sample" in metafunc.fixturenames:
            lives = [pytest.param(sample, id=sample.desired.type) for sample in self.samples()]
            metafunc.parametrize("sample", lives)

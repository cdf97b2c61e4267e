"""What a driver is tested with, wherever it lives: the contract's tests, and what they need of its world.

A driver's own test file makes a class of `DriverContract` that says two things: `samples`, a life for each of
its types, and `connected`, a harness with the driver before its provider (a simulator, a test instance). See
docs/drivers.md. The drivers of this distribution are tested with exactly this.

It needs pytest, which `reconciler[testing]` brings along; nothing else of the program imports this package.
"""

import pytest

pytest.register_assert_rewrite(*(f"reconciler.testing.{name}" for name in ("answers", "lives", "world")))

from reconciler.testing.answers import Answers  # noqa: E402 - rewriting has to be asked for first
from reconciler.testing.harness import OWNER, DriverHarness, Fault, FreeMeter, Sent, access  # noqa: E402
from reconciler.testing.lives import Lives  # noqa: E402
from reconciler.testing.samples import Manifests, Parts, Sample, catalog_of, changed, wanted  # noqa: E402
from reconciler.testing.world import World  # noqa: E402

__all__ = [
    "OWNER",
    "DriverContract",
    "DriverHarness",
    "Fault",
    "FreeMeter",
    "Manifests",
    "Parts",
    "Sample",
    "Sent",
    "World",
    "access",
    "catalog_of",
    "changed",
    "wanted",
]


class DriverContract(Lives, Answers):
    """What every driver promises. A subclass, named `Test…` for pytest, gives `samples` and `connected`."""

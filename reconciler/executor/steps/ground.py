"""What a step was planned from: both sides of its resource, as they were then.

The step's claim is refused where the row has another version by then, and nobody else writes it after that.
So what was recorded need not be read again; what the manifest says the database compares by its hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.planner.references import references


@dataclass(frozen=True, slots=True)
class Ground:
    """`desired`: None where no manifest speaks of it; `recorded`: None where it had no row."""

    desired: Desired | None = None
    recorded: Recorded | None = None

    def references(self, catalog: Catalog) -> frozenset[Address]:
        """The roots that either side points at."""
        sides = (side for side in (self.desired, self.recorded) if side is not None)
        return frozenset(address for side in sides for address in references(side, catalog))

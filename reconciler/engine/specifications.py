"""Earlier specifications that a plan needs: what was applied last, went by, or made the object."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.executor.steps import ineffective as ineffective
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_specifications
from reconciler.store.recorded.resources import (
    carried_by,
    created_by,
)


def applied_specifications(
    tx: Transaction,
    catalog: Catalog,
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What was last applied of what is wanted otherwise now: it tells a manifest's changes from drift."""
    moved = {
        address: found
        for address in desired.keys() & recorded.keys()
        if (found := recorded[address].applied_desired_hash) is not None and found != desired[address].hash()
    }
    return load_specifications(tx, moved, catalog)


def carried_specifications(
    tx: Transaction,
    catalog: Catalog,
    applied: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What our last step went by, where it could do only a part of that: what it did is ours all the same."""
    there = {recorded[address].id: address for address in applied}
    went = {there[row_id]: spec for row_id, spec in carried_by(tx, there).items()}
    return load_specifications(tx, {a: s for a, s in went.items() if s != applied[a].hash()}, catalog)


def created_specifications(
    tx: Transaction,
    catalog: Catalog,
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
) -> dict[Address, Desired]:
    """What was wanted of the candidates when we made their objects, where that is something else now."""
    there = {recorded[a].id: a for a in desired.keys() & recorded.keys() if recorded[a].exists}
    made = {there[row_id]: spec for row_id, spec in created_by(tx, there).items()}
    return load_specifications(tx, {a: s for a, s in made.items() if s != desired[a].hash()}, catalog)

"""What was recorded of some roots as of a mark: as much of it as what does not come back is told by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.values import Attributes
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import Columns, collect


@dataclass(frozen=True, slots=True)
class RecordedThen:
    """A root or a part that was ours and there. `external_id` is empty for a part without one."""

    address: Address
    type: str
    provider_type: str
    external_id: str
    attributes: Attributes


def recorded_then(
    tx: Transaction, mark: int, roots: Collection[Address], catalog: Catalog
) -> dict[Address, RecordedThen]:
    """These roots and their parts as of a mark, by address; what was not there then is left out."""
    if not roots:
        return {}
    ever = [row.id for row in tx.rows("rollback.resources_of", roots=sorted(map(str, roots)))]
    rows = tx.rows("rollback.recorded_at", mark=mark, ids=ever)
    values: dict[int, list[tuple[str, Columns]]] = defaultdict(list)
    for row_id, name, *columns in tx.rows("rollback.attributes_at", mark=mark, ids=[r.id for r in rows]):
        if name in catalog.definitions:
            values[row_id].append((name, Columns(*columns)))
    return {
        address: RecordedThen(
            address,
            row.resource_type,
            row.provider_type,
            row.external_id or "",
            collect(values[row.id], catalog.definitions),
        )
        for row in rows
        for address in (Address.parse(row.address),)
    }

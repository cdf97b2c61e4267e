"""Names to row ids: the small tables that every write refers to, read once for a transaction."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.store.database.session import Transaction


@dataclass(frozen=True, slots=True)
class Ids:
    """Row ids by name. Endpoints are those not deleted."""

    resource_types: dict[str, int]
    definitions: dict[str, int]
    relationship_types: dict[str, int]
    states: dict[str, int]
    endpoints: dict[str, int]


def load_ids(tx: Transaction) -> Ids:
    """The ids that names have now."""
    found = Ids({}, {}, {}, {}, dict(tx.rows("ids.endpoints")))
    for kind, name, row_id in tx.rows("ids.names"):
        getattr(found, kind)[name] = row_id
    return found

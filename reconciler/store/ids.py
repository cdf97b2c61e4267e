"""Names to row ids: the small tables that every write refers to, read once for a transaction."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.store.session import Transaction


@dataclass(frozen=True, slots=True)
class Ids:
    """Row ids by name. Endpoints are those not deleted."""

    resource_types: dict[str, int]
    definitions: dict[str, int]
    relationship_types: dict[str, int]
    endpoints: dict[str, int]


def load_ids(tx: Transaction) -> Ids:
    return Ids(
        resource_types=dict(tx.rows("ids.resource_types")),
        definitions=dict(tx.rows("ids.definitions")),
        relationship_types=dict(tx.rows("ids.relationship_types")),
        endpoints=dict(tx.rows("ids.endpoints")),
    )

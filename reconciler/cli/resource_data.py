"""`get -o json` and `-o yaml` of resources: each with its attributes and its parts, as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from reconciler.cli.values import as_json
from reconciler.model.address import Address
from reconciler.model.resource import Recorded
from reconciler.store import catalog_reading
from reconciler.store.database.session import Transaction
from reconciler.store.recorded.resources import load_recorded, load_recorded_by_id
from reconciler.store.views import ResourceView


def resource_data(tx: Transaction, items: Sequence[ResourceView]) -> list[dict[str, Any]]:
    """What a view has, `attributes: {name: value}` and `parts: [{address, attributes}]`; no secret."""
    known = {item.id: item for root in _roots(tx, items) for item in (root, *root.parts)}
    return [asdict(item) | _contents(known.get(item.id)) for item in items]


def _roots(tx: Transaction, items: Iterable[ResourceView]) -> list[Recorded]:
    catalog = catalog_reading.load(tx)
    own = [item.id for item in items if item.contained_in is None]
    around = {Address.parse(item.address).root for item in items if item.contained_in is not None}
    return [*load_recorded_by_id(tx, own, catalog), *load_recorded(tx, around, catalog).values()]


def _contents(item: Recorded | None) -> dict[str, Any]:
    if item is None:  # a part of something that is not managed
        return {"attributes": {}, "parts": []}
    parts = [{"address": str(part.address), "attributes": _attributes(part)} for part in item.parts]
    return {"attributes": _attributes(item), "parts": parts}


def _attributes(item: Recorded) -> dict[str, Any]:
    return {name: as_json(value) for name, value in sorted(item.attributes.items())}

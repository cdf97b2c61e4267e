"""Resources as the database knows them from every side: one with all that is said of it, many as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.report.values import as_json
from reconciler.store import catalog_reading, views
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.resources import load_recorded, load_recorded_by_id

_OPERATIONS, _CHANGES = 5, 10  # of the newest
_Side = TypeVar("_Side", Desired, Recorded)


@dataclass(frozen=True, slots=True)
class ResourceReport:
    """One address from every side. `desired` and `recorded` are of the part, if it is a part's address.

    `operations` begin with the newest, `history` with the oldest.
    """

    address: Address
    view: views.ResourceView | None
    desired: Desired | None
    recorded: Recorded | None
    catalog: Catalog
    relationships: tuple[views.RelationshipView, ...] = ()
    failure: views.FailureView | None = None
    operations: tuple[views.OperationView, ...] = ()
    history: tuple[views.HistoryView, ...] = ()


def resource_report(tx: Transaction, address: Address) -> ResourceReport:
    """Raises PlanError where neither a manifest nor a provider has anything at the address."""
    catalog = catalog_reading.load(tx)
    name = str(address)
    seen = views.resources(tx, address=name) or views.resources(tx, address=name, unmanaged=True)
    desired = load_desired(tx, [address.root], catalog).get(address.root)
    recorded = load_recorded(tx, [address.root], catalog).get(address.root)
    if recorded is None and seen:
        recorded = next(iter(load_recorded_by_id(tx, [seen[0].id], catalog)), None)
    if not seen and (desired is None or (address.parent and part_at(desired, address) is None)):
        raise PlanError(f"nothing is known of {address}", hint="`reconciler get all` lists what is recorded")
    if address.parent is not None:
        desired, recorded = part_at(desired, address), part_at(recorded, address)
    return ResourceReport(
        address,
        seen[0] if seen else None,
        desired,
        recorded,
        catalog,
        views.relationships(tx, name),
        views.failure(tx, name),
        views.operations(tx, _OPERATIONS, name),
        views.history(tx, _CHANGES, name)[::-1],
    )


def part_at(root: _Side | None, address: Address) -> _Side | None:
    """The part at an address; None where there is none."""
    if root is None:
        return None
    return next((part for part in root.parts if part.address == address), None)


def resources_json(tx: Transaction, items: Sequence[views.ResourceView]) -> list[dict[str, Any]]:
    """What a view has, `attributes: {name: value}` and `parts: [{address, attributes}]`; no secret."""
    known = {item.id: item for root in _roots(tx, items) for item in (root, *root.parts)}
    return [asdict(item) | contents_json(known.get(item.id)) for item in items]


def _roots(tx: Transaction, items: Iterable[views.ResourceView]) -> list[Recorded]:
    catalog = catalog_reading.load(tx)
    own = [item.id for item in items if item.contained_in is None]
    around = {Address.parse(item.address).root for item in items if item.contained_in is not None}
    return [*load_recorded_by_id(tx, own, catalog), *load_recorded(tx, around, catalog).values()]


def contents_json(item: Recorded | None) -> dict[str, Any]:
    """`attributes: {name: value}` and `parts: [{address, attributes}]`, without secrets."""
    if item is None:  # a part of something that is not managed
        return {"attributes": {}, "parts": []}
    parts = [{"address": str(part.address), "attributes": _attributes(part)} for part in item.parts]
    return {"attributes": _attributes(item), "parts": parts}


def _attributes(item: Recorded) -> dict[str, Any]:
    return {name: as_json(value) for name, value in sorted(item.attributes.items())}

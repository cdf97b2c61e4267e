"""Providers, endpoints, credentials and places, between rows and the model's values.

Every write may be repeated at will: where nothing differs nothing is written, and it says so. Credentials
are named here and never read: their values are the business of `secrets` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from reconciler.errors import DatabaseError
from reconciler.model.inventory import (
    Credential,
    Datacenter,
    Endpoint,
    InventoryItem,
    InventoryKind,
    Location,
    Provider,
    expiry_note,
)
from reconciler.model.values import DataType, Scalar
from reconciler.store.database.session import Transaction

_COLUMNS = {
    bool: DataType.BOOLEAN,
    int: DataType.INTEGER,
    Decimal: DataType.DECIMAL,
    datetime: DataType.DATETIME,
    str: DataType.STRING,
}


def write(tx: Transaction, item: InventoryItem) -> bool:
    """Bring the row of this name to what the item says. True if something was written.

    Raises DatabaseError where what it names is not known: a provider type without a driver, a provider, a
    credential, a location, or a time zone that the server has not heard of.
    """
    match item:
        case Location():
            return bool(tx.execute("inventory.upsert_location", **_fields(item)))
        case Credential():
            source = "environment" if item.environment else "file" if item.file else "stored"
            # The fingerprint is not written: it follows from the value, see `secrets`.
            return bool(tx.execute("inventory.upsert_credential", **_fields(item), source=source))
        case Provider():
            _required(tx, "inventory.provider_type", item.provider_type, "provider type")
            return bool(tx.execute("inventory.upsert_provider", **_fields(item)))
        case Datacenter():
            return _write_datacenter(tx, item)
        case Endpoint():
            return _write_endpoint(tx, item)


def _write_endpoint(tx: Transaction, item: Endpoint) -> bool:
    _required(tx, "inventory.provider", item.provider, "provider")
    provider_type = tx.value("inventory.provider_type_of_provider", name=item.provider)
    if provider_type != item.provider_type:
        raise DatabaseError(
            f"endpoint {item.name}: its provider {item.provider} is of type {provider_type},"
            f" not {item.provider_type}"
        )
    if item.credential is not None:
        _required(tx, "inventory.credential", item.credential, "credential")
    written = tx.execute("inventory.upsert_endpoint", **_fields(item))
    endpoint_id = tx.value("inventory.endpoint", name=item.name)
    found = dict(_scalars(tx.rows("inventory.settings_of_endpoint", endpoint_id=endpoint_id)))
    if _same(found, item.settings):
        return bool(written)
    tx.execute("inventory.drop_endpoint_settings", endpoint_id=endpoint_id, names=list(item.settings))
    tx.batch("inventory.put_endpoint_settings", _value_rows(item.settings), owner_id=endpoint_id)
    return True


def _write_datacenter(tx: Transaction, item: Datacenter) -> bool:
    _required(tx, "inventory.location", item.location, "location")
    written = tx.execute("inventory.upsert_datacenter", **_fields(item))
    datacenter_id = tx.value("inventory.datacenter", name=item.name)
    found = dict(_scalars(tx.rows("inventory.capabilities_of_datacenter", datacenter_id=datacenter_id)))
    if not _same(found, item.capabilities):
        tx.execute("inventory.drop_capabilities", datacenter_id=datacenter_id, names=list(item.capabilities))
        tx.batch("inventory.put_capabilities", _value_rows(item.capabilities), owner_id=datacenter_id)
        written += 1
    there = set(_providers_by_datacenter(tx).get(item.name, ()))
    for provider in sorted({*item.providers} - there):
        _required(tx, "inventory.provider", provider, "provider")
        written += tx.execute("inventory.put_provider_datacenter", provider=provider, datacenter=item.name)
    for provider in sorted(there - {*item.providers}):
        written += tx.execute("inventory.delete_provider_datacenter", provider=provider, datacenter=item.name)
    return bool(written)


def read(tx: Transaction, kind: InventoryKind) -> Mapping[str, InventoryItem]:
    """All of one kind, by name."""
    found: tuple[InventoryItem, ...]
    match kind:
        case InventoryKind.LOCATION:
            found = locations(tx)
        case InventoryKind.CREDENTIAL:
            found = credentials(tx)
        case InventoryKind.PROVIDER:
            found = providers(tx)
        case InventoryKind.DATACENTER:
            found = datacenters(tx)
        case InventoryKind.ENDPOINT:
            found = endpoints(tx)
    return {item.name: item for item in found}


def providers(tx: Transaction) -> tuple[Provider, ...]:
    """All providers, in the order of their names; so with the others."""
    return tuple(Provider(**row._asdict()) for row in tx.rows("inventory.providers"))


def endpoints(tx: Transaction) -> tuple[Endpoint, ...]:
    """All endpoints, with their settings."""
    settings = _by_owner(tx.rows("inventory.endpoint_settings"))
    return tuple(
        Endpoint(**row._asdict(), settings=settings.get(row.name, {}))
        for row in tx.rows("inventory.endpoints")
    )


def credentials(tx: Transaction) -> tuple[Credential, ...]:
    """All credentials: where their secrets are, never these."""
    return tuple(Credential(**row._asdict()) for row in tx.rows("inventory.credentials"))


def expiries(tx: Transaction) -> Mapping[str, datetime]:
    """When each credential expires, of those where anybody said so."""
    return dict(tx.rows("inventory.credential_expiries"))


def expiry_notes(tx: Transaction, now: datetime) -> tuple[str, ...]:
    """What is to be said of credentials that expire soon, or have."""
    notes = (expiry_note(name, at, now) for name, at in expiries(tx).items())
    return tuple(each for each in notes if each is not None)


def locations(tx: Transaction) -> tuple[Location, ...]:
    """All locations."""
    return tuple(Location(**row._asdict()) for row in tx.rows("inventory.locations"))


def datacenters(tx: Transaction) -> tuple[Datacenter, ...]:
    """All datacenters, with their capabilities and the providers that are in them."""
    capabilities = _by_owner(tx.rows("inventory.datacenter_capabilities"))
    present = _providers_by_datacenter(tx)
    return tuple(
        Datacenter(
            **row._asdict(),
            capabilities=capabilities.get(row.name, {}),
            providers=tuple(present.get(row.name, ())),
        )
        for row in tx.rows("inventory.datacenters")
    )


def _providers_by_datacenter(tx: Transaction) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in tx.rows("inventory.provider_datacenters"):
        found[row.datacenter].append(row.provider)
    return found


def _fields(item: InventoryItem) -> dict[str, object]:
    """Parameters by the names of the fields; a query takes those that it names."""
    return {each.name: getattr(item, each.name) for each in fields(item)}


def _required(tx: Transaction, query: str, name: str, what: str) -> None:
    if tx.row(query, name=name) is None:
        raise DatabaseError(f"there is no {what} named {name}", hint=f"Declare the {what} first.")


def _same(found: Mapping[str, Scalar], wanted: Mapping[str, Scalar]) -> bool:
    # With types, because Python takes 1 and true for the same.
    return {(k, type(v), v) for k, v in found.items()} == {(k, type(v), v) for k, v in wanted.items()}


def _value_rows(values: Mapping[str, Scalar]) -> list[dict[str, object]]:
    rows = []
    for name, value in values.items():
        columns: dict[str, object] = {f"value_{data_type}": None for data_type in DataType}
        data_type = _COLUMNS[type(value)]
        columns[f"value_{data_type}"] = value
        rows.append({"name": name, "data_type": data_type, **columns})
    return rows


def _scalars(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[str, Scalar]]:
    for name, *columns in rows:
        yield name, next(item for item in columns if item is not None)


def _by_owner(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, Scalar]]:
    found: dict[str, dict[str, Scalar]] = defaultdict(dict)
    for owner, *row in rows:
        found[owner].update(_scalars([row]))
    return found

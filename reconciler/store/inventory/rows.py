"""Providers, endpoints, credentials and places, between rows and frozen values.

Every upsert may be repeated at will: where nothing differs nothing is written, and it says so. Credentials
are named here and never read: their values are the business of `secrets` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from reconciler.errors import DatabaseError
from reconciler.model.values import DataType, Scalar
from reconciler.store.database.session import Transaction

Source = Literal["environment", "file", "stored"]
DriftPolicy = Literal["heal", "report"]

_COLUMNS = {
    bool: DataType.BOOLEAN,
    int: DataType.INTEGER,
    Decimal: DataType.DECIMAL,
    datetime: DataType.DATETIME,
    str: DataType.STRING,
}


@dataclass(frozen=True, slots=True)
class ProviderRow:
    name: str
    provider_type: str
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """`credential` is a name. `request_limit_per_hour`: None for the provider's own limit."""

    name: str
    provider: str
    provider_type: str
    url: str
    ca_file: str | None = None
    credential: str | None = None
    drift_policy: DriftPolicy = "heal"
    request_limit_per_hour: int | None = None
    display_name: str = ""
    settings: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """Where a secret comes from. `fingerprint` is that of the value last seen, None before."""

    name: str
    source: Source
    environment_variable: str | None = None
    file_path: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class LocationRow:
    """`latitude` and `longitude` in degrees north and east; `time_zone` an IANA name."""

    name: str
    display_name: str = ""
    country_code: str | None = None
    city: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class DatacenterRow:
    name: str
    location: str
    display_name: str = ""
    description: str = ""
    time_zone: str | None = None
    capabilities: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProviderDatacenterRow:
    """`external_name` is what the provider calls the datacenter."""

    provider: str
    datacenter: str
    external_name: str


def upsert_provider(tx: Transaction, row: ProviderRow) -> bool:
    """True if something was written. Raises DatabaseError where no driver has the provider type."""
    _required(tx, "inventory.provider_type", row.provider_type, "provider type")
    return bool(
        tx.execute(
            "inventory.upsert_provider",
            name=row.name,
            provider_type=row.provider_type,
            display_name=row.display_name,
            description=row.description,
        )
    )


def upsert_endpoint(tx: Transaction, row: EndpointRow) -> bool:
    """True if something was written. Raises DatabaseError where its provider or credential is not known."""
    _required(tx, "inventory.provider", row.provider, "provider")
    provider_type = tx.value("inventory.provider_type_of_provider", name=row.provider)
    if provider_type != row.provider_type:
        raise DatabaseError(
            f"endpoint {row.name}: its provider {row.provider} is of type {provider_type},"
            f" not {row.provider_type}"
        )
    if row.credential is not None:
        _required(tx, "inventory.credential", row.credential, "credential")
    written = tx.execute(
        "inventory.upsert_endpoint",
        name=row.name,
        provider=row.provider,
        display_name=row.display_name,
        url=row.url,
        ca_file=row.ca_file,
        credential=row.credential,
        drift_policy=row.drift_policy,
        request_limit_per_hour=row.request_limit_per_hour,
    )
    endpoint_id = tx.value("inventory.endpoint", name=row.name)
    found = dict(_scalars(tx.rows("inventory.settings_of_endpoint", endpoint_id=endpoint_id)))
    if _same(found, row.settings):
        return bool(written)
    tx.execute("inventory.drop_endpoint_settings", endpoint_id=endpoint_id, names=list(row.settings))
    tx.batch("inventory.put_endpoint_settings", _value_rows(row.settings), owner_id=endpoint_id)
    return True


def upsert_credential(tx: Transaction, row: CredentialRow) -> bool:
    """True if something was written. The fingerprint is not: it follows from the value, see `secrets`."""
    return bool(
        tx.execute(
            "inventory.upsert_credential",
            name=row.name,
            source=row.source,
            environment_variable=row.environment_variable,
            file_path=row.file_path,
        )
    )


def upsert_location(tx: Transaction, row: LocationRow) -> bool:
    """True if something was written. Raises DatabaseError for a time zone that the server does not know."""
    return bool(
        tx.execute(
            "inventory.upsert_location",
            name=row.name,
            display_name=row.display_name,
            country_code=row.country_code,
            city=row.city,
            latitude=row.latitude,
            longitude=row.longitude,
            time_zone=row.time_zone,
        )
    )


def upsert_datacenter(tx: Transaction, row: DatacenterRow) -> bool:
    """True if something was written. Raises DatabaseError where its location is not known."""
    _required(tx, "inventory.location", row.location, "location")
    written = tx.execute(
        "inventory.upsert_datacenter",
        name=row.name,
        location=row.location,
        display_name=row.display_name,
        description=row.description,
        time_zone=row.time_zone,
    )
    datacenter_id = tx.value("inventory.datacenter", name=row.name)
    found = dict(_scalars(tx.rows("inventory.capabilities_of_datacenter", datacenter_id=datacenter_id)))
    if _same(found, row.capabilities):
        return bool(written)
    tx.execute("inventory.drop_capabilities", datacenter_id=datacenter_id, names=list(row.capabilities))
    tx.batch("inventory.put_capabilities", _value_rows(row.capabilities), owner_id=datacenter_id)
    return True


def upsert_provider_datacenter(tx: Transaction, row: ProviderDatacenterRow) -> bool:
    """True if something was written. Raises DatabaseError where provider or datacenter are not known."""
    _required(tx, "inventory.provider", row.provider, "provider")
    _required(tx, "inventory.datacenter", row.datacenter, "datacenter")
    return bool(
        tx.execute(
            "inventory.upsert_provider_datacenter",
            provider=row.provider,
            datacenter=row.datacenter,
            external_name=row.external_name,
        )
    )


def remove_provider(tx: Transaction, name: str) -> bool:
    """Marks a provider as deleted. False where there is none, or it still has endpoints."""
    return bool(tx.execute("inventory.remove_provider", name=name))


def remove_endpoint(tx: Transaction, name: str) -> bool:
    """Marks an endpoint as deleted. False where there is none, or resources of ours still live there."""
    return bool(tx.execute("inventory.remove_endpoint", name=name))


def remove_credential(tx: Transaction, name: str) -> bool:
    """Marks a credential as deleted. False where there is none, or an endpoint still uses it."""
    return bool(tx.execute("inventory.remove_credential", name=name))


def remove_provider_datacenter(tx: Transaction, provider: str, datacenter: str) -> bool:
    return bool(tx.execute("inventory.delete_provider_datacenter", provider=provider, datacenter=datacenter))


def providers(tx: Transaction) -> tuple[ProviderRow, ...]:
    return tuple(ProviderRow(*row) for row in tx.rows("inventory.providers"))


def endpoints(tx: Transaction) -> tuple[EndpointRow, ...]:
    """All endpoints by name, with their settings."""
    settings = _by_owner(tx.rows("inventory.endpoint_settings"))
    return tuple(
        replace(EndpointRow(*row), settings=settings.get(row[0], {}))
        for row in tx.rows("inventory.endpoints")
    )


def credentials(tx: Transaction) -> tuple[CredentialRow, ...]:
    return tuple(CredentialRow(*row) for row in tx.rows("inventory.credentials"))


def locations(tx: Transaction) -> tuple[LocationRow, ...]:
    return tuple(LocationRow(*row) for row in tx.rows("inventory.locations"))


def datacenters(tx: Transaction) -> tuple[DatacenterRow, ...]:
    capabilities = _by_owner(tx.rows("inventory.datacenter_capabilities"))
    return tuple(
        replace(DatacenterRow(*row), capabilities=capabilities.get(row[0], {}))
        for row in tx.rows("inventory.datacenters")
    )


def provider_datacenters(tx: Transaction) -> tuple[ProviderDatacenterRow, ...]:
    return tuple(ProviderDatacenterRow(*row) for row in tx.rows("inventory.provider_datacenters"))


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

"""What a declaration of the inventory is as a row, and a row's fields by the names that manifests use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.manifest.model import (
    CredentialDeclaration,
    DatacenterDeclaration,
    EndpointDeclaration,
    Inventory,
)
from reconciler.model.inventory import InventoryKind
from reconciler.model.values import Scalar
from reconciler.store.inventory.rows import (
    CredentialRow,
    DatacenterRow,
    EndpointRow,
    LocationRow,
    ProviderRow,
)

InventoryRow = LocationRow | CredentialRow | ProviderRow | DatacenterRow | EndpointRow


def wanted_rows(declared: Inventory) -> Iterator[tuple[InventoryKind, list[InventoryRow]]]:
    """By kind, in the order in which one rests on the other."""
    yield (
        InventoryKind.LOCATION,
        [
            LocationRow(
                name=each.name,
                display_name=each.display_name,
                country_code=each.country_code,
                city=each.city,
                latitude=each.latitude,
                longitude=each.longitude,
                time_zone=each.time_zone,
            )
            for each in declared.locations
        ],
    )
    yield InventoryKind.CREDENTIAL, [_credential(each) for each in declared.credentials]
    yield (
        InventoryKind.PROVIDER,
        [
            ProviderRow(each.name, each.type, each.display_name, each.description)
            for each in declared.providers
        ],
    )
    yield InventoryKind.DATACENTER, [_datacenter(each) for each in declared.datacenters]
    yield InventoryKind.ENDPOINT, [_endpoint(each) for each in declared.endpoints]


def described(row: InventoryRow) -> Mapping[str, Scalar]:
    """The fields that have a value. A display name that is but the name is none."""
    found: dict[str, Scalar | None]
    match row:
        case LocationRow():
            found = {
                "country_code": row.country_code,
                "city": row.city,
                "latitude": row.latitude,
                "longitude": row.longitude,
                "time_zone": row.time_zone,
            }
        case CredentialRow():
            found = {
                "environment": row.environment_variable,
                "file": row.file_path,
                "stored": True if row.source == "stored" else None,
            }
        case ProviderRow():
            found = {"type": row.provider_type, "description": row.description}
        case DatacenterRow():
            found = {
                "location": row.location,
                "description": row.description,
                "time_zone": row.time_zone,
                **{f"capabilities.{name}": value for name, value in sorted(row.capabilities.items())},
            }
        case EndpointRow():
            found = {
                "provider": row.provider,
                "url": row.url,
                "credential": row.credential,
                "ca_file": row.ca_file,
                "drift": row.drift_policy,
                "rate_limit_per_hour": row.request_limit_per_hour,
                **{f"settings.{name}": value for name, value in sorted(row.settings.items())},
            }
    if not isinstance(row, CredentialRow) and row.display_name != row.name:
        found["display_name"] = row.display_name
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _credential(declared: CredentialDeclaration) -> CredentialRow:
    if declared.environment is not None:
        return CredentialRow(declared.name, "environment", environment_variable=declared.environment)
    if declared.file is not None:
        return CredentialRow(declared.name, "file", file_path=declared.file)
    return CredentialRow(declared.name, "stored")


def _datacenter(declared: DatacenterDeclaration) -> DatacenterRow:
    return DatacenterRow(
        name=declared.name,
        location=declared.location,
        display_name=declared.display_name,
        description=declared.description,
        time_zone=declared.time_zone,
        capabilities=dict.fromkeys(declared.capabilities, True),
    )


def _endpoint(declared: EndpointDeclaration) -> EndpointRow:
    return EndpointRow(
        name=declared.name,
        provider=declared.provider,
        provider_type=declared.provider_type,
        url=declared.url or "",
        ca_file=declared.ca_file,
        credential=declared.credential,
        drift_policy="report" if declared.drift == "report" else "heal",
        request_limit_per_hour=declared.rate_limit_per_hour,
        display_name=declared.display_name,
        settings=declared.settings,
    )

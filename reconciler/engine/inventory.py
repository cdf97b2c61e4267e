"""Declared inventory (providers, endpoints, credentials, places) into rows. Nothing is removed here."""

from __future__ import annotations

from reconciler.manifest.model import CredentialDeclaration, Inventory
from reconciler.store import inventory as rows
from reconciler.store.session import Transaction


def write_inventory(tx: Transaction, declared: Inventory) -> None:
    """Bring the inventory to what is declared, in the order in which one rests on the other."""
    for location in declared.locations:
        rows.upsert_location(
            tx,
            rows.LocationRow(
                name=location.name,
                display_name=location.display_name,
                country_code=location.country_code,
                city=location.city,
                latitude=location.latitude,
                longitude=location.longitude,
                time_zone=location.time_zone,
            ),
        )
    for credential in declared.credentials:
        rows.upsert_credential(tx, _credential(credential))
    for provider in declared.providers:
        rows.upsert_provider(
            tx, rows.ProviderRow(provider.name, provider.type, provider.display_name, provider.description)
        )
    _write_datacenters(tx, declared)
    _write_endpoints(tx, declared)


def _credential(declared: CredentialDeclaration) -> rows.CredentialRow:
    if declared.environment is not None:
        return rows.CredentialRow(declared.name, "environment", environment_variable=declared.environment)
    if declared.file is not None:
        return rows.CredentialRow(declared.name, "file", file_path=declared.file)
    return rows.CredentialRow(declared.name, "stored")


def _write_datacenters(tx: Transaction, declared: Inventory) -> None:
    for datacenter in declared.datacenters:
        rows.upsert_datacenter(
            tx,
            rows.DatacenterRow(
                name=datacenter.name,
                location=datacenter.location,
                display_name=datacenter.display_name,
                description=datacenter.description,
                time_zone=datacenter.time_zone,
                capabilities=dict.fromkeys(datacenter.capabilities, True),
            ),
        )
        for provider in datacenter.providers:
            rows.upsert_provider_datacenter(
                tx, rows.ProviderDatacenterRow(provider, datacenter.name, datacenter.name)
            )


def _write_endpoints(tx: Transaction, declared: Inventory) -> None:
    for endpoint in declared.endpoints:
        rows.upsert_endpoint(
            tx,
            rows.EndpointRow(
                name=endpoint.name,
                provider=endpoint.provider,
                provider_type=endpoint.provider_type,
                url=endpoint.url or "",
                ca_file=endpoint.ca_file,
                credential=endpoint.credential,
                drift_policy="report" if endpoint.drift == "report" else "heal",
                request_limit_per_hour=endpoint.rate_limit_per_hour,
                display_name=endpoint.display_name,
                settings=endpoint.settings,
            ),
        )

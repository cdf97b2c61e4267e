"""Declared inventory (providers, endpoints, credentials, places) into rows. Nothing is removed here.

What decides where secrets go belongs to one source, and a credential to the hosts that it was given for.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.model import CredentialDeclaration, EndpointDeclaration, Inventory
from reconciler.manifest.urls import host_of
from reconciler.store import inventory as rows
from reconciler.store import trust
from reconciler.store.session import Transaction


def write_inventory(tx: Transaction, declared: Inventory, actor: str) -> None:
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
    _write_endpoints(tx, declared, actor)


def not_there_yet(tx: Transaction, declared: Inventory) -> Inventory:
    """What is declared and not recorded, which a saved plan must be able to name."""
    providers = {row.name for row in rows.providers(tx)}
    endpoints = {row.name for row in rows.endpoints(tx)}
    credentials = {row.name for row in rows.credentials(tx)}
    locations = {row.name for row in rows.locations(tx)}
    datacenters = {row.name for row in rows.datacenters(tx)}
    return replace(
        declared,
        providers=tuple(each for each in declared.providers if each.name not in providers),
        endpoints=tuple(each for each in declared.endpoints if each.name not in endpoints),
        credentials=tuple(each for each in declared.credentials if each.name not in credentials),
        locations=tuple(each for each in declared.locations if each.name not in locations),
        datacenters=tuple(each for each in declared.datacenters if each.name not in datacenters),
    )


def claim_inventory(
    tx: Transaction, source_id: int, source: str, declared: Inventory, *, complete: bool
) -> None:
    """Make what is declared this source's. Raises ManifestError where another one declares some of it."""
    mine: dict[trust.Declared, Location] = {
        **{("provider", each.name): each.origin for each in declared.providers},
        **{("endpoint", each.name): each.origin for each in declared.endpoints},
        **{("credential", each.name): each.origin for each in declared.credentials},
    }
    theirs = trust.declared_elsewhere(tx, source_id)
    if taken := sorted(mine.keys() & theirs.keys()):
        raise ManifestError([_taken(each, theirs[each], mine[each], source) for each in taken])
    trust.declare(tx, source_id, list(mine), complete=complete)


def _taken(declared: trust.Declared, owner: str, at: Location, source: str) -> Problem:
    kind, name = declared
    return Problem(
        "manifest.other_source",
        f"the {kind} {name} is already declared by the source {owner}",
        at,
        f"{kind}/{name}",
        f"change it there, or remove it there first and apply that; this source is named {source}",
    )


def _bind(tx: Transaction, endpoint: EndpointDeclaration, actor: str) -> None:
    """Give the credential of an endpoint for its host; not where the endpoint moves to another host.

    To be asked before the endpoint is written. A move waits for `reconciler credentials bind`: until then the
    endpoint is not spoken to.
    """
    host = host_of(endpoint.url or "")
    if endpoint.credential is None or not host:
        return
    before = trust.url_of(tx, endpoint.name)
    if before is None or host_of(before) in ("", host):
        trust.bind(tx, endpoint.credential, host, actor)


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


def _write_endpoints(tx: Transaction, declared: Inventory, actor: str) -> None:
    for endpoint in declared.endpoints:
        _bind(tx, endpoint, actor)
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

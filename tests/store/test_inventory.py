"""Providers, endpoints and places: written once, found as written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from reconciler.errors import DatabaseError
from reconciler.model.catalog import Catalog, ProviderTypeInfo
from reconciler.store.catalog_rows import sync
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory.rows import (
    CredentialRow,
    DatacenterRow,
    EndpointRow,
    LocationRow,
    ProviderDatacenterRow,
    ProviderRow,
    credentials,
    datacenters,
    endpoints,
    locations,
    provider_datacenters,
    providers,
    remove_credential,
    remove_endpoint,
    remove_provider,
    remove_provider_datacenter,
    upsert_credential,
    upsert_datacenter,
    upsert_endpoint,
    upsert_location,
    upsert_provider,
    upsert_provider_datacenter,
)

PROVIDER = ProviderRow("cloud", "test", "Cloud", "Rented.")
CREDENTIAL = CredentialRow("token", "environment", environment_variable="TOKEN")
ENDPOINT = EndpointRow(
    "main",
    "cloud",
    "test",
    "https://api.example.com",
    ca_file="/etc/ca.pem",
    credential="token",
    drift_policy="report",
    request_limit_per_hour=3600,
    display_name="Main",
    settings={"zone": "eu", "first_id": 900000, "share": Decimal("0.5"), "verify": True},
)
LOCATION = LocationRow("here", "Here", "DE", "Berlin", Decimal("52.52"), Decimal("13.405"), "Europe/Berlin")
DATACENTER = DatacenterRow("dc1", "here", "DC 1", "A room.", "Europe/Berlin", {"gpu": True, "racks": 12})
PRESENCE = ProviderDatacenterRow("cloud", "dc1", "fsn1-dc14")


@pytest.fixture
def tx(store: Store) -> Iterator[Transaction]:
    with store.transaction(Actor("test", cause="manifest")) as opened:
        sync(opened, Catalog(provider_types={"test": ProviderTypeInfo("test")}), {})
        sync(opened, Catalog(provider_types={"test": ProviderTypeInfo("test")}), {"part": bytes(32)})
        yield opened


def fill(tx: Transaction) -> list[bool]:
    return [
        upsert_provider(tx, PROVIDER),
        upsert_credential(tx, CREDENTIAL),
        upsert_endpoint(tx, ENDPOINT),
        upsert_location(tx, LOCATION),
        upsert_datacenter(tx, DATACENTER),
        upsert_provider_datacenter(tx, PRESENCE),
    ]


def test_everything_is_found_as_it_was_written(tx: Transaction) -> None:
    fill(tx)
    assert providers(tx) == (PROVIDER,)
    assert credentials(tx) == (CREDENTIAL,)
    assert endpoints(tx) == (ENDPOINT,)
    assert locations(tx) == (LOCATION,)
    assert datacenters(tx) == (DATACENTER,)
    assert provider_datacenters(tx) == (PRESENCE,)


def test_what_is_written_again_writes_nothing(tx: Transaction) -> None:
    assert fill(tx) == [True] * 6
    assert fill(tx) == [False] * 6


def test_only_what_differs_is_written(tx: Transaction) -> None:
    fill(tx)
    quiet = replace(ENDPOINT, settings={"zone": "us"}, request_limit_per_hour=None)
    assert upsert_endpoint(tx, quiet)
    assert not upsert_endpoint(tx, quiet)
    assert endpoints(tx) == (quiet,)
    assert upsert_endpoint(tx, replace(quiet, settings={"zone": 1}))
    assert upsert_endpoint(tx, replace(quiet, settings={"zone": True}))
    assert upsert_datacenter(tx, replace(DATACENTER, capabilities={}))
    assert upsert_credential(tx, CredentialRow("token", "file", file_path="/run/token"))


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        (replace(ENDPOINT, provider="other"), "no provider named other"),
        (replace(ENDPOINT, credential="other"), "no credential named other"),
        (replace(ENDPOINT, provider_type="other"), "is of type test, not other"),
    ],
)
def test_an_endpoint_names_what_it_needs_and_is_missing(
    tx: Transaction, row: EndpointRow, missing: str
) -> None:
    fill(tx)
    with pytest.raises(DatabaseError, match=missing):
        upsert_endpoint(tx, row)


def test_a_provider_needs_a_driver(tx: Transaction) -> None:
    with pytest.raises(DatabaseError, match="no provider type named nimbus"):
        upsert_provider(tx, ProviderRow("cloud", "nimbus"))


def test_things_are_removed_from_the_leaves_and_can_come_back(tx: Transaction) -> None:
    fill(tx)
    assert not remove_provider(tx, "cloud")
    assert not remove_credential(tx, "token")
    assert remove_endpoint(tx, "main")
    assert not remove_endpoint(tx, "main")
    assert remove_credential(tx, "token")
    assert remove_provider_datacenter(tx, "cloud", "dc1")
    assert remove_provider(tx, "cloud")
    assert (providers(tx), endpoints(tx), credentials(tx), provider_datacenters(tx)) == ((), (), (), ())
    assert fill(tx) == [True, True, True, False, False, True]
    assert endpoints(tx) == (ENDPOINT,)

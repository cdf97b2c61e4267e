"""Providers, endpoints and places: written once, found as written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from reconciler.errors import DatabaseError
from reconciler.errors import Location as Origin
from reconciler.model.catalog import Catalog, ProviderTypeInfo
from reconciler.model.inventory import Credential, Datacenter, Endpoint, InventoryItem, Location, Provider
from reconciler.store.catalog_rows import sync
from reconciler.store.database.session import Actor, Store, Transaction
from reconciler.store.inventory.rows import credentials, datacenters, endpoints, locations, providers, write

PROVIDER = Provider("cloud", "test", "Cloud", "Rented.")
CREDENTIAL = Credential("token", environment="TOKEN")
ENDPOINT = Endpoint(
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
LOCATION = Location("here", "Here", "DE", "Berlin", Decimal("52.52"), Decimal("13.405"), "Europe/Berlin")
DATACENTER = Datacenter(
    "dc1", "here", "DC 1", "A room.", "Europe/Berlin", {"gpu": True, "racks": 12}, providers=("cloud",)
)


@pytest.fixture
def tx(store: Store) -> Iterator[Transaction]:
    with store.transaction(Actor("test", cause="manifest")) as opened:
        sync(opened, Catalog(provider_types={"test": ProviderTypeInfo("test")}), {})
        sync(opened, Catalog(provider_types={"test": ProviderTypeInfo("test")}), {"part": bytes(32)})
        yield opened


def fill(tx: Transaction) -> list[bool]:
    items: tuple[InventoryItem, ...] = (PROVIDER, CREDENTIAL, ENDPOINT, LOCATION, DATACENTER)
    return [write(tx, item) for item in items]


def test_everything_is_found_as_it_was_written(tx: Transaction) -> None:
    fill(tx)
    assert providers(tx) == (PROVIDER,)
    assert credentials(tx) == (CREDENTIAL,)
    assert endpoints(tx) == (ENDPOINT,)
    assert locations(tx) == (LOCATION,)
    assert datacenters(tx) == (DATACENTER,)


def test_what_is_written_again_writes_nothing(tx: Transaction) -> None:
    assert fill(tx) == [True] * 5
    assert fill(tx) == [False] * 5


def test_only_what_differs_is_written(tx: Transaction) -> None:
    fill(tx)
    quiet = replace(ENDPOINT, settings={"zone": "us"}, request_limit_per_hour=None)
    assert write(tx, quiet)
    assert not write(tx, quiet)
    assert endpoints(tx) == (quiet,)
    assert write(tx, replace(quiet, settings={"zone": 1}))
    assert write(tx, replace(quiet, settings={"zone": True}))
    assert write(tx, replace(DATACENTER, capabilities={}))
    assert write(tx, Credential("token", file="/run/token"))


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        (replace(ENDPOINT, provider="other"), "no provider named other"),
        (replace(ENDPOINT, credential="other"), "no credential named other"),
        (replace(ENDPOINT, provider_type="other"), "is of type test, not other"),
    ],
)
def test_an_endpoint_names_what_it_needs_and_is_missing(
    tx: Transaction, item: Endpoint, missing: str
) -> None:
    fill(tx)
    with pytest.raises(DatabaseError, match=missing):
        write(tx, item)


def test_a_provider_needs_a_driver(tx: Transaction) -> None:
    with pytest.raises(DatabaseError, match="no provider type named nimbus"):
        write(tx, Provider("cloud", "nimbus"))


def test_a_provider_comes_to_a_datacenter_and_leaves_it(tx: Transaction) -> None:
    fill(tx)
    write(tx, Provider("other", "test"))
    for present in (("cloud", "other"), ("other",), ()):
        moved = replace(DATACENTER, providers=present)
        assert write(tx, moved)
        assert not write(tx, moved)
        assert datacenters(tx) == (moved,)
    with pytest.raises(DatabaseError, match="no provider named nobody"):
        write(tx, replace(DATACENTER, providers=("nobody",)))


def test_where_it_was_declared_is_no_difference() -> None:
    assert replace(ENDPOINT, origin=Origin("a.yaml", 1, 1)) == ENDPOINT

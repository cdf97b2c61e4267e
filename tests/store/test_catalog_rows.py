"""The catalog comes back from the database as it went in."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import psycopg
import pytest

from reconciler.catalog import core_part, load_part, merge
from reconciler.errors import CatalogError
from reconciler.model.catalog import (
    AttributeDefinition,
    Catalog,
    Family,
    Identity,
    Mutability,
    ProviderResourceType,
    ProviderTypeInfo,
    ResourceType,
    TypeAttribute,
    index_rules,
)
from reconciler.model.values import Cardinality, DataType, Format
from reconciler.store.catalog_reading import load
from reconciler.store.catalog_rows import sync
from reconciler.store.database.session import Actor, Store
from tests.rigs.databases import TestDatabase
from tests.rigs.tables import Tables

ACTOR = Actor("test", cause="catalog")
PACKAGES = ("hetzner", "logical", "proxmox")


def hashes(text: str = "1") -> dict[str, bytes]:
    return {"part": sha256(text.encode()).digest()}


def packaged() -> Catalog:
    return merge([core_part(), *(load_part(f"reconciler.providers.{name}") for name in PACKAGES)])


def small(default: object = 2, cardinality: Cardinality = Cardinality.ONE) -> Catalog:
    """One type with one attribute, `size`, and everything that a rule can say."""
    size = AttributeDefinition("size", DataType.INTEGER, cardinality, unit="GiB", format=Format.GIB)
    box = ResourceType("box", "Box", Family.OBJECT, display_name="Box", description="A box.")
    rule = TypeAttribute(
        size,
        "box",
        "test",
        Mutability.IN_PLACE,
        required=True,
        default=default,  # type: ignore[arg-type]  # wrong ones are tried too
        clear_when_unset=True,
        minimum=1,
        maximum=9,
        allowed_values=(1, 2, 9),
        grow_only=True,
        also="size",
        unique=True,
        unique_within="size",
        unset="nothing",
    )
    return Catalog(
        relationship_types=merge([core_part()]).relationship_types,
        provider_types={"test": ProviderTypeInfo("test", "Test")},
        resource_types={"box": box},
        definitions={"size": size},
        offers={("box", "test"): ProviderResourceType("test", "box", Identity.NAME, unique_name=True)},
        rules=index_rules([rule]),
    )


def stored(store: Store, catalog: Catalog, text: str = "1") -> Catalog:
    with store.transaction(ACTOR) as tx:
        assert sync(tx, catalog, hashes(text))
    with store.read() as tx:
        return load(tx)


def test_the_packaged_catalogs_come_back_equal(store: Store) -> None:
    catalog = packaged()
    found = stored(store, catalog)
    for part in ("provider_types", "resource_types", "definitions", "offers", "rules"):
        assert getattr(found, part) == getattr(catalog, part), part
    assert found == catalog


@pytest.mark.parametrize(
    ("default", "cardinality"),
    [
        (None, Cardinality.ONE),
        (2, Cardinality.ONE),
        ((), Cardinality.SET),
        ((1, 2), Cardinality.LIST),
        (None, Cardinality.LIST),
    ],
)
def test_every_default_comes_back(store: Store, default: object, cardinality: Cardinality) -> None:
    catalog = small(default, cardinality)
    assert stored(store, catalog) == catalog


def test_an_unchanged_catalog_writes_nothing(store: Store) -> None:
    with store.transaction(ACTOR) as tx:
        assert sync(tx, small(), hashes())
        assert not sync(tx, small(), hashes())
        assert sync(tx, small(), hashes("2"))


def test_what_leaves_the_catalog_is_gone_from_it_and_may_return(store: Store) -> None:
    both, one = packaged(), small()
    assert stored(store, both, "1") == both
    assert stored(store, one, "2") == one
    assert stored(store, both, "3") == both


@pytest.mark.parametrize("default", ["two", True, (1, 2), Decimal("1.5")])
def test_a_default_of_another_type_is_refused(store: Store, default: object) -> None:
    with pytest.raises(CatalogError, match=r"test, box\.size"), store.transaction(ACTOR) as tx:
        sync(tx, small(default), hashes())


def test_an_attribute_changes_its_type_only_while_nothing_has_it(
    store: Store, database: TestDatabase
) -> None:
    catalog = small(None)
    text = replace(catalog.definitions["size"], data_type=DataType.STRING, format=Format.PLAIN)
    rule = replace(catalog.rules["box", "test"]["size"], definition=text, allowed_values=())
    changed = replace(catalog, definitions={"size": text}, rules=index_rules([rule]))
    stored(store, catalog, "1")
    assert stored(store, changed, "2") == changed
    assert stored(store, catalog, "3") == catalog
    with psycopg.connect(database.admin, autocommit=True) as connection:
        world = Tables(connection)
        world.run(
            "INSERT INTO providers (provider_type_id, name)"
            " SELECT id, 'p' FROM provider_types WHERE name = 'test'"
        )
        world.endpoint = world.one(
            "INSERT INTO provider_endpoints (provider_id, name, url)"
            " SELECT id, 'e', '' FROM providers RETURNING id"
        )
        world.resource("box/b1", size=2)
    with pytest.raises(CatalogError, match="does not fit the database"), store.transaction(ACTOR) as tx:
        sync(tx, changed, hashes("4"))
    with store.read() as tx:
        assert load(tx) == catalog

"""The catalog of this installation: what the drivers ship, and what users added by manifest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from reconciler import __version__
from reconciler.engine.drivers import catalog_parts
from reconciler.engine.packaged import packaged
from reconciler.errors import CatalogError
from reconciler.model.catalog import Catalog
from reconciler.model.values import digest
from reconciler.store import catalog_reading, catalog_rows
from reconciler.store.database.session import Transaction

_MANIFESTS = "manifests"  # the part of the catalog that users wrote


def bring_in(tx: Transaction) -> Catalog:
    """Bring the packaged catalog into the database where it changed, and give the whole catalog."""
    users = user_types(tx)
    stored = {name: bytes(hash_) for name, hash_ in tx.rows("catalog.parts") if name == _MANIFESTS}
    whole = _with_users(packaged(), catalog_reading.load(tx), users) if stored else packaged()
    catalog_rows.sync(tx, whole, {**_part_hashes(), **stored}, user_types=users)
    return catalog_reading.load(tx)


def recorded(tx: Transaction) -> Catalog:
    """The catalog as the database has it, for who may not write it.

    Raises CatalogError where it is of another version than this program: a plan by the one would not be what
    the other does.
    """
    stored = {name: bytes(hash_) for name, hash_ in tx.rows("catalog.parts") if name != _MANIFESTS}
    if stored != dict(_part_hashes()):
        raise CatalogError(
            "the catalog in the database is not that of this version and its drivers",
            hint="install the version that runs there, or have it run once in this one",
        )
    return catalog_reading.load(tx)


def add_user_types(tx: Transaction, catalog: Catalog) -> Catalog:
    """Write a catalog to which manifests added types or attributes."""
    users = frozenset(catalog.resource_types.keys() - packaged().resource_types.keys())
    hashes = {**_part_hashes(), _MANIFESTS: digest([repr(catalog)])}
    catalog_rows.sync(tx, catalog, hashes, user_types=users)
    return catalog_reading.load(tx)


def user_types(tx: Transaction) -> frozenset[str]:
    """The resource types that users added."""
    return frozenset(row.name for row in tx.rows("user_catalog.types"))


def user_attributes(catalog: Catalog) -> frozenset[str]:
    """The attributes that no installed driver ships."""
    return frozenset(catalog.definitions.keys() - packaged().definitions.keys())


def user_relationships(catalog: Catalog) -> frozenset[str]:
    """The relationship types that no installed driver ships."""
    return frozenset(catalog.relationship_types.keys() - packaged().relationship_types.keys())


def _with_users(shipped: Catalog, stored: Catalog, users: frozenset[str]) -> Catalog:
    """What is packaged now, with the users' own types and attributes as they are stored."""
    own = stored.definitions.keys() - shipped.definitions.keys()
    rules = {key: dict(rules) for key, rules in shipped.rules.items()}
    for key, stored_rules in stored.rules.items():
        for name, rule in stored_rules.items():
            if key[0] in users or name in own:
                rules.setdefault(key, {})[name] = rule
    return Catalog(
        provider_types=shipped.provider_types,
        resource_types={**shipped.resource_types, **{name: stored.resource_types[name] for name in users}},
        definitions={**shipped.definitions, **{name: stored.definitions[name] for name in own}},
        relationship_types={**stored.relationship_types, **shipped.relationship_types},
        offers={**shipped.offers, **{key: o for key, o in stored.offers.items() if key[0] in users}},
        rules=rules,
    )


@cache
def _part_hashes() -> Mapping[str, bytes]:
    return {part.name: digest([__version__, repr(part)]) for part in catalog_parts()}

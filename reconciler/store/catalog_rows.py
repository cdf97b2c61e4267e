"""The catalog into rows: compared whole when a part of it changed.

The files that drivers ship are where the catalog's facts are written; this module adds none. What leaves the
catalog is retired, not deleted, because recorded rows refer to it. Only what differs is written, so that its
history shows what a version or a manifest changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from reconciler.errors import CatalogError
from reconciler.model.catalog import (
    AttributeDefinition,
    Catalog,
    ProviderResourceType,
    ProviderTypeInfo,
    ResourceType,
    TypeAttribute,
)
from reconciler.model.values import Cardinality, DataType
from reconciler.store.database.faults import ConstraintViolated
from reconciler.store.database.session import Transaction

Fields = dict[str, object]


# What leaves the catalog is deleted, in this order; the columns say which row it is.
_DROPPED = {
    "defaults": ("provider_type", "resource_type", "attribute", "ordinal", "data_type"),
    "allowed_values": ("provider_type", "resource_type", "attribute", "ordinal", "data_type"),
    "rules": ("provider_type", "resource_type", "attribute"),
    "offers": ("provider_type", "resource_type"),
    "settings": ("provider_type", "name"),
    "parents": ("resource_type", "parent"),
    "keys": ("resource_type", "attribute"),
    "references": ("attribute", "resource_type"),
}


_VALUE_COLUMNS = {
    DataType.STRING: "value_string",
    DataType.INTEGER: "value_integer",
    DataType.DECIMAL: "value_decimal",
    DataType.BOOLEAN: "value_boolean",
    DataType.DATETIME: "value_datetime",
}


def sync(
    tx: Transaction,
    catalog: Catalog,
    part_hashes: Mapping[str, bytes],
    *,
    user_types: frozenset[str] = frozenset(),
) -> bool:
    """Makes the rows say what `catalog` says; True if they did not.

    `part_hashes`: SHA-256 of each part by name; where they are those of the last time, that is all it costs.
    `user_types` names the resource types that come from manifests instead of drivers. Raises CatalogError
    where a value is of another type than its attribute, or an attribute changes its type while there are
    values of it.
    """
    if _parts(tx) == dict(part_hashes):
        return False
    tx.execute("catalog.lock")
    try:
        _write(tx, catalog, user_types)
    except ConstraintViolated as error:
        raise CatalogError(
            f"the catalog does not fit the database: {error.message}",
            hint="An attribute keeps its data type as long as resources have values of it: use a new name.",
        ) from error
    tx.execute("catalog.delete_parts")
    tx.many("catalog.insert_part", ({"name": n, "sha256": sha} for n, sha in sorted(part_hashes.items())))
    return True


def _parts(tx: Transaction) -> dict[str, bytes]:
    return {name: bytes(sha256) for name, sha256 in tx.rows("catalog.parts")}


def _write(tx: Transaction, catalog: Catalog, user_types: frozenset[str]) -> None:
    rows = _all_rows(catalog, user_types)
    for what, key in _DROPPED.items():
        tx.execute(f"catalog.drop_{what}", **{name: [row[name] for row in rows[what]] for name in key})
    tx.execute("catalog.retire_provider_types", names=list(catalog.provider_types))
    tx.execute("catalog.retire_resource_types", names=list(catalog.resource_types))
    tx.execute("catalog.retire_definitions", names=list(catalog.definitions))
    for what, wanted in rows.items():
        tx.batch(f"catalog.put_{what}", wanted)


def _all_rows(catalog: Catalog, user_types: frozenset[str]) -> dict[str, list[Fields]]:
    """What the tables shall say, in the order in which they refer to one another."""
    types, definitions = catalog.resource_types.values(), catalog.definitions.values()
    rules = [rule for group in catalog.rules.values() for rule in group.values()]
    ties = catalog.relationship_types.values()
    return {
        "provider_types": [_provider_type_row(item) for item in catalog.provider_types.values()],
        "settings": list(_setting_rows(catalog.provider_types.values())),
        "resource_types": [_resource_type_row(item, user_types) for item in types],
        "relationship_types": [{"name": item.name, "description": item.description} for item in ties],
        "definitions": [_definition_row(item) for item in definitions],
        "parents": [
            {"resource_type": item.name, "parent": parent, "position": position}
            for item in types
            for position, parent in enumerate(item.parents)
        ],
        "keys": [
            {"resource_type": item.name, "attribute": key, "position": position}
            for item in types
            for position, key in enumerate(item.key_attributes)
        ],
        "references": [
            {"attribute": item.name, "resource_type": target, "position": position}
            for item in definitions
            for position, target in enumerate(item.reference_types)
        ],
        "offers": [_offer_row(item) for item in catalog.offers.values()],
        "type_attributes": [_type_attribute_row(rule) for rule in rules],
        "rules": [_rule_row(rule) for rule in rules],
        "defaults": list(_value_rows((rule, _default_elements(rule)) for rule in rules)),
        "allowed_values": list(_value_rows((rule, rule.allowed_values) for rule in rules)),
    }


def _provider_type_row(item: ProviderTypeInfo) -> Fields:
    return {"name": item.name, "display_name": item.display_name, "description": item.description}


def _setting_rows(items: Iterable[ProviderTypeInfo]) -> Iterator[Fields]:
    for item in items:
        for position, setting in enumerate(item.settings):
            if setting.reference_types or setting.relationship:
                raise CatalogError(f"{item.name}: the setting {setting.name} cannot be a reference")
            yield {**_definition_row(setting), "provider_type": item.name, "position": position}


def _resource_type_row(item: ResourceType, user_types: frozenset[str]) -> Fields:
    return {
        "name": item.name,
        "kind": item.kind,
        "family": item.family,
        "collection": item.collection,
        "holds_data": item.holds_data,
        "display_name": item.display_name,
        "description": item.description,
        "origin": "user" if item.name in user_types else "driver",
    }


def _definition_row(item: AttributeDefinition) -> Fields:
    return {
        "name": item.name,
        "display_name": item.display_name,
        "description": item.description,
        "data_type": item.data_type,
        "cardinality": item.cardinality,
        "format": item.format,
        "unit": item.unit,
        "is_secret": item.secret,
        "is_bookkeeping": item.bookkeeping,
        "relationship": item.relationship,
    }


def _offer_row(item: ProviderResourceType) -> Fields:
    return {
        "provider_type": item.provider_type,
        "resource_type": item.resource_type,
        "identity": item.identity,
        "unique_name": item.unique_name,
        "stores_tags": item.tags,
    }


def _type_attribute_row(rule: TypeAttribute) -> Fields:
    return {"resource_type": rule.resource_type, "attribute": rule.name}


def _rule_key(rule: TypeAttribute) -> Fields:
    return {"provider_type": rule.provider_type, "resource_type": rule.resource_type, "attribute": rule.name}


def _rule_row(rule: TypeAttribute) -> Fields:
    return {
        **_rule_key(rule),
        "mutability": rule.mutability,
        "is_required": rule.required,
        "has_default": rule.default is not None,
        "clear_when_unset": rule.clear_when_unset,
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "max_length": rule.max_length,
        "pattern": rule.pattern,
        "grow_only": rule.grow_only,
        "also": rule.also,
        "is_unique": rule.unique,
        "unique_within": rule.unique_within,
        "unset": rule.unset,
    }


def _default_elements(rule: TypeAttribute) -> Sequence[object]:
    if rule.default is None:
        return ()
    many = isinstance(rule.default, tuple)
    if many != (rule.definition.cardinality is not Cardinality.ONE):
        raise CatalogError(f"{_where(rule)}: the default is not of the attribute's cardinality")
    return rule.default if isinstance(rule.default, tuple) else (rule.default,)


def _value_rows(rules: Iterable[tuple[TypeAttribute, Sequence[object]]]) -> Iterator[Fields]:
    for rule, values in rules:
        for ordinal, value in enumerate(values):
            data_type, stored = _typed(rule, value)
            columns: Fields = dict.fromkeys(_VALUE_COLUMNS.values())
            columns[_VALUE_COLUMNS[data_type]] = stored
            yield {**_rule_key(rule), "ordinal": ordinal, "data_type": data_type, **columns}


def _typed(rule: TypeAttribute, value: object) -> tuple[DataType, object]:
    wanted = rule.definition.data_type
    match value:
        case bool():
            found = DataType.BOOLEAN
        case int() if wanted is DataType.DECIMAL:
            return wanted, Decimal(value)
        case int():
            found = DataType.INTEGER
        case Decimal():
            found = DataType.DECIMAL
        case datetime():
            found = DataType.DATETIME
        case str():
            found = DataType.STRING
        case _:
            raise CatalogError(f"{_where(rule)}: {type(value).__name__} cannot be a value in the catalog")
    if found is not wanted:
        raise CatalogError(f"{_where(rule)}: {value!r} is not of the attribute's type, {wanted}")
    return found, value


def _where(rule: TypeAttribute) -> str:
    return f"{rule.provider_type}, {rule.resource_type}.{rule.name}"

"""The catalog as rows: compared whole when a part of it changed, read whole when a program starts.

The files that drivers ship are where the catalog's facts are written; this module carries them into the
database and back without adding any. What leaves the catalog is retired, not deleted, because recorded rows
refer to it. Only what differs is written, so that its history shows what a version or a manifest changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from reconciler.errors import CatalogError
from reconciler.model.catalog import (
    AttributeDefinition,
    Catalog,
    Family,
    Identity,
    Mutability,
    ProviderResourceType,
    ProviderTypeInfo,
    RelationshipType,
    ResourceType,
    TypeAttribute,
    index_rules,
)
from reconciler.model.values import Cardinality, DataType, Format, Scalar, Value
from reconciler.store.database.faults import ConstraintViolated
from reconciler.store.database.session import Transaction

Row = dict[str, object]

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


def load(tx: Transaction) -> Catalog:
    """The catalog that the rows say; equal to the one they were written from."""
    definitions = _definitions(tx)
    return Catalog(
        provider_types=_provider_types(tx),
        resource_types=_resource_types(tx),
        definitions=definitions,
        relationship_types={
            name: RelationshipType(name, description)
            for name, description in tx.rows("catalog.relationship_types")
        },
        offers={
            (resource_type, provider_type): ProviderResourceType(
                provider_type, resource_type, Identity(identity), unique_name, tags
            )
            for provider_type, resource_type, identity, unique_name, tags in tx.rows("catalog.offers")
        },
        rules=index_rules(_rules(tx, definitions)),
    )


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


def _all_rows(catalog: Catalog, user_types: frozenset[str]) -> dict[str, list[Row]]:
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


def _provider_type_row(item: ProviderTypeInfo) -> Row:
    return {"name": item.name, "display_name": item.display_name, "description": item.description}


def _setting_rows(items: Iterable[ProviderTypeInfo]) -> Iterator[Row]:
    for item in items:
        for position, setting in enumerate(item.settings):
            if setting.reference_types or setting.relationship:
                raise CatalogError(f"{item.name}: the setting {setting.name} cannot be a reference")
            yield {**_definition_row(setting), "provider_type": item.name, "position": position}


def _resource_type_row(item: ResourceType, user_types: frozenset[str]) -> Row:
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


def _definition_row(item: AttributeDefinition) -> Row:
    return {
        "name": item.name,
        "display_name": item.display_name,
        "description": item.description,
        "data_type": item.data_type,
        "cardinality": item.cardinality,
        "format": item.format,
        "unit": item.unit,
        "is_secret": item.secret,
        "relationship": item.relationship,
    }


def _offer_row(item: ProviderResourceType) -> Row:
    return {
        "provider_type": item.provider_type,
        "resource_type": item.resource_type,
        "identity": item.identity,
        "unique_name": item.unique_name,
        "stores_tags": item.tags,
    }


def _type_attribute_row(rule: TypeAttribute) -> Row:
    return {"resource_type": rule.resource_type, "attribute": rule.name}


def _rule_key(rule: TypeAttribute) -> Row:
    return {"provider_type": rule.provider_type, "resource_type": rule.resource_type, "attribute": rule.name}


def _rule_row(rule: TypeAttribute) -> Row:
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


def _value_rows(rules: Iterable[tuple[TypeAttribute, Sequence[object]]]) -> Iterator[Row]:
    for rule, values in rules:
        for ordinal, value in enumerate(values):
            data_type, stored = _typed(rule, value)
            columns: Row = dict.fromkeys(_VALUE_COLUMNS.values())
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


def _definitions(tx: Transaction) -> dict[str, AttributeDefinition]:
    references = _grouped(tx.rows("catalog.references"))
    return {
        row[0]: _definition(row[:8], references.get(row[0], ()), row[8])
        for row in tx.rows("catalog.definitions")
    }


def _definition(
    row: Sequence[Any], references: tuple[str, ...] = (), relationship: str | None = None
) -> AttributeDefinition:
    name, data_type, cardinality, form, unit, display_name, description, secret = row
    return AttributeDefinition(
        name=name,
        data_type=DataType(data_type),
        cardinality=Cardinality(cardinality),
        format=Format(form),
        unit=unit,
        display_name=display_name,
        description=description,
        secret=secret,
        reference_types=references,
        relationship=relationship,
    )


def _provider_types(tx: Transaction) -> dict[str, ProviderTypeInfo]:
    settings: dict[str, list[AttributeDefinition]] = defaultdict(list)
    for provider_type, *row in tx.rows("catalog.settings"):
        settings[provider_type].append(_definition(row))
    return {
        name: ProviderTypeInfo(name, display_name, description, tuple(settings[name]))
        for name, display_name, description in tx.rows("catalog.provider_types")
    }


def _resource_types(tx: Transaction) -> dict[str, ResourceType]:
    parents, keys = _grouped(tx.rows("catalog.parents")), _grouped(tx.rows("catalog.keys"))
    return {
        name: ResourceType(
            name=name,
            kind=kind,
            family=Family(family),
            parents=parents.get(name, ()),
            collection=collection,
            key_attributes=keys.get(name, ()),
            holds_data=holds_data,
            display_name=display_name,
            description=description,
        )
        for name, kind, family, collection, holds_data, display_name, description in tx.rows(
            "catalog.resource_types"
        )
    }


def _rules(tx: Transaction, definitions: Mapping[str, AttributeDefinition]) -> Iterator[TypeAttribute]:
    defaults, allowed = _values(tx.rows("catalog.defaults")), _values(tx.rows("catalog.allowed_values"))
    for row in tx.rows("catalog.rules"):
        provider_type, resource_type, attribute, mutability, required, has_default, clear, *bounds = row
        minimum, maximum, max_length, pattern, grow_only, also, unique, within, unset = bounds
        key = (provider_type, resource_type, attribute)
        default: Value | None = None
        if has_default:
            elements = defaults.get(key, ())
            default = elements if definitions[attribute].cardinality is not Cardinality.ONE else elements[0]
        yield TypeAttribute(
            definition=definitions[attribute],
            resource_type=resource_type,
            provider_type=provider_type,
            mutability=Mutability(mutability),
            required=required,
            default=default,
            clear_when_unset=clear,
            minimum=minimum,
            maximum=maximum,
            max_length=max_length,
            pattern=pattern,
            allowed_values=allowed.get(key, ()),
            grow_only=grow_only,
            also=also,
            unique=unique,
            unique_within=within,
            unset=unset,
        )


def _grouped(rows: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in rows:
        found[key].append(value)
    return {key: tuple(values) for key, values in found.items()}


def _values(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, str, str], tuple[Scalar, ...]]:
    found: dict[tuple[str, str, str], list[Scalar]] = defaultdict(list)
    for provider_type, resource_type, attribute, *columns in rows:
        value = next(item for item in columns if item is not None)
        found[provider_type, resource_type, attribute].append(value)
    return {key: tuple(values) for key, values in found.items()}

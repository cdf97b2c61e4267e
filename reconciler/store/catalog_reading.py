"""The catalog from its rows: read whole when a program starts. How it gets there: `catalog_rows`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
from reconciler.store.database.session import Row, Transaction


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
            (row.resource_type, row.provider_type): ProviderResourceType(
                provider_type=row.provider_type,
                resource_type=row.resource_type,
                identity=Identity(row.identity),
                unique_name=row.unique_name,
                tags=row.stores_tags,
            )
            for row in tx.rows("catalog.offers")
        },
        rules=index_rules(_rules(tx, definitions)),
    )


def _definitions(tx: Transaction) -> dict[str, AttributeDefinition]:
    references = _grouped(tx.rows("catalog.references"))
    return {
        row.name: _definition(row, references.get(row.name, ()), row.relationship, row.is_bookkeeping)
        for row in tx.rows("catalog.definitions")
    }


def _definition(
    row: Row, references: tuple[str, ...] = (), relationship: str | None = None, bookkeeping: bool = False
) -> AttributeDefinition:
    return AttributeDefinition(
        name=row.name,
        data_type=DataType(row.data_type),
        cardinality=Cardinality(row.cardinality),
        format=Format(row.format),
        unit=row.unit,
        display_name=row.display_name,
        description=row.description,
        secret=row.is_secret,
        reference_types=references,
        relationship=relationship,
        bookkeeping=bookkeeping,
    )


def _provider_types(tx: Transaction) -> dict[str, ProviderTypeInfo]:
    settings: dict[str, list[AttributeDefinition]] = defaultdict(list)
    for row in tx.rows("catalog.settings"):
        settings[row.provider_type].append(_definition(row))
    return {
        name: ProviderTypeInfo(name, display_name, description, tuple(settings[name]))
        for name, display_name, description in tx.rows("catalog.provider_types")
    }


def _resource_types(tx: Transaction) -> dict[str, ResourceType]:
    parents, keys = _grouped(tx.rows("catalog.parents")), _grouped(tx.rows("catalog.keys"))
    return {
        row.name: ResourceType(
            name=row.name,
            kind=row.kind,
            family=Family(row.family),
            parents=parents.get(row.name, ()),
            collection=row.collection,
            key_attributes=keys.get(row.name, ()),
            holds_data=row.holds_data,
            display_name=row.display_name,
            description=row.description,
        )
        for row in tx.rows("catalog.resource_types")
    }


def _rules(tx: Transaction, definitions: Mapping[str, AttributeDefinition]) -> Iterator[TypeAttribute]:
    defaults, allowed = _values(tx.rows("catalog.defaults")), _values(tx.rows("catalog.allowed_values"))
    for row in tx.rows("catalog.rules"):
        key, definition = (row.provider_type, row.resource_type, row.attribute), definitions[row.attribute]
        default: Value | None = None
        if row.has_default:
            elements = defaults.get(key, ())
            default = elements if definition.cardinality is not Cardinality.ONE else elements[0]
        yield TypeAttribute(
            definition=definition,
            resource_type=row.resource_type,
            provider_type=row.provider_type,
            mutability=Mutability(row.mutability),
            required=row.is_required,
            default=default,
            clear_when_unset=row.clear_when_unset,
            minimum=row.minimum,
            maximum=row.maximum,
            max_length=row.max_length,
            pattern=row.pattern,
            allowed_values=allowed.get(key, ()),
            grow_only=row.grow_only,
            also=row.also,
            unique=row.is_unique,
            unique_within=row.unique_within,
            unset=row.unset_meaning,
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

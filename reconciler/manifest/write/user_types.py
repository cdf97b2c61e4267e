"""What users added to the catalog as the manifests that declare it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal

from reconciler.manifest.read.envelope import API_VERSION
from reconciler.manifest.write.values import Plain
from reconciler.model.catalog import (
    AttributeDefinition,
    Catalog,
    Family,
    Mutability,
    ResourceType,
    TypeAttribute,
)
from reconciler.model.values import Cardinality, DataType, Format, Value


def user_type_manifests(
    catalog: Catalog, types: Collection[str], attributes: Collection[str], relationships: Collection[str]
) -> Iterator[dict[str, Plain]]:
    """The documents of the types, attributes and relationship types of these names."""
    for name in sorted(relationships):
        tie = catalog.relationship_types[name]
        yield _document("RelationshipType", name, _given(description=tie.description))
    for name in sorted(attributes):
        spec = _attribute(catalog.definitions[name])
        applies: dict[str, Plain] = {
            kind: _rule(rules[name])
            for (kind, _), rules in sorted(catalog.rules.items())
            if kind not in types and name in rules
        }
        yield _document("AttributeDefinition", name, spec | _given(applies_to=applies))
    for name in sorted(types):
        yield _document("ResourceType", name, _type(catalog, catalog.resource_types[name]))


def _document(kind: str, name: str, spec: dict[str, Plain]) -> dict[str, Plain]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _attribute(item: AttributeDefinition) -> dict[str, Plain]:
    is_reference = bool(item.reference_types)
    return _given(
        type=item.data_type.value if item.data_type is not DataType.STRING else None,
        cardinality=item.cardinality.value if item.cardinality is not Cardinality.ONE else None,
        format=item.format.value if not is_reference and item.format is not Format.PLAIN else None,
        unit=item.unit,
        display_name=item.display_name,
        description=item.description,
        secret=item.secret,
        bookkeeping=item.bookkeeping,
        references=[*item.reference_types],
        relationship=item.relationship if is_reference else None,
    )


def _type(catalog: Catalog, item: ResourceType) -> dict[str, Plain]:
    offers: dict[str, Plain] = {}
    for (kind, owner), offer in sorted(catalog.offers.items()):
        if kind == item.name:
            rules: dict[str, Plain] = {
                name: _rule(rule) for name, rule in sorted(catalog.attributes(kind, owner).items())
            }
            offers[owner] = {
                "identity": offer.identity.value,
                "unique_name": offer.unique_name,
                "tags": offer.tags,
                "attributes": rules,
            }
    return {"kind": item.kind} | _given(
        family=item.family.value if item.family is not Family.OBJECT else None,
        parents=[*item.parents],
        collection=item.collection,
        key=[*item.key_attributes],
        holds_data=item.holds_data,
        display_name=item.display_name,
        description=item.description,
        offers=offers,
    )


def _rule(rule: TypeAttribute) -> dict[str, Plain]:
    return _given(
        change=rule.mutability.value if rule.mutability is not Mutability.IN_PLACE else None,
        required=rule.required,
        clear_when_unset=rule.clear_when_unset,
        max_length=rule.max_length,
        pattern=rule.pattern,
        allowed=[_plain(each) for each in rule.allowed_values],
        grow_only=rule.grow_only,
        also=rule.also,
        unique=rule.unique,
        unique_within=rule.unique_within,
        unset=rule.unset,
    ) | {
        name: _plain(value)
        for name, value in (("default", rule.default), ("minimum", rule.minimum), ("maximum", rule.maximum))
        if value is not None
    }


def _given(**fields: Plain) -> dict[str, Plain]:
    """What is not as it is where nothing is said."""
    return {name: value for name, value in fields.items() if value}


def _plain(value: Value) -> Plain:
    match value:
        case tuple():
            return [_plain(each) for each in value]
        case datetime():
            return value.isoformat()
        case bool() | int() | Decimal() | str():
            return value
        case _:
            return str(value)

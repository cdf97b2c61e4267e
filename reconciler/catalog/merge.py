"""Merging catalog parts: every name is defined once, and whatever an offer uses is defined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from reconciler.catalog.files import CatalogPart, RuleForm
from reconciler.errors import CatalogError
from reconciler.model.catalog import (
    AttributeDefinition,
    Catalog,
    Mutability,
    RelationshipType,
    ResourceType,
    TypeAttribute,
    index_rules,
)
from reconciler.model.values import Cardinality, Value, canonical

_Named = TypeVar("_Named", AttributeDefinition, RelationshipType, ResourceType)


def merge(parts: Sequence[CatalogPart]) -> Catalog:
    """One catalog of all parts. Raises CatalogError with every contradiction found."""
    faults: list[str] = []
    types = _once((item for part in parts for item in part.resource_types), faults)
    definitions = _once((item for part in parts for item in part.definitions), faults)
    relationships = _once((item for part in parts for item in part.relationship_types), faults)
    rules: list[TypeAttribute] = []
    for part in parts:
        offered = _offered(part)
        for resource_type, attribute, form in part.rules:
            definition = definitions.get(attribute)
            if definition is None:
                faults.append(f"{part.name}: {resource_type}.{attribute}: no such attribute definition")
            elif unknown := {form.also, form.unique_within} - {None} - offered[resource_type]:
                faults.append(f"{part.name}: {resource_type}.{attribute}: no {', '.join(map(str, unknown))}")
            elif definition.cardinality is Cardinality.MAP and form.change is not Mutability.READ_ONLY:
                faults.append(f"{part.name}: {resource_type}.{attribute}: a map is only ever read")
            elif part.provider_type is not None:
                rules.append(_rule(definition, resource_type, part.provider_type.name, form))
        faults += [
            f"{part.name}: no resource type `{offer.resource_type}`"
            for offer in part.offers
            if offer.resource_type not in types
        ]
    faults += _dangling(types, definitions, relationships)
    if faults:
        raise CatalogError("the catalog contradicts itself:\n  " + "\n  ".join(faults))
    return Catalog(
        provider_types={part.provider_type.name: part.provider_type for part in parts if part.provider_type},
        resource_types=types,
        definitions=definitions,
        relationship_types=relationships,
        offers={(o.resource_type, o.provider_type): o for part in parts for o in part.offers},
        rules=index_rules(rules),
    )


def _offered(part: CatalogPart) -> dict[str, set[str | None]]:
    """The attributes that the part offers of each type."""
    found: dict[str, set[str | None]] = {}
    for resource_type, attribute, _ in part.rules:
        found.setdefault(resource_type, set()).add(attribute)
    return found


def _once(items: Iterable[_Named], faults: list[str]) -> dict[str, _Named]:
    found: dict[str, _Named] = {}
    for item in items:
        if item.name in found and found[item.name] != item:
            faults.append(f"`{item.name}` is defined twice, and differently")
        found[item.name] = item
    return found


def _dangling(
    types: dict[str, ResourceType],
    definitions: dict[str, AttributeDefinition],
    relationships: dict[str, RelationshipType],
) -> Iterable[str]:
    for item in types.values():
        for parent in item.parents:
            if parent not in types:
                yield f"resource type {item.name}: no parent type `{parent}`"
            elif types[parent].parents:
                roots = " or ".join(types[parent].parents)
                yield (
                    f"resource type {item.name}: its parent `{parent}` is a part itself, and no part has "
                    f"parts: make it a part of {roots} whose key names the {parent}, or attributes"
                )
        for key in item.key_attributes:
            if key not in definitions:
                yield f"resource type {item.name}: no key attribute `{key}`"
    for definition in definitions.values():
        for target in definition.reference_types:
            if target not in types:
                yield f"attribute {definition.name}: no resource type `{target}` to refer to"
        if definition.relationship is not None and definition.relationship not in relationships:
            yield f"attribute {definition.name}: no relationship type `{definition.relationship}`"


def _default(definition: AttributeDefinition, form: RuleForm) -> Value | None:
    value = form.default
    if value is None:
        return None
    if definition.cardinality is not Cardinality.ONE and not isinstance(value, tuple):
        value = (value,)
    return canonical(value, definition.cardinality, definition.format)


def _rule(
    definition: AttributeDefinition, resource_type: str, provider_type: str, form: RuleForm
) -> TypeAttribute:
    return TypeAttribute(
        definition=definition,
        resource_type=resource_type,
        provider_type=provider_type,
        mutability=form.change,
        required=form.required,
        default=_default(definition, form),
        clear_when_unset=form.clear_when_unset,
        minimum=form.minimum,
        maximum=form.maximum,
        max_length=form.max_length,
        pattern=form.pattern,
        allowed_values=form.allowed,
        grow_only=form.grow_only,
        also=form.also,
        unique=form.unique or form.unique_within is not None,
        unique_within=form.unique_within,
        unset=form.unset,
    )

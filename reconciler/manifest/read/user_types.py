"""Resource types, attributes and relationship types that users add to the catalog by manifest.

They may be offered by provider types whose driver asks nobody (`logical`): of any other, the driver would
not know what to do with them. What is wrong is reported at its line; the catalog that comes out is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from reconciler.catalog import CatalogPart, merge
from reconciler.catalog.files import (
    NAME,
    AttributeForm,
    Name,
    OfferForm,
    RelationshipTypeForm,
    ResourceTypeForm,
    RuleForm,
)
from reconciler.errors import CatalogError, Problem
from reconciler.manifest.findings import Findings, Scope, listed, position
from reconciler.manifest.model import Known
from reconciler.manifest.read.envelope import INVENTORY_KINDS, Envelope
from reconciler.manifest.read.forms import find, read_form
from reconciler.manifest.yaml.reader import Position, Scalar
from reconciler.model.catalog import Catalog, Mutability, ProviderResourceType, RelationshipType
from reconciler.model.values import Cardinality

OPEN_PROVIDER_TYPES = ("logical",)
"""Provider types whose resources have no attributes but those that the catalog gives them."""


class UserRuleForm(RuleForm):
    """A rule as a catalog file has it. Nobody needs asking for a change of what we keep ourselves."""

    change: Mutability = Mutability.IN_PLACE


class UserOfferForm(OfferForm):
    attributes: dict[Name, UserRuleForm] = Field(default_factory=dict)  # type: ignore[assignment]


class UserTypeForm(ResourceTypeForm):
    """A resource type as a catalog file has it, and who offers it."""

    offers: dict[Name, UserOfferForm] = Field(default_factory=dict)


class UserAttributeForm(AttributeForm):
    """An attribute as a catalog file has it; `applies_to` gives it to types that exist already."""

    applies_to: dict[Name, UserRuleForm] = Field(default_factory=dict)
    cardinality: Literal[Cardinality.ONE, Cardinality.SET, Cardinality.LIST] = Cardinality.ONE


@dataclass(frozen=True, slots=True)
class UserCatalog:
    """The catalog with the users' share in it, and that share alone, a part for each provider type."""

    catalog: Catalog
    parts: tuple[CatalogPart, ...]
    broken_kinds: frozenset[str] = frozenset()


def read_user_catalog(
    envelopes: Sequence[Envelope],
    catalog: Catalog,
    known: Known,
    findings: Findings,
) -> UserCatalog:
    """What `known` names as added by users before may be said anew."""
    if not envelopes:
        return UserCatalog(catalog, ())
    base = _without(catalog, envelopes, known)
    ties: dict[str, RelationshipType] = {}
    types: dict[str, tuple[UserTypeForm, Envelope]] = {}
    attributes: dict[str, tuple[UserAttributeForm, Envelope]] = {}
    before = findings.count
    for envelope in envelopes:
        if envelope.kind == "ResourceType":
            _read_type(envelope, base, types)
        elif envelope.kind == "RelationshipType":
            _read_relationship(envelope, base, ties)
        else:
            _read_attribute(envelope, base, attributes)
    parts = tuple(_parts(types, attributes, ties, base))
    if findings.count == before:
        _check_names(types, attributes, {*base.relationship_types, *ties}, base)
    if findings.count > before:
        return UserCatalog(catalog, (), frozenset(_kinds_of(envelopes)))
    try:
        return UserCatalog(_extended(base, parts), parts)
    except CatalogError as error:
        findings.add(Problem("manifest.catalog", error.message, envelopes[0].origin))
        return UserCatalog(catalog, (), frozenset(_kinds_of(envelopes)))


def _without(catalog: Catalog, envelopes: Sequence[Envelope], known: Known) -> Catalog:
    """The catalog without what these documents say anew."""
    said = {(envelope.kind, envelope.address.name) for envelope in envelopes}
    gone = {name for name in known.user_types if ("ResourceType", name) in said}
    dropped = {name for name in known.user_attributes if ("AttributeDefinition", name) in said}
    untied = {name for name in known.user_relationships if ("RelationshipType", name) in said}
    if not gone and not dropped and not untied:
        return catalog
    return replace(
        catalog,
        resource_types={n: item for n, item in catalog.resource_types.items() if n not in gone},
        definitions={n: item for n, item in catalog.definitions.items() if n not in dropped},
        relationship_types={n: item for n, item in catalog.relationship_types.items() if n not in untied},
        offers={key: item for key, item in catalog.offers.items() if key[0] not in gone},
        rules={
            key: {name: rule for name, rule in rules.items() if name not in dropped}
            for key, rules in catalog.rules.items()
            if key[0] not in gone
        },
    )


def _read_type(envelope: Envelope, catalog: Catalog, types: dict[str, tuple[UserTypeForm, Envelope]]) -> None:
    form, scope, name = (
        read_form(UserTypeForm, envelope.spec, envelope.scope, "spec"),
        envelope.scope,
        envelope.address.name,
    )
    at = position(envelope.spec)
    if form is None:
        return
    if name in catalog.resource_types or name in INVENTORY_KINDS.values():
        scope.report("exists", f"there is a resource type `{name}` already", at, "choose another name")
        return
    if catalog.by_kind(form.kind) or form.kind in INVENTORY_KINDS:
        scope.report("exists", f"there is a kind `{form.kind}` already", at, "choose another kind")
        return
    if bool(form.parents) != bool(form.collection):
        scope.report("required", "parents and collection go together", at, "write both, or none")
        return
    if not form.offers:
        hint = f"add offers: {{{OPEN_PROVIDER_TYPES[0]}: {{attributes: {{…}}}}}}"
        scope.report("required", f"nobody offers the resource type `{name}`", at, hint)
    for offered_by in form.offers:
        _check_open(offered_by, envelope, scope)
    types[name] = form, envelope


def _check_open(provider_type: str, envelope: Envelope, scope: Scope) -> None:
    if provider_type not in OPEN_PROVIDER_TYPES:
        message = f"the driver of {provider_type} would not know this type"
        hint = f"users' own types are offered by {listed(OPEN_PROVIDER_TYPES)}"
        scope.report("not_open", message, _place(envelope, "offers", provider_type), hint)


def _read_relationship(envelope: Envelope, catalog: Catalog, ties: dict[str, RelationshipType]) -> None:
    form = read_form(RelationshipTypeForm, envelope.spec, envelope.scope, "spec")
    name, at = envelope.address.name, position(envelope.spec)
    if form is None:
        return
    if re.fullmatch(NAME, name) is None:
        hint = "use small letters, digits and _, with a letter first, as in backed_up_by"
        envelope.scope.report("name", f"`{name}` cannot be a relationship type's name", at, hint)
    elif name in catalog.relationship_types:
        message = f"there is a relationship type `{name}` already"
        envelope.scope.report("exists", message, at, "choose another name")
    else:
        ties[name] = form.relationship_type(name)


def _read_attribute(
    envelope: Envelope, catalog: Catalog, attributes: dict[str, tuple[UserAttributeForm, Envelope]]
) -> None:
    form, name = read_form(UserAttributeForm, envelope.spec, envelope.scope, "spec"), envelope.address.name
    if form is None:
        return
    if name in catalog.definitions:
        at = position(envelope.spec)
        envelope.scope.report("exists", f"there is an attribute `{name}` already", at, "choose another name")
        return
    attributes[name] = form, envelope


def _check_names(
    types: Mapping[str, tuple[UserTypeForm, Envelope]],
    attributes: Mapping[str, tuple[UserAttributeForm, Envelope]],
    ties: set[str],
    catalog: Catalog,
) -> None:
    """Report every name that is neither in the catalog nor declared beside it."""
    all_types = {*catalog.resource_types, *types}
    all_attributes = {*catalog.definitions, *attributes}
    for form, envelope in types.values():
        for parent in form.parents:
            at = _place(envelope, "parents")
            _check(parent, all_types, "resource type", at, envelope.scope)
            known = types[parent][0] if parent in types else catalog.resource_types.get(parent)
            if known is not None and known.parents:
                message = f"{parent} is a part itself, and a part has no parts"
                roots = listed(known.parents)
                envelope.scope.report(
                    "part_of_part", message, at, f"make it a part of {roots} whose key names the {parent}"
                )
        offered = [(name, owner) for owner, offer in form.offers.items() for name in offer.attributes]
        for name in form.key:
            _check(name, all_attributes, "attribute", _place(envelope, "key"), envelope.scope)
        for name, owner in offered:
            at = _place(envelope, "offers", owner, "attributes", name)
            _check(name, all_attributes, "attribute", at, envelope.scope)
    for described, envelope in attributes.values():
        for name in described.references:
            _check(name, all_types, "resource type", _place(envelope, "references"), envelope.scope)
        if described.relationship is not None:
            at = _place(envelope, "relationship")
            _check(described.relationship, ties, "relationship type", at, envelope.scope)
            if not described.references:
                message = f"only a reference makes a relationship, and {envelope.address.name} is none"
                envelope.scope.report("required", message, at, "add references: [vm], with what it refers to")
        for name in described.applies_to:
            at = _place(envelope, "applies_to", name)
            _check(name, all_types, "resource type", at, envelope.scope)


def _check(name: str, known: set[str], what: str, at: Position, scope: Scope) -> None:
    if name not in known:
        hint = scope.suggestion(name, known)
        scope.report(f"unknown_{what.replace(' ', '_')}", f"there is no {what} `{name}`", at, hint)


def _parts(
    types: Mapping[str, tuple[UserTypeForm, Envelope]],
    attributes: Mapping[str, tuple[UserAttributeForm, Envelope]],
    ties: Mapping[str, RelationshipType],
    catalog: Catalog,
) -> Iterator[CatalogPart]:
    """One part with all types, attributes and relationships, and the offers of each open provider type."""
    yield CatalogPart(
        name="manifests",
        provider_type=None,
        resource_types=tuple(form.resource_type(name) for name, (form, _) in sorted(types.items())),
        definitions=tuple(form.definition(name) for name, (form, _) in sorted(attributes.items())),
        offers=(),
        rules=(),
        relationship_types=tuple(item for _, item in sorted(ties.items())),
    )
    for owner in OPEN_PROVIDER_TYPES:
        if owner not in catalog.provider_types:
            continue
        offers = [
            (name, form.offers[owner]) for name, (form, _) in sorted(types.items()) if owner in form.offers
        ]
        rules = [
            (name, attribute, rule) for name, offer in offers for attribute, rule in offer.attributes.items()
        ]
        rules += [
            (resource_type, name, rule)
            for name, (form, _) in sorted(attributes.items())
            for resource_type, rule in form.applies_to.items()
        ]
        yield CatalogPart(
            name=f"manifests/{owner}",
            provider_type=catalog.provider_types[owner],
            resource_types=(),
            definitions=(),
            offers=tuple(
                ProviderResourceType(owner, name, offer.identity, offer.unique_name, offer.tags)
                for name, offer in offers
            ),
            rules=tuple(rules),
        )


def _extended(base: Catalog, parts: Sequence[CatalogPart]) -> Catalog:
    """The base with the parts; merged among themselves, with the base's names to refer to."""
    names = CatalogPart(
        name="catalog",
        provider_type=None,
        resource_types=tuple(base.resource_types.values()),
        definitions=tuple(base.definitions.values()),
        offers=(),
        rules=(),
        relationship_types=tuple(base.relationship_types.values()),
    )
    added = merge([names, *parts])
    rules = dict(base.rules)
    for key, more in added.rules.items():
        rules[key] = {**rules.get(key, {}), **more}
    return replace(
        base,
        resource_types=added.resource_types,
        definitions=added.definitions,
        relationship_types=added.relationship_types,
        offers={**base.offers, **added.offers},
        rules=rules,
    )


def _kinds_of(envelopes: Sequence[Envelope]) -> Iterator[str]:
    for envelope in envelopes:
        for entry in envelope.spec.entries:
            if entry.key == "kind" and isinstance(entry.node, Scalar):
                yield str(entry.node.value)


def _place(envelope: Envelope, *path: str) -> Position:
    """The place of a key in the spec, as deep as the path goes."""
    return find(envelope.spec, path)[1]

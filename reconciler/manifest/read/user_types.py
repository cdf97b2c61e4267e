"""Resource types, attributes and relationship types that users add to the catalog by manifest.

They may be offered by provider types whose driver asks nobody (`logical`): of any other, the driver would
not know what to do with them. What is wrong is reported at its line; the catalog that comes out is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.catalog import CatalogPart
from reconciler.catalog.files import (
    NAME,
    RelationshipTypeForm,
)
from reconciler.errors import CatalogError, Problem
from reconciler.manifest.findings import Findings, Scope, listed, position
from reconciler.manifest.model import Known
from reconciler.manifest.read.envelope import INVENTORY_KINDS, Envelope
from reconciler.manifest.read.forms import find, read_form
from reconciler.manifest.read.user_forms import OPEN_PROVIDER_TYPES, UserAttributeForm, UserTypeForm
from reconciler.manifest.read.user_parts import catalog_parts, extended
from reconciler.manifest.yaml.nodes import Position, Scalar
from reconciler.model.catalog import Catalog, RelationshipType


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
    parts = tuple(catalog_parts(types, attributes, ties, base))
    if findings.count == before:
        _check_names(types, attributes, {*base.relationship_types, *ties}, base)
    if findings.count > before:
        return UserCatalog(catalog, (), frozenset(_kinds_of(envelopes)))
    try:
        return UserCatalog(extended(base, parts), parts)
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


def _kinds_of(envelopes: Sequence[Envelope]) -> Iterator[str]:
    for envelope in envelopes:
        for entry in envelope.spec.entries:
            if entry.key == "kind" and isinstance(entry.node, Scalar):
                yield str(entry.node.value)


def _place(envelope: Envelope, *path: str) -> Position:
    """The place of a key in the spec, as deep as the path goes."""
    return find(envelope.spec, path)[1]

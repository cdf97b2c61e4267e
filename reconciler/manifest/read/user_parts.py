"""What users declared, as parts of the catalog, and the catalog with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.catalog import CatalogPart, merge
from reconciler.manifest.read.envelope import Envelope
from reconciler.manifest.read.user_forms import OPEN_PROVIDER_TYPES, UserAttributeForm, UserTypeForm
from reconciler.model.catalog import Catalog, ProviderResourceType, RelationshipType


def catalog_parts(
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


def extended(base: Catalog, parts: Sequence[CatalogPart]) -> Catalog:
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

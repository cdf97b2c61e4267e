"""Samples: the lives that the contract's tests lead an object of each type through, as manifests would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.catalog import CatalogPart, core_part, merge
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.resource import Desired
from reconciler.model.values import Attributes, Value, canonical

Parts = Mapping[str, Sequence[Mapping[str, Value]]]
"""Parts by their type, each with its attributes. A type that is named is listed, even with no parts."""


@dataclass(frozen=True)
class Sample:
    """One root type's life: what must be there first, how it is made, and what it may become in place.

    Each of `variants` is applied after the one before; together they change every in-place attribute, but
    for those in `elsewhere`, as (type, attribute): a part's attributes that only another parent's have.
    `secrets` are by the name of their credential.
    """

    desired: Desired
    first: tuple[Desired, ...] = ()
    variants: tuple[Desired, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[tuple[str, str]] = frozenset()


class Manifests:
    """Resources of one driver as manifests would want them, at an endpoint named as its provider type."""

    def __init__(self, part: CatalogPart) -> None:
        if part.provider_type is None:
            raise ValueError(f"{part.name} is no driver's catalog: it has no provider_type")
        self.catalog = catalog_of(part)
        self.provider_type = part.provider_type.name

    def want(
        self,
        address: str,
        parts: Parts | None = None,
        tags: Mapping[str, str] | None = None,
        **attributes: Value,
    ) -> Desired:
        """The resource with the catalog's defaults. Raises KeyError for what the catalog does not offer."""
        return wanted(self.catalog, self.provider_type, address, attributes, parts=parts, tags=tags)

    def changed(
        self, desired: Desired, tags: Mapping[str, str] | None = None, **attributes: Value
    ) -> Desired:
        """The same resource with other values; tags are replaced as a whole."""
        return changed(self.catalog, desired, tags, **attributes)

    def with_parts(self, desired: Desired, parts: Parts) -> Desired:
        """The same resource with other parts of the named types."""
        inner = self.want(str(desired.address), parts)
        kept = tuple(part for part in desired.parts if part.type not in parts)
        collections = desired.collections | inner.collections
        return replace(desired, parts=(*kept, *inner.parts), collections=collections)

    @staticmethod
    def without(desired: Desired, *names: str) -> Desired:
        """The same resource, its manifest silent about some attributes."""
        kept = {name: value for name, value in desired.attributes.items() if name not in names}
        return replace(desired, attributes=kept, explicit=desired.explicit.difference(names))


def catalog_of(part: CatalogPart) -> Catalog:
    """A driver's catalog together with the core's. Raises CatalogError where they contradict each other."""
    return merge([core_part(), part])


def wanted(
    catalog: Catalog,
    provider: str,
    address: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    parts: Mapping[str, Sequence[Mapping[str, Value]]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Desired:
    """A desired resource, canonical and with the catalog's defaults, as a manifest would give it.

    `parts` are by part type; a type that is named is listed, even with no parts.
    """
    where = Address.parse(address)
    inner = []
    for part_type, items in (parts or {}).items():
        kind = catalog.resource_types[part_type]
        for number, item in enumerate(items):
            values = _defaulted(catalog, provider, part_type, item)
            name = as_name(
                "-".join(str(values[key]) for key in kind.key_attributes) or f"{part_type}-{number}"
            )
            part = where.part(part_type, name)
            inner.append(Desired(part, part_type, provider, provider, values, frozenset(item)))
    return Desired(
        where,
        where.type,
        provider,
        provider,
        _defaulted(catalog, provider, where.type, attributes or {}, where.name),
        frozenset(attributes or {}),
        tags=dict(tags or {}),
        tags_named=tags is not None,
        parts=tuple(inner),
        collections=frozenset(parts or {}),
    )


def changed(
    catalog: Catalog, desired: Desired, tags: Mapping[str, str] | None = None, **attributes: Value
) -> Desired:
    """The same resource with other values; tags are replaced as a whole."""
    values = {
        name: canonical(value, catalog.definitions[name].cardinality, catalog.definitions[name].format)
        for name, value in attributes.items()
    }
    return replace(
        desired,
        attributes={**desired.attributes, **values},
        explicit=desired.explicit | values.keys(),
        tags=desired.tags if tags is None else dict(tags),
        tags_named=desired.tags_named or tags is not None,
    )


def _defaulted(
    catalog: Catalog, provider: str, resource_type: str, given: Mapping[str, Value], own_name: str = ""
) -> Attributes:
    rules = catalog.attributes(resource_type, provider)
    defaults = {name: rule.default_for(own_name) for name, rule in rules.items()}
    values = {name: value for name, value in defaults.items() if value is not None} | dict(given)
    return {
        name: canonical(value, rules[name].definition.cardinality, rules[name].definition.format)
        for name, value in values.items()
    }


def compared(catalog: Catalog, desired: Desired) -> Iterator[tuple[str, Value]]:
    """What of a desired resource must come back in an observation."""
    rules = catalog.attributes(desired.type, desired.provider_type)
    for name, value in desired.attributes.items():
        if rules[name].compared and rules[name].mutability is not Mutability.WRITE_ONLY and value != ():
            yield name, value

"""What a resource points at: references by attribute, `depends_on` and `member_of`, parts included."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Value


def references(item: Desired | Recorded, catalog: Catalog) -> frozenset[Address]:
    """The roots that this resource needs, itself left out."""
    found = set(item.depends_on)
    if isinstance(item, Desired):
        found.update(item.member_of)
    for part in (item, *item.parts):
        found.update(address for _, address in attribute_references(part, catalog))
    return frozenset(address.root for address in found if address.root != item.address.root)


def attribute_references(item: Desired | Recorded, catalog: Catalog) -> Iterator[tuple[str, Address]]:
    """What its own attributes point at, its parts' left out, each with the attribute's name."""
    rules = catalog.attributes(item.type, item.provider_type)
    for name, value in item.attributes.items():
        if name in rules:
            for address in _addresses(value):
                yield name, address


def roots_in(value: Value | None) -> frozenset[Address]:
    """The roots that a reference's value points at."""
    return frozenset(address.root for address in _addresses(value))


def _addresses(value: Value | None) -> Iterator[Address]:
    """Without objects that are not in our books, which are recorded by their providers' ids."""
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, Address):
            yield item

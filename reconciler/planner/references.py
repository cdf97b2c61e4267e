"""What a resource points at: references by attribute, `depends_on` and `member_of`, parts included."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.address import Address, InvalidAddress
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Format, Value


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
        rule = rules.get(name)
        if rule is not None and rule.definition.format is Format.REFERENCE:
            for address in _addresses(value):
                yield name, address


def roots_in(value: Value | None) -> frozenset[Address]:
    """The roots that a reference's value points at."""
    return frozenset(address.root for address in _addresses(value))


def _addresses(value: Value | None) -> Iterator[Address]:
    for item in value if isinstance(value, tuple) else (value,):
        address = _address(item) if isinstance(item, str) else None
        if address is not None:
            yield address


def _address(text: str) -> Address | None:
    """None for an object that is not in our books, which is recorded as its provider's id."""
    try:
        return Address.parse(text)
    except InvalidAddress:
        return None

"""What a resource points at: references by attribute, `depends_on` and `member_of`, parts included."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.address import Address, InvalidAddress
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, Format


def references(item: Desired | Recorded, catalog: Catalog) -> frozenset[Address]:
    """The roots that this resource needs, itself left out."""
    found = set(item.depends_on)
    if isinstance(item, Desired):
        found.update(item.member_of)
    found.update(_in_attributes(item.type, item.provider_type, item.attributes, catalog))
    for part in item.parts:
        found.update(_in_attributes(part.type, part.provider_type, part.attributes, catalog))
    return frozenset(address.root for address in found if address.root != item.address.root)


def _in_attributes(
    resource_type: str, provider_type: str, attributes: Attributes, catalog: Catalog
) -> Iterator[Address]:
    rules = catalog.attributes(resource_type, provider_type)
    for name, value in attributes.items():
        rule = rules.get(name)
        if rule is None or rule.definition.format is not Format.REFERENCE:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, str):
                address = _address(item)
                if address is not None:
                    yield address


def _address(text: str) -> Address | None:
    """None for an object that is not in our books, which is recorded as its provider's id."""
    try:
        return Address.parse(text)
    except InvalidAddress:
        return None

"""Parts of guests: how one is spelt in the option that is its slot, read and written. Pure.

A type of part whose spelling has rules of its own is a class, beside the kind of guest that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.values import Attributes, Cardinality, Entry, Scalar, Value, canonical
from reconciler.providers.proxmox.types.guest import fields, propstring
from reconciler.providers.proxmox.types.guest.fields import OTHER, Field, Fields, Options

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One type of part.

    `slots` are its option names, `default_key` may stand without key, `more` are attributes that no field
    holds.
    """

    type: str
    slots: re.Pattern[str]
    fields: Fields = ()
    default_key: str | None = None
    more: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        part_type: str,
        slots: str,
        *listed: tuple[str, str] | Field,
        default_key: str | None = None,
        more: Iterable[str] = (),
    ) -> Self:
        """From fields, or attributes with their keys."""
        own = (item if isinstance(item, Field) else Field(item[0], "", item[1]) for item in listed)
        return cls(part_type, re.compile(slots), tuple(own), default_key, frozenset(more))

    @property
    def names(self) -> frozenset[str]:
        """All attributes that such a part can have."""
        return self.more | {"slot", OTHER} | {field.attribute for field in self.fields}

    def holds(self, option: str, text: str) -> bool:  # noqa: ARG002
        """Whether an option with this text is such a part."""
        return self.slots.fullmatch(option) is not None

    def parse(self, text: str) -> dict[str, str]:
        """Key → text; what has none in the option is under `default_key`, or an empty one."""
        return propstring.parse(text, self.default_key or "")

    def entries(self, option: str, text: str) -> Iterator[Entry]:
        """A part that has no attributes yet, as its option is spelt."""
        for key, value in self.parse(text).items():
            yield Entry(option, value, key or None)

    def read(self, option: str, options: Texts) -> dict[str, Value]:
        """A part's attributes, its slot among them."""
        parts = self.parse(options[option])
        return {"slot": option, **self.beside(option, options, parts), **read(self.type, self.fields, parts)}

    def beside(self, option: str, options: Texts, parts: dict[str, str]) -> dict[str, Value]:  # noqa: ARG002
        """Attributes that no field holds; takes what they cover out of `parts`."""
        return {}

    def slot_of(self, where: Address, attributes: Attributes) -> str:
        """Raises PlanError for a slot that a guest has not for such a part."""
        slot = str(attributes.get("slot") or where.name)
        if not self.slots.fullmatch(slot):
            raise PlanError(f"{where}: a {where.root.type} has no slot `{slot}` for a {where.type}")
        return slot

    def made(self, where: Address, attributes: Attributes, storage: Scalar | None) -> Options:  # noqa: ARG002
        """The options that make a part. `storage` is the endpoint's default for what is stored."""
        return self.options(where, attributes)

    def options(self, where: Address, attributes: Attributes, volume: Texts | None = None) -> Options:
        """The options of one part; None stands for: to be unset. `volume`: what names a disk's volume.

        Raises PlanError for what the server would refuse, the whole configuration with it.
        """
        slot = self.slot_of(where, attributes)
        for name in sorted(attributes.keys() - self.names):
            raise PlanError(f"{where}: a {where.root.type}'s {where.type} has no `{name}` at Proxmox VE")
        return self.write(where, slot, attributes, volume or {})

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:  # noqa: ARG002
        """Option → text of a part; here one property string in the option that is its slot."""
        return {slot: propstring.render({**self.written(attributes), **volume}, self.default_key)}

    def written(self, attributes: Attributes) -> dict[str, str]:
        """What the fields hold, and what is kept beside it."""
        others = {entry.key: entry.value for entry in fields.entries(attributes.get(OTHER))}
        return fields.write_parts(self.fields, attributes, others)

    def holding(self, slot: str, names: Iterable[str]) -> set[str]:  # noqa: ARG002
        """The options that hold these attributes."""
        return {slot}


class Plain(Part):
    """A part whose option is one plain value."""

    __slots__ = ()

    def entries(self, option: str, text: str) -> Iterator[Entry]:
        """The whole text without a key, as there are none in it."""
        yield Entry(option, text)

    def read(self, option: str, options: Texts) -> dict[str, Value]:
        """The text as the one attribute, beside the slot."""
        return {"slot": option, self.fields[0].attribute: options[option]}

    def write(self, where: Address, slot: str, attributes: Attributes, volume: Texts) -> Options:  # noqa: ARG002
        """The text is the attribute itself, which the catalog therefore requires."""
        return {slot: str(attributes[self.fields[0].attribute])}


def read(part_type: str, listed: Fields, parts: Texts) -> dict[str, Value]:
    """The attributes that fields hold, and what is left as other options."""
    values, left = fields.read_parts(part_type, listed, parts)
    for field in listed:
        if field.key not in parts and isinstance(field.default, (str, int, bool)):
            values[field.attribute] = field.default
    if left:
        values[OTHER] = canonical(tuple(Entry(key, text) for key, text in left.items()), Cardinality.MAP)
    return values

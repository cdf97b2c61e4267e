"""An attribute's value as a manifest has it: the other way round than `read.attribute_values`.

Sizes and spans are written in the largest unit that says them in whole numbers, under the short name that
people use for them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from reconciler.manifest.read.names import short_names
from reconciler.manifest.yaml.characters import REFUSED_IN_VALUE
from reconciler.model.address import Address
from reconciler.model.catalog import TypeAttribute
from reconciler.model.values import Entry, ExternalRef, Format, SecretRef, Value

Plain = str | int | Decimal | bool | None | list["Plain"] | dict[str, "Plain"]
"""What a document is made of before it is text."""

_SIZES = ("KiB", "MiB", "GiB", "TiB")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class Unwritable(ValueError):
    """A value for which a manifest has no words."""


def written(rule: TypeAttribute, value: Value) -> Plain:
    """A value in its manifest's words. Raises Unwritable for what can only be observed."""
    match value:
        case tuple():
            return [written(rule, item) for item in value]
        case SecretRef():
            return {"from": f"credential/{value.credential}"}
        case ExternalRef():
            raise Unwritable(f"{value.type} with id {value.external_id} is not managed")
        case Entry():
            raise Unwritable("no manifest gives a map")
        case Address():
            return str(value)
        case datetime():
            return value.isoformat()
        case str() if REFUSED_IN_VALUE.search(value):
            raise Unwritable("it holds a character that cannot be printed")
        case bool() | Decimal() | str():
            return value
        case _:
            return _quantity(rule.definition.format, value)


def names(rules: Mapping[str, TypeAttribute]) -> dict[str, str]:
    """What each attribute that has a shorter name is called."""
    found: dict[str, str] = {}
    for short, name in short_names(rules).items():
        found.setdefault(name, short)
    return found


def _quantity(form: Format, value: int) -> str | int:
    match form:
        case Format.MIB | Format.GIB if value > 0:
            place = _SIZES.index("MiB" if form is Format.MIB else "GiB")
            while value % 1024 == 0 and place + 1 < len(_SIZES):
                value, place = value // 1024, place + 1
            return f"{value}{_SIZES[place]}"
        case Format.SECONDS if value > 0:
            size, unit = next(each for each in _SPANS if value % each[0] == 0)
            return f"{value // size}{unit}"
        case _:
            return value

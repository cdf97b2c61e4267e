"""Between values of the model and the five typed columns that hold them.

A single value is one row with ordinal 0; a set or a list is a row for each element. No value and no
elements are no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from reconciler.model.catalog import AttributeDefinition
from reconciler.model.values import Cardinality, ExternalRef, Scalar, SecretRef, Value

Columns = tuple[str | None, int | None, Decimal | None, bool | None, datetime | None]
"""value_string, value_integer, value_decimal, value_boolean, value_datetime: exactly one is set."""


def is_storable(text: str) -> bool:
    """Whether a text can be stored: PostgreSQL takes no NUL, and UTF-8 has no halves of pairs."""
    if "\0" in text:
        return False
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """The text with a replacement character for whatever cannot be stored; for messages, never for values."""
    if is_storable(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def columns(value: Scalar | ExternalRef | SecretRef) -> Columns:
    """The typed columns of one element."""
    match value:
        case bool():
            return (None, None, None, value, None)
        case int():
            return (None, value, None, None, None)
        case Decimal():
            return (None, None, value, None, None)
        case datetime():
            return (None, None, None, None, value)
        case ExternalRef():
            return (f"{value.type}#{value.external_id}", None, None, None, None)
        case _:
            return (str(value), None, None, None, None)


def elements(value: Value | None) -> Iterator[tuple[int, Columns]]:
    """(ordinal, columns) for each row that a value takes."""
    if value is None:
        return
    for ordinal, item in enumerate(value if isinstance(value, tuple) else (value,)):
        yield ordinal, columns(item)


def collect(
    rows: Iterable[tuple[str, Columns]], definitions: Mapping[str, AttributeDefinition]
) -> dict[str, Value]:
    """Attributes by name from rows of one resource, ordered by ordinal within each attribute."""
    found: dict[str, list[Scalar]] = {}
    for name, row in rows:
        found.setdefault(name, []).append(next(item for item in row if item is not None))
    return {name: _value(definitions[name], items) for name, items in found.items()}


def _value(definition: AttributeDefinition, items: list[Scalar]) -> Value:
    if definition.cardinality is not Cardinality.ONE:
        return tuple(items)
    return secret(str(items[0])) if definition.secret else items[0]


def secret(text: str) -> SecretRef:
    """A secret's reference from its text, `credential/NAME#FINGERPRINT`."""
    name, _, fingerprint = text.removeprefix("credential/").partition("#")
    return SecretRef(name, fingerprint)

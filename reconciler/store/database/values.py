"""Between values of the model and the typed columns that hold them.

A single value is one row with ordinal 0; a set or a list is a row for each element. No value and no
elements are no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from reconciler.model.address import Address
from reconciler.model.catalog import AttributeDefinition
from reconciler.model.values import (
    Cardinality,
    DataType,
    Element,
    Entry,
    ExternalRef,
    Format,
    Scalar,
    SecretRef,
    Value,
)

Columns = tuple[
    str | None,
    int | None,
    Decimal | None,
    bool | None,
    datetime | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
]
"""What `NAMES` names. One of the first six is set; the rest say more of a credential, an id, or an entry."""

NAMES = (
    "value_string",
    "value_integer",
    "value_decimal",
    "value_boolean",
    "value_datetime",
    "value_credential",
    "value_fingerprint",
    "value_target_type",
    "value_key",
    "value_inner_key",
)


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


def columns(value: Element | SecretRef) -> Columns:
    """The typed columns of one element."""
    nothing = (None, None, None, None, None)
    match value:
        case bool():
            return (None, None, None, value, None, *nothing)
        case int():
            return (None, value, None, None, None, *nothing)
        case Decimal():
            return (None, None, value, None, None, *nothing)
        case datetime():
            return (None, None, None, None, value, *nothing)
        case Address():
            return (str(value), None, None, None, None, *nothing)
        case ExternalRef():
            return (value.external_id, None, None, None, None, None, None, value.type, None, None)
        case SecretRef():
            return (
                None,
                None,
                None,
                None,
                None,
                value.credential,
                value.fingerprint or None,
                None,
                None,
                None,
            )
        case Entry():
            return (value.value, None, None, None, None, None, None, None, value.key, value.inner_key)
        case _:
            return (value, None, None, None, None, *nothing)


def data_type(row: Columns) -> DataType:
    """Which of the values is set."""
    types = zip(DataType, row, strict=False)  # in the order of the columns; a credential is a text
    return next((kind for kind, item in types if item is not None), DataType.STRING)


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
    found: dict[str, list[Element | SecretRef]] = {}
    for name, row in rows:
        found.setdefault(name, []).append(element(row, definitions[name].format))
    return {name: _value(definitions[name], items) for name, items in found.items()}


def element(row: Columns, form: Format) -> Element | SecretRef:
    """The element that the columns hold: of a reference an address or a provider's id."""
    *values, credential, fingerprint, target_type, key, inner_key = row
    if credential is not None:
        return SecretRef(credential, fingerprint or "")
    value: Scalar = next(item for item in values if item is not None)
    if key is not None:
        return Entry(key, str(value), inner_key)
    if target_type is not None:
        return ExternalRef(target_type, str(value))
    return Address.parse(str(value)) if form is Format.REFERENCE else value


def _value(definition: AttributeDefinition, items: list[Element | SecretRef]) -> Value:
    if definition.cardinality is Cardinality.ONE:
        return items[0]
    return tuple(item for item in items if not isinstance(item, SecretRef))

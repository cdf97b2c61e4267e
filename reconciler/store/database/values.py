"""Between values of the model and the typed columns that hold them.

A single value is one row with ordinal 0; a set or a list is a row for each element. No value and no
elements are no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

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


class Columns(NamedTuple):
    """One element in the typed columns of its row.

    One of the first six is set; the rest say more of a credential, an id, or an entry.
    """

    value_string: str | None = None
    value_integer: int | None = None
    value_decimal: Decimal | None = None
    value_boolean: bool | None = None
    value_datetime: datetime | None = None
    value_credential: str | None = None
    value_fingerprint: str | None = None
    value_target_type: str | None = None
    value_key: str | None = None
    value_inner_key: str | None = None

    @property
    def scalar(self) -> Scalar | None:
        """The value of a column of its own type; None where it is a credential's name."""
        return next((item for item in self[:5] if item is not None), None)


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
    match value:
        case bool():
            return Columns(value_boolean=value)
        case int():
            return Columns(value_integer=value)
        case Decimal():
            return Columns(value_decimal=value)
        case datetime():
            return Columns(value_datetime=value)
        case Address():
            return Columns(str(value))
        case ExternalRef():
            return Columns(value.external_id, value_target_type=value.type)
        case SecretRef():
            return Columns(value_credential=value.credential, value_fingerprint=value.fingerprint or None)
        case Entry():
            return Columns(value.value, value_key=value.key, value_inner_key=value.inner_key)
        case _:
            return Columns(value)


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
    if row.value_credential is not None:
        return SecretRef(row.value_credential, row.value_fingerprint or "")
    value = row.scalar
    assert value is not None  # noqa: S101 - a check of the table
    if row.value_key is not None:
        return Entry(row.value_key, str(value), row.value_inner_key)
    if row.value_target_type is not None:
        return ExternalRef(row.value_target_type, str(value))
    return Address.parse(str(value)) if form is Format.REFERENCE else value


def _value(definition: AttributeDefinition, items: list[Element | SecretRef]) -> Value:
    if definition.cardinality is Cardinality.ONE:
        return items[0]
    return tuple(item for item in items if not isinstance(item, SecretRef))

"""Attributes as lines of a COPY: the same columns that `values` gives, written at once.

Most of what a fleet's recording writes is these lines. What of a line is the same for an attribute of a type
is made once, and what of it is the same for a kind of value too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.values import Attributes, Element, Entry, ExternalRef, SecretRef
from reconciler.store.database.ids import Ids
from reconciler.store.database.texts import NULL, copied

_OWN = 7  # columns of a value, without those that say more of an id or an entry


def _at(column: int) -> tuple[str, str]:
    """What stands before and after a value in the first seven columns."""
    return f"{NULL}\t" * column, f"\t{NULL}" * (_OWN - 1 - column)


def _form(column: int, text: Callable[[Any], str]) -> Callable[[Any], str]:
    before, after = _at(column)
    return lambda value: f"{before}{text(value)}{after}"


def _secret(value: SecretRef) -> str:
    before, after = _at(5)
    fingerprint = f"\t{copied(value.fingerprint)}" if value.fingerprint else after
    return f"{before}{copied(value.credential)}{fingerprint}"


_FORMS: Mapping[type, Callable[[Any], str]] = {
    str: _form(0, copied),
    Address: _form(0, lambda value: copied(str(value))),
    ExternalRef: _form(0, lambda value: copied(value.external_id)),
    Entry: _form(0, lambda value: copied(value.value)),
    int: _form(1, str),
    Decimal: _form(2, str),
    bool: _form(3, lambda value: "t" if value else "f"),
    datetime: _form(4, datetime.isoformat),
    SecretRef: _secret,
}
_NO_MORE = f"{NULL}\t{NULL}\t{NULL}"


def own_columns(value: Element | SecretRef) -> str:
    """The columns of `Columns` from value_string to value_fingerprint, parted by tabs."""
    write = _FORMS.get(type(value))
    if write is None:  # a subclass, such as a word of an enumeration
        write = next(form for kind, form in _FORMS.items() if isinstance(value, kind))
    return write(value)


def further_columns(value: Element | SecretRef) -> str:
    """Those from value_target_type to value_inner_key."""
    if isinstance(value, ExternalRef):
        return f"{copied(value.type)}\t{NULL}\t{NULL}"
    if isinstance(value, Entry):
        inner = NULL if value.inner_key is None else copied(value.inner_key)
        return f"{NULL}\t{copied(value.key)}\t{inner}"
    return _NO_MORE


@dataclass(frozen=True, slots=True)
class AttributeLines:
    """Writes the attributes of rows: those that are wanted, or those that are recorded."""

    catalog: Catalog
    ids: Ids
    _places: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def wanted(
        self, row_id: int, kind: str, attributes: Attributes, explicit: frozenset[str]
    ) -> Iterator[str]:
        """The lines of `revisions.copy_attributes` for one row of a resource type."""
        for name, value in attributes.items():
            place, data_type = self._place(kind, name)
            last = "t" if name in explicit else "f"
            for ordinal, item in enumerate(value if isinstance(value, tuple) else (value,)):
                yield f"{row_id}{place}{ordinal}{data_type}{own_columns(item)}\t{last}\n"

    def recorded(self, row_id: int, kind: str, attributes: Attributes) -> Iterator[str]:
        """The lines of `observations.copy_attributes` for one row of a resource type."""
        for name, value in attributes.items():
            for ordinal, item in enumerate(value if isinstance(value, tuple) else (value,)):
                yield self.line(row_id, kind, name, ordinal, item)

    def line(self, row_id: int, kind: str, name: str, ordinal: int, item: Element | SecretRef) -> str:
        """One of these lines."""
        place, data_type = self._place(kind, name)
        return f"{row_id}{place}{ordinal}{data_type}{own_columns(item)}\t{further_columns(item)}\n"

    def _place(self, kind: str, name: str) -> tuple[str, str]:
        """What stands between a row's id and the ordinal, and between that and the value."""
        found = self._places.get((kind, name))
        if found is None:
            type_id, definition_id = self.ids.resource_types[kind], self.ids.definitions[name]
            data_type = self.catalog.definitions[name].data_type
            found = (f"\t{type_id}\t{definition_id}\t", f"\t{data_type}\t")
            self._places[kind, name] = found
        return found

"""Texts and values on their way into columns, as far as that needs no database."""

from __future__ import annotations

import pytest

from reconciler.model.address import Address
from reconciler.model.values import Entry, ExternalRef, Format, SecretRef, Value
from reconciler.store.database.values import element, elements, is_storable, storable


@pytest.mark.parametrize(
    ("text", "whether"),
    [("", True), ("plain", True), ("ä€😀", True), ("a\0b", False), ("\ud800", False), ("ok\udfff", False)],
)
def test_what_no_column_takes_is_known_beforehand(text: str, whether: bool) -> None:
    assert is_storable(text) is whether
    assert is_storable(storable(text))
    assert (storable(text) == text) is whether


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (7, Format.PLAIN),
        (True, Format.PLAIN),
        ("vm/web", Format.PLAIN),
        (Address.parse("vm/web"), Format.REFERENCE),
        (ExternalRef("vm", "7"), Format.REFERENCE),
        (SecretRef("pin", "abc"), Format.PLAIN),
        (Entry("scsi0", "local:disk", "media"), Format.PLAIN),
    ],
)
def test_an_element_comes_back_from_its_columns_as_it_was(value: Value, form: Format) -> None:
    ((ordinal, row),) = elements(value)
    assert ordinal == 0
    assert element(row, form) == value
    assert type(element(row, form)) is type(value)

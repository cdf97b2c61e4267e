"""Values as the server's texts: what psycopg would send of them, and what a COPY reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import psycopg
import pytest

from reconciler.model.address import Address
from reconciler.model.values import Element, Entry, ExternalRef, SecretRef
from reconciler.store.database.attribute_lines import further_columns, own_columns
from reconciler.store.database.texts import LINES_AT_ONCE, array, blocks, copied
from reconciler.store.database.values import columns
from tests.rigs.databases import TestDatabase

ODD = ["", "NULL", "null", " ", "a,b", "{}", 'a"b', "a\\b", "a\tb", "a\nb\r", "\\N", "\\.", "ä€😀", "\v\f\b"]


class Word(StrEnum):
    """A text that is one of few."""

    ONE = "one"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (ODD, "text"),
        ([*ODD, None], "text"),
        ([0, -1, 2**63 - 1, -(2**63)], "bigint"),
        ([1, None], "bigint"),
        ([True, False, None], "boolean"),
        ([b"", b"\x00\xff\\", None], "bytea"),
        ([Decimal("1.50"), Decimal("1E+2")], "numeric"),
        ([None, None], "text"),
        ([], "text"),
        ([1, True], "bigint"),
    ],
)
def test_an_array_comes_to_the_server_as_it_is(
    database: TestDatabase, values: list[object], kind: str
) -> None:
    with psycopg.connect(database.runtime) as connection:
        given = array(values) if values != [1, True] else [1, 1]
        found = connection.execute(f"SELECT %s::{kind}[]".encode(), [given]).fetchone()
    assert found == (values,)


def test_what_is_of_several_types_or_of_another_is_left_to_psycopg() -> None:
    for values in ([1, "a"], [Decimal(1)], [True, 1], [Word.ONE], []):
        assert array(values) is values


def test_elements_come_to_the_server_as_their_columns(database: TestDatabase) -> None:
    items: list[Element | SecretRef] = [
        *ODD,
        Word.ONE,
        0,
        -(2**63),
        True,
        False,
        Decimal("1.50"),
        Decimal("1E+2"),
        datetime(2026, 11, 29, 3, 30, 0, 5, UTC),
        Address.parse("vm/web-1/disk/scsi0"),
        ExternalRef("vm", "a\tb"),
        SecretRef("pin"),
        SecretRef("pin", "0123456789ab"),
        Entry("scsi0", "local:\\disk"),
        Entry("scsi0", "none", "media"),
    ]
    with psycopg.connect(database.runtime) as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE come (n integer, value_string text, value_integer bigint,"
            " value_decimal numeric, value_boolean boolean, value_datetime timestamptz,"
            " value_credential text, value_fingerprint text, value_target_type text, value_key text,"
            " value_inner_key text)"
        )
        with connection.cursor().copy("COPY come FROM STDIN") as copy:
            for number, item in enumerate(items):
                copy.write(f"{number}\t{own_columns(item)}\t{further_columns(item)}\n")
        found = connection.execute("SELECT * FROM come ORDER BY n").fetchall()
    assert [row[1:] for row in found] == [tuple(columns(item)) for item in items]


def test_lines_are_written_many_at_once_and_none_is_lost() -> None:
    lines = [f"{number}\n" for number in range(2 * LINES_AT_ONCE + 1)]
    made = list(blocks(lines))
    assert (len(made), "".join(made)) == (3, "".join(lines))
    assert list(blocks([])) == []


def test_a_text_without_anything_to_escape_is_the_same_text() -> None:
    plain = "fsn1-dc14 ä"
    assert copied(plain) is plain

"""The guards of the schema: none goes unseen, and each of its CHECKs refuses something.

`golden/guards.txt` names every constraint and trigger. Written anew with RECONCILER_WRITE_GOLDEN=1; a line
that goes is a guard that the database no longer has, and wants a reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import psycopg
from psycopg import errors, sql

from tests.rigs.databases import TestDatabase

GOLDEN = Path(__file__).parent / "golden" / "guards.txt"
GUARDS = """
    SELECT k.conrelid::regclass || ': ' || k.conname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace IN ('public'::regnamespace, 'vault'::regnamespace)
      AND NOT c.relispartition AND k.contype <> 'n'
    UNION ALL
    SELECT t.tgrelid::regclass || ': trigger ' || t.tgname FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND NOT c.relispartition
    ORDER BY 1"""
CHECKS = """
    SELECT k.conrelid::regclass::text, k.conname, array_agg(a.attname ORDER BY a.attnum),
           array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum), pg_get_constraintdef(k.oid)
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    CROSS JOIN LATERAL unnest(k.conkey) AS key (attnum)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum
    WHERE k.contype = 'c' AND k.connamespace IN ('public'::regnamespace, 'vault'::regnamespace)
      AND NOT c.relispartition
    GROUP BY k.oid, 1, 2 ORDER BY 1, 2"""
OTHER: dict[str, tuple[str, ...]] = {
    "text": ("no such word", "", "a/b", "integer", "string"),
    '"char"': ("x",),
    "bigint": ("-1", "0", "7"),
    "integer": ("-1", "0", "7"),
    "smallint": ("-1", "0", "7"),
    "numeric": ("-1", "0", "200", "0.5"),
    "boolean": ("false", "true"),
    "bytea": ("\\x", "\\x00"),
    "timestamp with time zone": ("-infinity", "2026-01-01", "infinity"),
    "date": ("2026-01-01",),
    "interval": ("-1 s", "1 s"),
    "uuid": ("00000000-0000-0000-0000-000000000000",),
    "cidr": ("10.0.0.0/8", "fd00::/8"),
    "inet": ("10.0.0.1", "10.0.0.1/8", "fd00::1"),
    "macaddr": ("00:00:00:00:00:00", "01:00:00:00:00:00"),
}
"""Values that some column of the type refuses."""


def test_no_guard_goes_unseen(database: TestDatabase) -> None:
    with psycopg.connect(database.admin) as connection:
        found = [str(row[0]) for row in connection.execute(GUARDS)]
    if os.environ.get("RECONCILER_WRITE_GOLDEN"):
        GOLDEN.write_text("\n".join(found) + "\n")
    assert found == GOLDEN.read_text().splitlines()


def test_every_check_refuses_something(database: TestDatabase) -> None:
    """By rows in a copy of its table that has nothing but that CHECK."""
    with psycopg.connect(database.admin) as connection:
        checks = connection.execute(CHECKS).fetchall()
        assert len(checks) > 100
        vacuous = [
            f"{table}: {name}"
            for table, name, columns, types, text in checks
            if not _refuses(connection, table, name, dict(zip(columns, types, strict=True)), text)
        ]
    assert vacuous == []


def _refuses(
    connection: psycopg.Connection, table: str, name: str, columns: dict[str, str], text: str
) -> bool:
    copy = _copy(connection, table, name)
    for row in _rows(columns, tuple(re.findall(r"'(\w+)'::", text))):
        values = [
            sql.SQL("{}::{}").format(sql.Literal(value), sql.SQL(columns[column]))
            for column, value in row.items()
        ]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            copy, sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(values)
        )
        try:
            with connection.transaction():
                connection.execute(statement)
        except errors.CheckViolation:
            return True
        except errors.DataError:
            continue
    return False


def _copy(connection: psycopg.Connection, table: str, name: str) -> sql.Identifier:
    """The table's columns, all of which may be null, under that one CHECK."""
    connection.execute("DROP TABLE IF EXISTS pg_temp.copy")
    copy = sql.Identifier("pg_temp", "copy")
    source = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    made = sql.SQL("CREATE TEMP TABLE copy (LIKE {} INCLUDING CONSTRAINTS)")
    connection.execute(made.format(source))
    bound = "SELECT attname FROM pg_attribute WHERE attrelid = 'copy'::regclass AND attnum > 0 AND attnotnull"
    others = "SELECT conname FROM pg_constraint WHERE conrelid = 'copy'::regclass AND contype = 'c'"
    loosened = [
        *(
            sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(sql.Identifier(row[0]))
            for row in connection.execute(bound)
        ),
        *(
            sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(row[0]))
            for row in connection.execute(others)
            if row[0] != name
        ),
    ]
    if loosened:
        connection.execute(sql.SQL("ALTER TABLE {} {}").format(copy, sql.SQL(", ").join(loosened)))
    return copy


def _rows(columns: dict[str, str], words: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    """Nothing, then each value alone, then pairs, then all columns but one, then all.

    `words` are those that the CHECK itself speaks of.
    """
    nothing: dict[str, str | None] = dict.fromkeys(columns)
    yield nothing
    others = {**OTHER, "text": (*OTHER["text"], *words)}
    single = [(column, value) for column, kind in columns.items() for value in others.get(kind, ())]
    for column, value in single:
        yield nothing | {column: value}
    for (one, first), (other, second) in combinations(single, 2):
        if one != other:
            yield nothing | {one: first, other: second}
    full: dict[str, str | None] = {c: others[kind][-1] for c, kind in columns.items() if kind in others}
    for column in full:
        yield nothing | full | {column: None}
    yield nothing | full

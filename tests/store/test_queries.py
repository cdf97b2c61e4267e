"""Every named query fits the schema, and the program's role may run it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from reconciler import store
from reconciler.errors import ReconcilerError
from reconciler.store.database.queries import all_queries, query, sql_files
from tests.rigs.databases import TestDatabase

ADMINISTRATIVE = ("migrations.", "access.", "archive_owner.", "care.", "doctor.")  # not the program's
PACKAGE = Path(store.__file__).parent
_PARAMETER = re.compile(r"%\((\w+)\)s")


@pytest.fixture
def runtime(database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.runtime, autocommit=True) as connection:
        yield connection


def numbered(text: str) -> tuple[str, int]:
    """The query with `$1` for its parameters, as PREPARE wants them, and how many there are."""
    names = list(dict.fromkeys(_PARAMETER.findall(text)))
    prepared = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text)
    return prepared.replace("%%", "%"), len(names)


def _are_names(columns: list[bytes | None]) -> bool:
    return len(columns) == 1 or len(set(columns) - {b"?column?"}) == len(columns)


@pytest.mark.every_server
def test_every_named_query_can_be_prepared_and_is_permitted(runtime: psycopg.Connection) -> None:
    faults = []
    for name, content in all_queries().items():
        text, count = numbered(content.decode())
        try:
            if re.search(r"^COPY ", text, re.MULTILINE):
                # No rows: the columns and the right to write them are what is tried.
                with runtime.transaction():
                    runtime.execute(query("session.stage"), {"copy": text})
                    with runtime.cursor().copy(text.encode()):
                        pass
                    runtime.execute(query("session.take_staged"), {"copy": text})
                continue
            runtime.execute(f"PREPARE tried AS {text}".encode())
            arguments = f"({', '.join(['NULL'] * count)})" if count else ""
            if not name.startswith(ADMINISTRATIVE):
                runtime.execute(f"EXPLAIN EXECUTE tried{arguments}".encode())
            described = runtime.pgconn.describe_prepared(b"tried")
            columns = [described.fname(n) for n in range(described.nfields)]
            if b"set_config" not in columns and not _are_names(columns):
                faults.append(f"{name}: its rows cannot be named tuples of {columns}")
            runtime.execute("DEALLOCATE tried")
        except psycopg.Error as error:
            faults.append(f"{name}: {error}")
            runtime.execute("DEALLOCATE ALL")
    assert not faults, "\n".join(faults)


def test_a_query_without_the_right_is_found_out(runtime: psycopg.Connection) -> None:
    runtime.execute("PREPARE tried AS DELETE FROM resources")
    with pytest.raises(pg.InsufficientPrivilege):
        runtime.execute("EXPLAIN EXECUTE tried")


def test_an_unknown_name_says_so() -> None:
    with pytest.raises(ReconcilerError, match=r"nothing\.here"):
        query("nothing.here")


def test_every_query_file_holds_only_named_queries() -> None:
    for file, content in sql_files("queries"):
        before_first_name = content.decode().split("-- name: ")[0]
        code = [line for line in before_first_name.splitlines() if line and not line.startswith("--")]
        assert code == [], file


def test_a_value_is_read_by_a_query_of_its_fields(runtime: psycopg.Connection) -> None:
    pairs = [pair for path in sorted(PACKAGE.rglob("*.py")) for pair in _read_as_values(path)]
    assert len(pairs) > 10
    for kind, name in pairs:
        text, _ = numbered(all_queries()[name].decode())
        runtime.execute(f"PREPARE fitting AS {text}".encode())
        described = runtime.pgconn.describe_prepared(b"fitting")
        columns = [(described.fname(n) or b"").decode() for n in range(described.nfields)]
        assert columns == [field.name for field in fields(kind)], name
        runtime.execute("DEALLOCATE fitting")


def _read_as_values(path: Path) -> Iterator[tuple[type[Any], str]]:
    """The class and the query of each `tx.all(Class, "query")` in a module."""
    found = re.findall(r"\.all\(\s*(\w+), \"([\w.]+)\"", path.read_text())
    if found:
        name = ".".join(("reconciler.store", *path.relative_to(PACKAGE).with_suffix("").parts))
        module = importlib.import_module(name)
        for kind, query_name in found:
            yield getattr(module, kind), query_name


def test_every_query_is_asked_by_somebody() -> None:
    source = "\n".join(path.read_text() for path in PACKAGE.parent.rglob("*.py"))
    asked = set(re.findall(r"[\"']([a-z_]+\.[a-z_]+)[\"']", source))
    begun = tuple(re.findall(r"f\"([a-z]+\.[a-z_]+)\{", source))  # f"catalog.put_{table}"
    assert [name for name in all_queries() if name not in asked and not name.startswith(begun)] == []

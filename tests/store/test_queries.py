"""Every named query fits the schema, and the program's role may run it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors as pg

from reconciler.errors import ReconcilerError
from reconciler.store.database.queries import all_queries, query, sql_files
from tests.rigs.databases import TestDatabase

ADMINISTRATIVE = "migrations."  # run by the migration runner, as an administrator
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


@pytest.mark.every_server
def test_every_named_query_can_be_prepared_and_is_permitted(runtime: psycopg.Connection) -> None:
    faults = []
    for name, content in all_queries().items():
        text, count = numbered(content.decode())
        try:
            if re.search(r"^COPY ", text, re.MULTILINE):
                with runtime.transaction(), runtime.cursor().copy(text.encode()):
                    pass  # no rows: the columns and the right to write them are what is tried
                continue
            runtime.execute(f"PREPARE tried AS {text}".encode())
            arguments = f"({', '.join(['NULL'] * count)})" if count else ""
            if not name.startswith(ADMINISTRATIVE):
                runtime.execute(f"EXPLAIN EXECUTE tried{arguments}".encode())
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

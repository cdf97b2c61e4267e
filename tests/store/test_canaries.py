"""A canary that stands in any row of a test's database is seen there, in clear or encoded."""

from __future__ import annotations

import base64

import psycopg
import pytest

from tests.rigs.canaries import canary, seen_in_database
from tests.rigs.databases import TestDatabase

SECRET = canary("token", awkward=True)


@pytest.mark.parametrize("text", [SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex()])
def test_a_canary_in_a_row_is_seen(database: TestDatabase, text: str) -> None:
    assert seen_in_database(database.admin) == []
    with psycopg.connect(database.admin) as connection:
        connection.execute("INSERT INTO locations (name, city) VALUES ('here', %s)", [text])
    tables = [each.partition(":")[0] for each in seen_in_database(database.admin)]
    assert tables == ["public.location_history", "public.locations"]

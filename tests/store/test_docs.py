"""The queries that the pages show are right: each can be run, by the program's own role."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from tests.rigs.databases import TestDatabase
from tests.rigs.promised import ALL_VMS, ATTRIBUTES_OF, DEPENDANTS_OF, MANY_CORES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_query_of_the_pages_can_be_run(database: TestDatabase) -> None:
    texts = [page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md"))]
    blocks = [block for text in texts for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]
    queries = [query for block in blocks for query in block.split(";") if query.strip()]
    assert len(queries) > 5
    with psycopg.connect(database.runtime) as connection:
        for query in queries:
            assert connection.execute(query.encode()).description


def test_the_promised_queries_stand_there_as_they_are_asked() -> None:
    page = (DOCS.parent / "docs/decisions/0002-typed-attributes-without-json.md").read_text(encoding="utf-8")
    for query in (ALL_VMS, ATTRIBUTES_OF, MANY_CORES, DEPENDANTS_OF):
        assert query.strip().replace("%s", "1") in page

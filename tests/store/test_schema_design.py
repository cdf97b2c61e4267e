"""The database's promises, a block of SQL for each: `schema_design.sql`, which is this folder's contents."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from tests.rigs.databases import TestDatabase

SCRIPT = Path(__file__).with_suffix("").with_name("schema_design.sql")
SETUP, *BLOCKS = re.split(r"(?m)^(?=-- \w+(?: \d)?: )", SCRIPT.read_text())


def title(block: str) -> str:
    return block.splitlines()[0].removeprefix("-- ")


@pytest.mark.every_server
@pytest.mark.parametrize("block", BLOCKS, ids=title)
def test_a_sentence_holds(prepared: TestDatabase, block: str) -> None:
    with psycopg.connect(prepared.admin) as connection:
        connection.execute(SETUP.encode())
        connection.execute(block.encode())
        connection.rollback()


def test_each_sentence_says_where_more_of_it_is_tried() -> None:
    for block in BLOCKS:
        named = re.search(r"(?m)^-- see (.+)$", block)
        assert named, title(block)
        for name in named[1].split(", "):
            assert (SCRIPT.parent / name).exists(), name

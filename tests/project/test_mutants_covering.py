"""Which lines a mutation counts as: those of the smallest statement around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.covering import _statement

TEXT = """\
def first(items):
    if any(
        item
        for item in items
    ):
        return [
            1,
            2,
        ]
    return 0
"""


@pytest.mark.parametrize(
    ("at", "lines"),
    [("def first", range(1, 2)), ("item\n", range(2, 6)), ("2,", range(6, 10)), ("return 0", range(10, 11))],
)
def test_the_lines_are_those_of_the_smallest_statement(tmp_path: Path, at: str, lines: range) -> None:
    file = tmp_path / "module.py"
    file.write_text(TEXT)
    assert _statement(file, TEXT.index(at)) == lines

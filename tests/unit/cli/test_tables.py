"""A table on a terminal: as narrow as it must be, every sign of it there, readable as long as that can be."""

from __future__ import annotations

from collections import Counter
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from reconciler.cli.terminal.tables import table_lines
from reconciler.report.lines import Table


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def drawn(table: Table, width: int | None) -> list[str]:
    """On a terminal of that width; None for a pipe."""
    console = Console(file=Terminal() if width else StringIO(), width=width)
    return [text.plain for text in table_lines(table, console)]


def signs(*texts: str) -> Counter[str]:
    return Counter("".join("".join(texts).split()))


CELLS = st.text(st.sampled_from("abc-/ …é漢"), max_size=60)
TABLES = st.integers(1, 6).flatmap(
    lambda count: st.builds(
        lambda names, rows, indent: Table(tuple(names), tuple(map(tuple, rows)), indent),
        st.lists(st.text("ABC", min_size=1, max_size=9), min_size=count, max_size=count),
        st.lists(st.lists(CELLS, min_size=count, max_size=count), min_size=1, max_size=4),
        st.sampled_from([0, 2]),
    )
)


@given(TABLES, st.integers(20, 120))
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(table: Table, width: int) -> None:
    lines = drawn(table, width)
    assert [line for line in lines if cell_len(line) > width] == []
    cells = [cell if isinstance(cell, str) else cell[0] for row in table.rows for cell in row]
    assert signs(*table.headings, *cells) - signs(*lines) == Counter()


@given(TABLES)
def test_in_a_pipe_a_row_is_a_line(table: Table) -> None:
    assert len(drawn(table, None)) == 1 + len(table.rows)


TABLE = Table(
    ("ADDRESS", "STATUS", "ERROR"),
    (("vm/web-1", ("failed", "red"), "the quota is used up, and no more can be made"), ("vm/web-2", "", "")),
)


def test_what_has_room_is_as_in_a_pipe() -> None:
    assert drawn(TABLE, 80) == drawn(TABLE, None)
    assert drawn(TABLE, 80)[2] == "vm/web-2   -        -"


def test_the_widest_column_is_wrapped_between_its_words() -> None:
    assert drawn(TABLE, 50) == [
        "ADDRESS    STATUS   ERROR",
        "vm/web-1   failed   the quota is used up, and no",
        "                    more can be made",
        "vm/web-2   -        -",
    ]


def test_where_the_headings_have_no_room_each_row_is_a_list() -> None:
    assert drawn(TABLE, 23) == [
        "ADDRESS   vm/web-1",
        "STATUS    failed",
        "ERROR     the quota is",
        "          used up, and",
        "          no more can",
        "          be made",
        "",
        "ADDRESS   vm/web-2",
        "STATUS    -",
        "ERROR     -",
    ]

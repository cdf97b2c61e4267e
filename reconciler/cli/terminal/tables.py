"""Tables: on a terminal wrapped to its width with nothing cut off, elsewhere a line a row, however long.

What fits is laid out here, and only what must be wrapped by rich, which takes more than a millisecond a row.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from reconciler.report.lines import Piece, Table

_Row = tuple[tuple[str, str], ...]  # of each cell its text and style
_GAP = 3  # spaces between columns, as kubectl has them


def table_lines(table: Table, console: Console) -> Iterator[Text]:
    """The lines of a table, without spaces at their ends; an empty cell is a dash.

    Where not even the headings have room beside one another, each row becomes a list of its own.
    """
    rows = [tuple((name, "dim") for name in table.headings), *(tuple(map(_cell, row)) for row in table.rows)]
    room = console.width - table.indent if console.file.isatty() else sys.maxsize
    if _needed(_widths(rows)) <= room or _needed(_least(rows)) <= room:
        lines = _columns(rows, console, room)
    else:
        lists = (_columns(list(zip(rows[0], row, strict=True)), console, room) for row in rows[1:])
        lines = chain.from_iterable(chain([Text()] if n else [], each) for n, each in enumerate(lists))
    for text in lines:
        text.pad_left(table.indent)
        text.rstrip()
        yield text


def _needed(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _widths(rows: Sequence[_Row]) -> list[int]:
    return [max(cell_len(row[n][0]) for row in rows) for n in range(len(rows[0]))]


def _least(rows: Sequence[_Row]) -> list[int]:
    """A column is never narrower than its heading, nor than its widest character, which would be lost."""
    return [max(cell_len(rows[0][n][0]), each) for n, each in enumerate(_widest_characters(rows))]


def _widest_characters(rows: Sequence[_Row]) -> list[int]:
    texts = ([row[n][0] for row in rows] for n in range(len(rows[0])))
    return [max(map(cell_len, set().union(*map(set, column))), default=1) for column in texts]


def _columns(rows: Sequence[_Row], console: Console, room: int) -> Iterator[Text]:
    widths = _widths(rows)
    return _whole(rows, widths) if _needed(widths) <= room else _wrapped(rows, widths, console, room)


def _cell(piece: Piece) -> tuple[str, str]:
    word, style = (piece, "") if isinstance(piece, str) else piece
    return (word, style) if word else ("-", "dim")


def _whole(rows: Sequence[_Row], widths: Sequence[int]) -> Iterator[Text]:
    for row in rows:
        text = Text()
        for (word, style), width in zip(row, widths, strict=True):
            text.append(word, style).append(" " * (width - cell_len(word) + _GAP))
        yield text


def _wrapped(rows: Sequence[_Row], widths: Sequence[int], console: Console, room: int) -> Iterator[Text]:
    from rich.segment import Segment
    from rich.table import Column
    from rich.table import Table as Grid

    columns = [Column(width=width) for width in _narrowed(rows, widths, _needed(widths) - room)]
    grid = Grid(*columns, box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    for row in rows:
        grid.add_row(*(Text(word, style, overflow="fold") for word, style in row))
    for segments in console.render_lines(grid, console.options.update(width=room), pad=False):
        text = Text()
        for segment in Segment.simplify(segments):
            text.append(segment.text, segment.style)
        yield text


def _narrowed(rows: Sequence[_Row], widths: Sequence[int], excess: int) -> Sequence[int]:
    """The widest columns made narrower: between words as long as that is enough, else within them."""
    narrow = list(widths)
    words = [max(cell_len(word) for row in rows for word in row[n][0].split()) for n in range(len(widths))]
    for floors in (words, _least(rows), _widest_characters(rows)):
        while excess > 0 and (wider := [n for n, width in enumerate(narrow) if width > floors[n]]):
            narrow[max(wider, key=narrow.__getitem__)] -= 1
            excess -= 1
    return narrow

"""Tables: on a terminal wrapped to its width with nothing cut off, elsewhere a line a row, however long.

What fits is laid out here, and only what must be wrapped by rich, which takes more than a millisecond a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from reconciler.report.lines import Piece, Table

_GAP = 3  # spaces between columns, as kubectl has them


def table_lines(table: Table, console: Console) -> Iterator[Text]:
    """The lines of a table, without spaces at their ends; an empty cell is a dash."""
    rows = [[(name, "dim") for name in table.headings]]
    rows += [[_cell(piece) for piece in row] for row in table.rows]
    widths = [max(cell_len(row[n][0]) for row in rows) for n in range(len(table.headings))]
    needed = table.indent + sum(widths) + _GAP * (len(widths) - 1)
    wraps = console.file.isatty() and needed > console.width
    room = console.width - table.indent
    lines = _wrapped(rows, widths, console, room) if wraps else _whole(rows, widths)
    for text in lines:
        text.pad_left(table.indent)
        text.rstrip()
        yield text


def _cell(piece: Piece) -> tuple[str, str]:
    word, style = (piece, "") if isinstance(piece, str) else piece
    return (word, style) if word else ("-", "dim")


def _whole(rows: Sequence[Sequence[tuple[str, str]]], widths: Sequence[int]) -> Iterator[Text]:
    for row in rows:
        text = Text()
        for (word, style), width in zip(row, widths, strict=True):
            text.append(word, style).append(" " * (width - cell_len(word) + _GAP))
        yield text


def _wrapped(
    rows: Sequence[Sequence[tuple[str, str]]], widths: Sequence[int], console: Console, room: int
) -> Iterator[Text]:
    excess = sum(widths) + _GAP * (len(widths) - 1) - room
    columns = [Column(width=width) for width in _narrowed(rows, widths, excess)]
    grid = Grid(*columns, box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    for row in rows:
        grid.add_row(*(Text(word, style, overflow="fold") for word, style in row))
    for segments in console.render_lines(grid, console.options.update(width=room), pad=False):
        text = Text()
        for segment in Segment.simplify(segments):
            text.append(segment.text, segment.style)
        yield text


def _narrowed(rows: Sequence[Sequence[tuple[str, str]]], widths: Sequence[int], excess: int) -> Sequence[int]:
    """The widest columns made narrower: between words as long as that is enough, else within them."""
    narrow = list(widths)
    words = [max(cell_len(word) for row in rows for word in row[n][0].split()) for n in range(len(widths))]
    for floors in (words, [cell_len(heading) for heading, _ in rows[0]], [1] * len(widths)):
        while excess > 0 and (wider := [n for n, width in enumerate(narrow) if width > floors[n]]):
            narrow[max(wider, key=narrow.__getitem__)] -= 1
            excess -= 1
    return narrow

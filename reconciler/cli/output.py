"""How things look: two consoles, styled lines, plain tables, JSON and YAML. It knows nothing of plans.

Results go to standard output and everything else to standard error, so that a pipe gets only the result.
Nothing is wrapped or cut to a width: a line that is piped into grep must be whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from rich.console import Console
from rich.text import Text

Piece = str | tuple[str, str]
Format = Literal["table", "wide", "json", "yaml", "name"]


@cache
def results() -> Console:
    """Standard output."""
    return _console(stderr=False)


@cache
def errors() -> Console:
    """Standard error."""
    return _console(stderr=True)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # told by `failures`, as every other end is


def _console(*, stderr: bool) -> Console:
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def line(*pieces: Piece) -> Text:
    """A line of pieces, each a text or (text, style)."""
    return Text.assemble(*pieces)


def note(*pieces: Piece) -> None:
    """Something said beside the result."""
    errors().print(line(*pieces))


def warn(message: str, hint: str = "") -> None:
    note(("warning: ", "bold yellow"), message)
    if hint:
        note(("  → ", "cyan"), hint)


def table(headers: Sequence[str], rows: Iterable[Sequence[Piece]]) -> Iterable[Text]:
    """Columns apart by three spaces, as kubectl prints them; an empty cell is a dash."""
    cells = [[(name, "dim") for name in headers]]
    cells += [[_piece(cell) for cell in row] for row in rows]
    widths = [max(len(row[n][0]) for row in cells) for n in range(len(headers))]
    for row in cells:
        text = Text()
        for n, (word, style) in enumerate(row):
            text.append(word, style)
            if n < len(row) - 1:
                text.append(" " * (widths[n] - len(word) + 3))
        text.rstrip()
        yield text


def _piece(cell: Piece) -> tuple[str, str]:
    word, style = (cell, "") if isinstance(cell, str) else cell
    return (word, style) if word else ("-", "dim")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
    for text in table(headers, rows):
        results().print(text)


def print_json(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False, default=plain)
    if not _writable(text):
        text = json.dumps(value, indent=2, ensure_ascii=True, default=plain)
    sys.stdout.write(text + "\n")


def print_yaml(value: object) -> None:
    import yaml

    whole = json.loads(json.dumps(value, default=plain))
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    if not _writable(text):
        text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=False)
    sys.stdout.write(text)


def _writable(text: str) -> bool:
    """Whether standard output's encoding has all of it; if not, data is escaped as its own format has it."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def plain(value: object) -> Any:
    """A value that JSON has no word for."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID() | Decimal() | Path():
            return str(value)
        case Enum():
            return value.value
        case bytes() | memoryview():
            return bytes(value).hex()
        case set() | frozenset():
            return sorted(value, key=str)
        case Mapping():
            return dict(value)
        case _:
            return str(value)


def age(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago: 45s, 12m, 3h, 5d."""
    if since is None:
        return ""
    return seconds_text(max(0.0, ((now or datetime.now(UTC)) - since).total_seconds()))


def seconds_text(seconds: float) -> str:
    """A span as one number with a unit; below ten seconds with one decimal."""
    if seconds < 10:
        return f"{seconds:.1f}s" if seconds % 1 >= 0.05 else f"{seconds:.0f}s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"

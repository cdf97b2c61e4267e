"""Printing: two consoles, styled lines, pages of a report, JSON and YAML. It knows nothing of plans.

Results go to standard output and everything else to standard error, so that a pipe gets only the result.
No line is wrapped or cut to a width: one that is piped into grep must be whole.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Literal

from rich.console import Console
from rich.text import Text

from reconciler.cli.terminal.tables import table_lines
from reconciler.report.encode import json_text, yaml_text
from reconciler.report.lines import Line, Page, Piece

Format = Literal["table", "wide", "json", "yaml", "name"]

_WELL_READ = 92


class _Console(Console):
    def __init__(self, *, stderr: bool) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # told by `failures`, as every other end is


@cache
def results() -> Console:
    """Standard output."""
    return _Console(stderr=False)


@cache
def errors() -> Console:
    """Standard error."""
    return _Console(stderr=True)


def reading_width() -> int:
    """Columns that a paragraph may take: no more than is well read, nor than a terminal has."""
    out = results()
    return min(_WELL_READ, out.width) if out.file.isatty() else _WELL_READ


def say(*pieces: Piece) -> None:
    """A line of the result."""
    results().print(Text.assemble(*pieces))


def note(*pieces: Piece) -> None:
    """A line beside the result."""
    errors().print(Text.assemble(*pieces))


def hint(text: str) -> None:
    """What to do, below what it is about."""
    note(("  → ", "cyan"), text)


def warn(message: str, advice: str = "") -> None:
    """A line beside the result that begins with `warning:`, and below it the advice, if any."""
    note(("warning: ", "bold yellow"), message)
    if advice:
        hint(advice)


def show(page: Page) -> None:
    """A page of a report, as the result."""
    for item in page:
        if isinstance(item, Line):
            say(*item.pieces)
        else:
            for text in table_lines(item, results()):
                results().print(text)


def print_text(text: str) -> None:
    """A whole text as it is, the result."""
    sys.stdout.write(text)


def print_json(value: object) -> None:
    """A value as JSON, the result; escaped where standard output cannot encode it as it is."""
    text = json_text(value)
    sys.stdout.write((text if _writable(text) else json_text(value, ascii_only=True)) + "\n")


def print_data(value: object, output: str) -> bool:
    """Print it if `output` is a form of data, json or yaml; whether it is."""
    if output == "json":
        print_json(value)
    elif output == "yaml":
        text = yaml_text(value)
        sys.stdout.write(text if _writable(text) else yaml_text(value, ascii_only=True))
    return output in ("json", "yaml")


def _writable(text: str) -> bool:
    """Whether standard output's encoding has all of it; if not, data is escaped as its own format has it."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True

"""What a page for people is made of: lines and tables of styled pieces. How they are laid out is a face's.

A style says how a piece stands out, in words that every medium has: `bold`, `dim`, a colour, or two of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Piece = str | tuple[str, str]
"""A text, or a text and its style."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. However long it is, it is not broken here."""

    pieces: tuple[Piece, ...] = ()

    @property
    def plain(self) -> str:
        """Its text without the styles."""
        return "".join(piece if isinstance(piece, str) else piece[0] for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns under their headings, each row as long as `headings`; in an empty cell there is nothing."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Piece, ...], ...]
    indent: int = 0


Page = Iterable[Line | Table]


def line(*pieces: Piece) -> Line:
    """A line of these pieces; without any, an empty one."""
    return Line(pieces)


def titled(title: str, items: Iterable[str], style: str) -> Iterable[Line]:
    """The items under a title, and an empty line after them; nothing at all without items."""
    listed = [line(("  ! ", f"bold {style}"), item) for item in items]
    return [line((title, f"bold {style}")), *listed, line()] if listed else []

"""Values as the texts that the server reads: the lines of a COPY, and arrays as parameters.

Of a fleet there are millions of values, and psycopg asks each for its type, which takes as long as all else
that is done with it. What has none of these forms is left to psycopg. It knows no table and no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

NULL = "\\N"
"""What a COPY reads as NULL."""

LINES_AT_ONCE = 500
"""Lines in a write of a COPY: some 32 KiB, beyond which nothing is won."""

_OF_COPY = re.compile(r"[\\\t\n\r]")
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NONE = type(None)


def copied(text: str) -> str:
    """A text as a column of a line of COPY."""
    return text.translate(_COPY_ESCAPES) if _OF_COPY.search(text) else text


def blocks(lines: Iterable[str]) -> Iterator[str]:
    """The lines, some hundreds in a text: each write of a COPY costs as much as many lines."""
    coming = iter(lines)
    while block := "".join(islice(coming, LINES_AT_ONCE)):
        yield block


def array(values: Sequence[object]) -> object:
    """An array as its literal, where it holds whole numbers, texts, truth values or bytes; else the values.

    The query says what it is an array of: `%(name)s::bigint[]`.
    """
    kinds = set(map(type, values))
    some = kinds - {_NONE}
    write = _ELEMENTS.get(some.pop()) if len(some) == 1 else None
    if write is None:
        return values
    if _NONE in kinds:
        return f"{{{','.join(['NULL' if value is None else write(value) for value in values])}}}"
    return f"{{{','.join(map(write, values))}}}"


def _text(value: str) -> str:
    """In quotes, which also keeps a text NULL apart from none."""
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def _bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


_ELEMENTS: dict[type, Callable[[Any], str]] = {
    int: str,
    str: _text,
    bytes: _bytes,
    bool: lambda value: "t" if value else "f",
}

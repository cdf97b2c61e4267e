"""Cuts a YAML stream into its documents without parsing it, so that unchanged documents need no parsing.

YAML itself makes this safe: a line that starts with `---` or `...` ends the document wherever it stands,
even within a block or a quoted scalar. Bytes in, bytes out; it never raises, and what it leaves out (comments
where nothing else is) has no character that the reader would refuse: that is left to the reader, to be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from reconciler.manifest.yaml.characters import count_lines, is_clean

UTF8_BOM = b"\xef\xbb\xbf"

_MARKER = re.compile(rb"[\r\n](?:---|\.\.\.)(?=[ \t\r\n]|\Z)")
_FIRST_MARKER = re.compile(rb"(?:---|\.\.\.)(?=[ \t\r\n]|\Z)")
# What follows a marker on its line when nothing of the document does.
_BARE_REST = re.compile(rb"[ \t]*+(?:(?<=[ \t])#[^\r\n]*+)?(?:\r\n|\r|\n|\Z)")
_NOTHING = re.compile(rb"(?:[ \t]*+(?:#[^\r\n]*+)?(?:\r\n|\r|\n))*+[ \t]*+(?:#[^\r\n]*+)?\Z")


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as it stands in its file, not yet parsed.

    `content` leaves out a `---` or `...` line that holds nothing else. `start_line` (from 1) and `offset`
    (bytes, from 0) say where `content` begins in the file. `content_hash` is the SHA-256 of `content` in
    hex: it stays the same when the document moves within its file, or to another.
    """

    content: bytes
    content_hash: str
    start_line: int
    offset: int


def split_documents(data: bytes) -> tuple[RawDocument, ...]:
    """The documents of a stream in order, without those that hold only blanks and comments."""
    return tuple(_split(data))


def _split(data: bytes) -> Iterator[RawDocument]:
    begin = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
    line, counted = 1, begin
    for start, end in _spans(data, begin):
        content = data[start:end]
        if _NOTHING.match(content) and is_clean(content):
            continue
        line += count_lines(data[counted:start])
        counted = start
        yield RawDocument(content, sha256(content).hexdigest(), line, start)


def _spans(data: bytes, begin: int) -> Iterator[tuple[int, int]]:
    start = begin
    markers = [begin] if _FIRST_MARKER.match(data, begin) else []
    for marker in (*markers, *_marker_positions(data, begin)):
        rest = _BARE_REST.match(data, marker + 3)
        if rest is not None and not is_clean(rest.group()):
            rest = None
        if rest is None and data[marker] == ord("."):
            continue  # text after `...` is an error, which the parser reports where it stands
        yield start, marker
        start = rest.end() if rest else marker
    yield start, len(data)


def _marker_positions(data: bytes, begin: int) -> Iterator[int]:
    return (match.start() + 1 for match in _MARKER.finditer(data, begin))

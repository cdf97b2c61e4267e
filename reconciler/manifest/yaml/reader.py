"""Reads manifests' YAML into nodes that know their place, and refuses whatever is unsafe or ambiguous.

Built over the parser's events instead of PyYAML's constructors: no object is ever made from a tag, no alias
can grow, no key can be lost to a later one, and every problem of a stream is reported at once with its
line. It neither opens files (see `files`) nor knows what a manifest means.

No input raises: what is wrong becomes a Problem. A syntax error ends its document, not the stream.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from reconciler.errors import Location, Problem
from reconciler.manifest.yaml.characters import REFUSED_IN_SOURCE, REFUSED_IN_VALUE, code_point, place
from reconciler.manifest.yaml.nodes import Document, Entry, Mapping, Node, Position, Scalar, Sequence
from reconciler.manifest.yaml.parser import Parser, fastest_parser
from reconciler.manifest.yaml.scalars import Ambiguous, resolve_plain, shown
from reconciler.manifest.yaml.split import RawDocument, split_documents
from reconciler.manifest.yaml.syntax import explain

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_FILE_BYTES",
    "MAX_NODES",
    "Document",
    "Entry",
    "Mapping",
    "Node",
    "Position",
    "RawDocument",
    "Scalar",
    "Sequence",
    "parse_document",
    "read_documents",
    "split_documents",
]

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 64

_DIRECTIVE = re.compile(r"((?:[ \t]*+(?:#[^\r\n]*+)?(?:\r\n|\r|\n))*+)%")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


_FASTEST = fastest_parser()


def read_documents(text: str | bytes, file: str) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """All documents of a stream that could be read, and all problems, in the file's order.

    `file` is only a name for messages. A document with problems is still returned where its structure is
    whole, so that whoever reads on can find more; a caller with any problem may use none of them.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_FILE_BYTES:
        return (), (too_large(file, len(data)),)
    documents: list[Document] = []
    problems: list[Problem] = []
    for raw in split_documents(data):
        document, found = parse_document(raw, file)
        problems += found
        if document:
            documents.append(document)
    return tuple(documents), tuple(problems)


def too_large(file: str, size: int) -> Problem:
    """The Problem of a file of `size` bytes that is over the limit."""
    return Problem(
        "manifest.too_large",
        f"the file has {size} bytes, more than the {MAX_FILE_BYTES} that a manifest file may have",
        Location(file),
        hint="split it into several files; if it is no manifest, keep it elsewhere",
    )


def parse_document(
    raw: RawDocument, file: str, *, parser: Callable[[bytes], Parser] = _FASTEST
) -> tuple[Document | None, tuple[Problem, ...]]:
    """One document of `split_documents` with all its problems; None where it has no usable structure."""
    builder = _Builder(raw, file)
    try:
        text = builder.decoded()
        node = builder.build(parser(raw.content), text)
    except _Unreadable as stop:
        builder.problems.append(stop.problem)
        node, text = None, ""
    problems = tuple(sorted(builder.problems, key=lambda problem: problem.location or Location(file)))
    if node is None:
        return None, problems
    return Document(node, raw.content_hash, raw.start_line, text, file), problems


class _Unreadable(Exception):
    """Ends the reading of one document; it never leaves this module."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Builder:
    """Makes the nodes of one document from parser events, and collects what is wrong with them."""

    __slots__ = ("_file", "_first_line", "_next", "_nodes", "_raw", "problems")

    def __init__(self, raw: RawDocument, file: str) -> None:
        self._raw = raw
        self._file = file
        self._first_line = raw.start_line
        self._nodes = 0
        self._next: Callable[[], Any]
        self.problems: list[Problem] = []

    def decoded(self) -> str:
        """The document's text; raises _Unreadable where it is not clean UTF-8 within the limits."""
        content = self._raw.content
        if self._raw.offset == 0 and (content.startswith(_UTF16_BOMS) or b"\0" in content[:4]):
            raise self._stop(
                "encoding", "the file is not in UTF-8 but, it seems, UTF-16", 0, 0, "save it as UTF-8"
            )
        if len(content) > MAX_DOCUMENT_BYTES:
            message = f"the document has {len(content)} bytes, more than the {MAX_DOCUMENT_BYTES} allowed"
            raise self._stop("limit", message, 0, 0, "split it into several documents with --- between them")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._not_utf8(error) from None
        if refused := REFUSED_IN_SOURCE.search(text):
            raise self._unprintable(text, refused.start())
        if directive := _DIRECTIVE.match(text):
            message = "a line starts with %: directives such as %YAML and %TAG are not read"
            raise self._stop("directive", message, *place(text, directive.end(1)), "remove the line")
        return text

    def build(self, parser: Parser, text: str) -> Mapping | None:
        """The document's top mapping; None, with a problem, where it is something else."""
        self._next = parser.get_event
        try:
            self._next()  # the stream's start
            self._next()  # the document's start
            node = self._node(self._next(), 0)
            while type(self._next()) is DocumentEndEvent:
                pass  # the next event is the stream's end, or an error about what follows the document
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # Python's own parser raises the latter two for an escape beyond the last character.
            why = explain(error, text)
            raise self._stop("syntax", why.message, why.line, why.column, why.hint) from None
        if isinstance(node, Mapping):
            return node
        kind = "a list" if isinstance(node, Sequence) else "a single value"
        where = Location(self._file, node.line, node.column)
        hint = "begin with `key: value` lines; separate documents by a line of ---"
        self.problems.append(
            Problem("manifest.not_a_mapping", f"the document is {kind}, not a mapping", where, hint=hint)
        )
        return None

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        mark = event.start_mark
        line, column = mark.line + self._first_line, mark.column + 1
        if self._nodes > MAX_NODES:
            message = f"the document has more than {MAX_NODES} keys and values"
            raise self._stop("limit", message, mark.line, mark.column, "split it into several documents")
        kind = type(event)
        if kind is AliasEvent:
            hint = f'write the value out, or quote it if a text is meant: "*{event.anchor}"'
            self._report("alias", f"the alias *{event.anchor} is not allowed", line, column, hint)
            return Scalar(f"*{event.anchor}", f"*{event.anchor}", False, line, column)
        if event.tag is not None or event.anchor is not None:
            self._refuse_properties(event, line, column)
        if kind is ScalarEvent:
            return self._scalar(event, line, column)
        if depth >= MAX_DEPTH:
            message = f"the document is nested deeper than {MAX_DEPTH} levels"
            raise self._stop("limit", message, mark.line, mark.column, "flatten it")
        if kind is MappingStartEvent:
            return Mapping(self._entries(depth + 1), line, column)
        return Sequence(self._items(depth + 1), line, column)

    def _scalar(self, event: Any, line: int, column: int) -> Scalar:
        text: str = event.value
        if event.style:
            if event.style == '"' and (refused := REFUSED_IN_VALUE.search(text)):
                message = f"the text holds the character {code_point(refused[0])}, which cannot be printed"
                self._report("character", message, line, column, "remove the escape that stands for it")
            return Scalar(text, text, True, line, column)
        value = resolve_plain(text)
        if isinstance(value, Ambiguous):
            self._report("ambiguous", f"{shown(text)} {value.reason}", line, column, value.hint)
            value = text
        return Scalar(value, text, False, line, column)

    def _items(self, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event, depth))
        return tuple(items)

    def _entries(self, depth: int) -> tuple[Entry, ...]:
        entries: dict[str, Entry] = {}
        next_event = self._next
        while type(event := next_event()) is not MappingEndEvent:
            key, position = self._key(event, depth)
            node = self._node(next_event(), depth)
            if key is None:
                continue
            if key not in entries:
                entries[key] = Entry(key, position, node)
            else:
                line, column = entries[key].position
                message = f"the key {shown(key)} is there twice, first at line {line}, column {column}"
                self._report("duplicate_key", message, *position, "remove or rename one of them")
        return tuple(entries.values())

    def _key(self, event: Any, depth: int) -> tuple[str | None, Position]:
        """The key, or None where it is none that could be used; either way its events are consumed."""
        if type(event) is ScalarEvent and not event.style and event.tag is None and event.anchor is None:
            text: str = event.value
            if type(resolve_plain(text)) is str:  # nearly every key: no node need be made of it
                self._nodes += 1
                mark: Any = event.start_mark
                return text, (mark.line + self._first_line, mark.column + 1)
        reported = len(self.problems)
        node = self._node(event, depth)
        position = node.line, node.column
        if not isinstance(node, Scalar):
            kind = "list" if isinstance(node, Sequence) else "mapping"
            hint = "a key is a text; a value that begins with [ or { and is no list or mapping needs quotes"
            self._report("key", f"a {kind} cannot be a key", *position, hint)
            return None, position
        if node.text == "<<" and not node.quoted:
            del self.problems[reported:]
            self._report("merge_key", "the merge key << is not allowed", *position, "write the keys out")
            return None, position
        if not isinstance(node.value, str):
            name = f"{shown(node.text)} is not a text" if node.text else "the key is empty"
            hint = f"quote it: {shown(node.text)}" if node.text else "write a key before the colon"
            self._report("key", f"a key must be a text, but {name}", *position, hint)
        return node.text, position

    def _refuse_properties(self, event: Any, line: int, column: int) -> None:
        if event.anchor is not None:
            hint = "remove it; every manifest stands for itself"
            self._report("anchor", f"the anchor &{event.anchor} is not allowed", line, column, hint)
        if event.tag is not None:
            hint = "remove it, and quote the value if a text is meant"
            self._report("tag", f"the tag {shown(event.tag)} is not allowed", line, column, hint)

    def _report(self, code: str, message: str, line: int, column: int, hint: str) -> None:
        place = Location(self._file, line, column)
        self.problems.append(Problem(f"manifest.yaml.{code}", message, place, hint=hint))

    def _stop(self, code: str, message: str, line: int, column: int, hint: str) -> _Unreadable:
        """Ends the document; `line` and `column` count from 0 within it, as the parser's marks do."""
        place = Location(self._file, line + self._first_line, column + 1)
        return _Unreadable(Problem(f"manifest.yaml.{code}", message, place, hint=hint))

    def _not_utf8(self, error: UnicodeDecodeError) -> _Unreadable:
        before = self._raw.content[: error.start]
        line, column = place(before.decode("utf-8"), error.start)
        message = (
            f"byte {self._raw.offset + error.start} (0x{self._raw.content[error.start]:02x}) is not UTF-8"
        )
        return self._stop("encoding", message, line, column, "save the file as UTF-8")

    def _unprintable(self, text: str, at: int) -> _Unreadable:
        message = f"the character {code_point(text[at])} is not allowed in a manifest"
        hint = 'remove it; where a text needs it, write it as an escape in double quotes, such as "\\u2028"'
        return self._stop("character", message, *place(text, at), hint)

"""What a document is once it is read: nodes that know their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from reconciler.manifest.yaml.scalars import ScalarValue

# Line and column, both from 1. A bare tuple, since the garbage collector need not follow those.
Position: TypeAlias = tuple[int, int]


class Scalar(NamedTuple):
    """One value. `text` is it as written (without quotes and escapes); `quoted` is any style but plain.

    An ambiguous or aliased value, which is reported as a Problem, has its text as its value. A tuple and
    no dataclass, like Entry: these two are most of a fleet's nodes, and are made four times faster.
    """

    value: ScalarValue
    text: str
    quoted: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list, with the place where it begins."""

    items: tuple[Node, ...]
    line: int
    column: int


class Entry(NamedTuple):
    """A key of a mapping with the key's own place, and its value."""

    key: str
    position: Position
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys are unique and in the order of the file: of a key that is there twice, the first counts."""

    entries: tuple[Entry, ...]
    line: int
    column: int


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document; its nodes' lines are the file's. `content_hash` is RawDocument's."""

    node: Mapping
    content_hash: str
    start_line: int
    text: str
    file: str

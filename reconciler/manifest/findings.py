"""Collects what is wrong with a set of manifests: every problem, each with its place, none raised.

A secret that was written where only a reference may stand is known by its place too, so that nothing which
was said about that place earlier (by the YAML reader, which cannot know) is ever printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.yaml.nodes import Mapping, Node, Position, Sequence

# Comparing with every name of a large fleet takes time; with more mistakes than this, none is needed.
_MAX_SUGGESTIONS = 50
# What is wrong with each of some hundred thousand documents is one mistake; the rest is only counted.
_MAX_KEPT = 10_000


@dataclass(slots=True)
class Findings:
    """All problems of one set. `count` goes on where no more are kept."""

    count: int = 0
    _problems: list[Problem] = field(default_factory=list)
    _secrets: set[Location] = field(default_factory=set)
    _suggested: int = 0

    @property
    def is_full(self) -> bool:
        """Whether a further problem would only be counted."""
        return len(self._problems) >= _MAX_KEPT

    def add(self, *problems: Problem) -> None:
        """Keep problems, or only count them where it is full."""
        self.count += len(problems)
        self._problems += problems[: max(0, _MAX_KEPT - len(self._problems))]

    def suggestion(self, word: str, candidates: Iterable[str]) -> str | None:
        """`did you mean …?` for the nearest candidate, if one is near."""
        self._suggested += 1
        if self._suggested > _MAX_SUGGESTIONS:
            return None
        return next((f"did you mean {near}?" for near in get_close_matches(word, list(candidates), 1)), None)

    def hide(self, places: Iterable[Location]) -> None:
        """Nothing that the YAML reader said about these places may be shown."""
        self._secrets.update(places)

    def error(self) -> ManifestError | None:
        """The problems in the order of the files' lines; None where there is none."""
        shown = [
            problem
            for problem in self._problems
            if not (problem.code.startswith("manifest.yaml.") and problem.location in self._secrets)
        ]
        if not shown:
            return None
        hidden = len(self._problems) - len(shown)
        shown.sort(key=lambda problem: problem.location or Location(""))
        return ManifestError(shown, self.count - hidden)


@dataclass(slots=True)
class Scope:
    """The findings of one document: its problems get the document's file and address."""

    findings: Findings
    file: str
    address: str | None = None

    def where(self, at: Position) -> Location:
        """A position as a place in the document's file."""
        return Location(self.file, *at)

    def report(self, code: str, message: str, at: Position, hint: str | None = None) -> None:
        """Add a problem with the code `manifest.CODE`, at a position of the document."""
        if self.findings.is_full:
            self.findings.count += 1
            return
        self.findings.add(Problem(f"manifest.{code}", message, self.where(at), self.address, hint))

    def suggestion(self, word: str, candidates: Iterable[str]) -> str | None:
        """As `Findings.suggestion`: the bound on suggestions is the whole set's."""
        return self.findings.suggestion(word, candidates)

    def hide(self, node: Node) -> None:
        """Mark all scalars of a node as possible secrets."""
        self.findings.hide(Location(self.file, *at) for at in _places(node))


def position(node: Node) -> Position:
    """Where a node begins: line and column, both from 1."""
    return node.line, node.column


def _places(node: Node) -> Iterator[Position]:
    yield position(node)
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield entry.position
            yield from _places(entry.node)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _places(item)


def listed(names: Iterable[str]) -> str:
    """`a, b or c`, for messages."""
    words = list(dict.fromkeys(names))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else "none"

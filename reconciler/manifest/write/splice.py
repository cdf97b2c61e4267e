"""Changes to a YAML document's text at the places of its nodes: all else keeps its every byte.

Comments, quotes, order and indentation stay, because nothing is written anew but what changes. Block and flow
style are kept. A document is one that the reader took: a mapping, without tags, aliases or duplicate keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reconciler.manifest.write.text import Scalars, text_node

_NO_WIDTH = 1 << 30


@dataclass(slots=True)
class Splices:
    """A text, and what is to stand in which places of it instead; the places do not overlap."""

    text: str
    found: list[tuple[int, int, str]] = field(default_factory=list)
    lists: dict[int, _Listed] = field(default_factory=dict)

    def root(self) -> MappingNode:
        """The document's mapping. Raises ValueError where it is none."""
        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        if isinstance(node, MappingNode):
            return node
        raise ValueError("the document is no mapping")

    def applied(self) -> str:
        """The text with all of it done."""
        text = self.text
        found = [*self.found, *(each for listed in self.lists.values() for each in self._listed(listed))]
        for start, end, new in sorted(found, key=lambda each: each[:2], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def set(self, mapping: MappingNode, key: str, name: str, value: Any) -> None:
        """Let an entry have a value; `key` is how it is written, None there being added as `name`."""
        entry = entry_of(mapping, key)
        if entry is None:
            self.add(mapping, name, value)
            return
        before, node = entry
        inline = not isinstance(value, (dict, list)) or not value
        if (
            isinstance(node, ScalarNode)
            and node.style not in ("|", ">")
            and inline
            and "\n" not in str(value)
        ):
            self._put(node.start_mark.index, node.end_mark.index, _inline(value, node), after=before)
        elif mapping.flow_style:
            self._put(node.start_mark.index, _end(node), _inline(value), after=before)
        else:
            self._plain_key(before)
            start = before.start_mark.index
            text = _block({_written(before): value}, before.start_mark.column)
            end = max(_end(node), before.end_mark.index + 1)
            # A block scalar ends behind its line break.
            self.found.append((start, end, text + ("\n" if self.text[end - 1] == "\n" else "")))

    def add(self, mapping: MappingNode, name: str, value: Any) -> None:
        """Add an entry after the last one."""
        if mapping.flow_style:
            self._of(mapping).added.append(_inline({name: value})[1:-1])
            return
        column = mapping.value[0][0].start_mark.column
        self._after(_entry_end(mapping.value[-1]), _block({name: value}, column), column)

    def remove(self, mapping: MappingNode, key: str) -> None:
        """Take an entry away; in block style its lines. Raises ValueError where its key stands behind `?`."""
        index, found = next((i, k) for i, (k, _) in enumerate(mapping.value) if k.value == key)
        self._plain_key(found)
        self._of(mapping).removed.add(index)

    def add_item(self, sequence: SequenceNode, value: Any) -> None:
        """Add an item after the last one."""
        if sequence.flow_style:
            self._of(sequence).added.append(_inline(value))
            return
        column = self._dash(sequence.value[0]) - self._line(sequence.value[0].start_mark.index)
        self._after(_end(sequence.value[-1]), _block([value], column), column)

    def remove_item(self, sequence: SequenceNode, index: int) -> None:
        """Take an item away; in block style its lines."""
        self._of(sequence).removed.add(index)

    def _of(self, node: MappingNode | SequenceNode) -> _Listed:
        if id(node) not in self.lists:
            if isinstance(node, MappingNode):
                spans = [_Span(k.start_mark.index, _entry_end((k, v))) for k, v in node.value]
            else:
                starts = [
                    item.start_mark.index if node.flow_style else self._dash(item) for item in node.value
                ]
                spans = [_Span(at, _end(item)) for at, item in zip(starts, node.value, strict=True)]
            self.lists[id(node)] = _Listed(node, spans)
        return self.lists[id(node)]

    def _listed(self, listed: _Listed) -> Iterator[tuple[int, int, str]]:
        """What goes and what comes of one mapping or sequence, together: they share commas and dashes."""
        spans, left = listed.spans, len(listed.spans) - len(listed.removed)
        for first, last in listed.runs():
            start, end = spans[first].start, spans[last].end
            follows = last + 1 < len(spans)
            if listed.node.flow_style:
                if follows:
                    end = spans[last + 1].start
                elif first:
                    start = spans[first - 1].end
                yield start, end, ""
            elif self.text[self._line(start) : start].strip():  # behind the dash of its item
                if not follows:
                    raise ValueError("nothing would be left of an item")
                yield start, spans[last + 1].start, ""
            else:
                for span in spans[first : last + 1]:
                    yield self._line(span.start), self._line_end(span.end), ""
        if listed.added:
            at = spans[-1].end if spans else int(listed.node.start_mark.index) + 1
            yield at, at, (", " if left else "") + ", ".join(listed.added)

    def _plain_key(self, key: Node) -> None:
        start = int(key.start_mark.index)
        if self.text[self._line(start) : start].rstrip().endswith("?"):
            raise ValueError(f"{key.start_mark.line + 1}: a key behind a question mark is left as it is")

    def _put(self, start: int, end: int, text: str, *, after: Node) -> None:
        # A value that is not there stands right behind its colon.
        blank = " " if start == end and start <= after.end_mark.index + 1 else ""
        self.found.append((start, end, blank + text))

    def _after(self, at: int, text: str, column: int) -> None:
        end = self._line_end(at)
        lead = "" if self.text[:end].endswith("\n") else "\n"
        self.found.append((end, end, f"{lead}{' ' * column}{text}\n"))

    def _line(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        if index and self.text[index - 1] == "\n":
            return index
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def _dash(self, item: Node) -> int:
        return self.text.rfind("-", self._line(item.start_mark.index), item.start_mark.index)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


@dataclass(slots=True)
class _Listed:
    """The entries or items of a node, by their places; which of them go, and what comes in flow style."""

    node: MappingNode | SequenceNode
    spans: list[_Span]
    removed: set[int] = field(default_factory=set)
    added: list[str] = field(default_factory=list)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The first and the last of those that go and stand side by side."""
        for index in sorted(self.removed):
            if index - 1 in self.removed:
                continue
            last = index
            while last + 1 in self.removed:
                last += 1
            yield index, last


def entry_of(mapping: MappingNode, key: str) -> tuple[ScalarNode, Node] | None:
    """A key's node and its value's; None where there is no such key."""
    return next(((k, v) for k, v in mapping.value if k.value == key), None)


def keys_of(mapping: MappingNode) -> Iterator[str]:
    """The keys as they are written."""
    return (str(key.value) for key, _ in mapping.value)


def _written(key: Node) -> str:
    return str(key.value)


def _entry_end(entry: tuple[Node, Node]) -> int:
    key, value = entry
    return max(_end(value), int(key.end_mark.index) + 1)


def _end(node: Node) -> int:
    """Where its last character is, without what a parser reads on to find the next node."""
    flow = getattr(node, "flow_style", None)
    if isinstance(node, ScalarNode) or flow or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _entry_end(last) if isinstance(node, MappingNode) else _end(last)


class _OneLine(Scalars):
    """Scalars of one line each."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')
    return text_node(dumper, value)


_OneLine.add_representer(str, _text)


def _inline(value: Any, like: ScalarNode | None = None) -> str:
    """A value on one line; a text in the quotes that there were, where there were some."""
    quotes = like.style if isinstance(value, str) and like is not None and like.style in ("'", '"') else None
    dumped = yaml.dump(
        value,
        Dumper=_OneLine,
        default_style=quotes,
        default_flow_style=True,
        allow_unicode=True,
        width=_NO_WIDTH,
        sort_keys=False,
    )
    return str(dumped).removesuffix("...\n").strip()


def _block(value: Any, column: int) -> str:
    """A value over several lines, the first of which stands at its column already; no line break ends it."""
    dumped = yaml.dump(
        value, Dumper=Scalars, default_flow_style=False, allow_unicode=True, width=_NO_WIDTH, sort_keys=False
    )
    return ("\n" + " " * column).join(str(dumped).rstrip("\n").split("\n"))

"""Where in a document each attribute and tag of a resource is written. Pure: the text is an argument.

The document is known by its hash, so that no line is ever told of another text than was applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.manifest.read.names import short_names
from reconciler.manifest.yaml.nodes import Mapping as Node
from reconciler.manifest.yaml.nodes import Node as AnyNode
from reconciler.manifest.yaml.nodes import Position, Scalar
from reconciler.manifest.yaml.parser import fastest_parser
from reconciler.manifest.yaml.reader import parse_document
from reconciler.manifest.yaml.split import split_documents
from reconciler.model.catalog import TypeAttribute

Written = dict[tuple[str, str], Position]
"""By what it is (attribute or tag) and its name: line and column, from 1."""


def written(
    content: bytes,
    document_hash: bytes,
    begins: int,
    part: Position | None,
    rules: Mapping[str, TypeAttribute],
) -> Written | None:
    """Where a root's or a part's values stand; None where the file does not hold that very document.

    Lines are those of `content`. `begins` is the line at which the document stood when it was loaded, and
    `part` where the part did: the document may have moved within its file since.
    """
    found = [each for each in split_documents(content) if bytes.fromhex(each.content_hash) == document_hash]
    document = parse_document(found[0], "", parser=fastest_parser())[0] if found else None
    if document is None:
        return None
    # What was loaded says the line of the first key, or of the blanks and comments before it.
    stands = found[0].start_line <= begins <= document.node.line
    moved = 0 if stands else begins - document.node.line
    full, places = short_names(rules), Written()
    holder = _entry(document.node, "spec")
    if part is not None:
        holder = next(
            (each for each in _mappings(document.node) if (each.line + moved, each.column) == part), None
        )
    for what, node in (
        ("attribute", holder),
        ("tag", _entry(_entry(document.node, "metadata"), "tags") if part is None else None),
    ):
        for entry in node.entries if isinstance(node, Node) else ():
            name = full.get(entry.key, entry.key) if what == "attribute" else entry.key
            places[what, name] = entry.position
    return places


def _entry(node: AnyNode | None, key: str) -> AnyNode | None:
    entries = node.entries if isinstance(node, Node) else ()
    return next((entry.node for entry in entries if entry.key == key), None)


def _mappings(node: AnyNode) -> Iterator[Node]:
    if isinstance(node, Node):
        yield node
        for entry in node.entries:
            yield from _mappings(entry.node)
    elif not isinstance(node, Scalar):
        for item in node.items:
            yield from _mappings(item)

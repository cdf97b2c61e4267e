"""Which modules of a package name which things: read from their string literals, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path


def naming(home: Path, names: Collection[str], under: str = "") -> set[tuple[str, str]]:
    """The modules below a folder of `home` with each of `names` that is a word of a literal in them."""
    return {
        (str(file.relative_to(home)), word)
        for file in (home / under).rglob("*.py")
        for word in _words(file)
        if word in names
    }


def _words(file: Path) -> Iterator[str]:
    """The words of a module's string literals, its docstrings aside: `/servers/{id}` has `servers`."""
    tree = ast.parse(file.read_text())
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield from re.split(r"[/.]", node.value)

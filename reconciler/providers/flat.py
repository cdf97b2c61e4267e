"""Flat parameters and trees: `{"rules[0].port": "80"}` is `{"rules": [{"port": "80"}]}`.

Calls are kept flat so that they can be printed, hashed and stored as rows; drivers send trees.
A literal dot in a key (`labels.example.com/role`) is kept by quoting: `labels."example.com/role"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from reconciler.model.flat import quote, steps


def flatten(tree: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The leaves of a tree of mappings and lists, in its order. Empty ones stand as `name{}` or `name[]`."""
    pairs: list[tuple[str, Any]] = []

    def walk(prefix: str, node: Any) -> None:
        if isinstance(node, Mapping):
            if not node:
                pairs.append((f"{prefix}{{}}", None))
            for key, value in node.items():
                walk(f"{prefix}.{quote(key)}" if prefix else quote(key), value)
        elif isinstance(node, (list, tuple)):
            if not node:
                pairs.append((f"{prefix}[]", None))
            for index, value in enumerate(node):
                walk(f"{prefix}[{index}]", value)
        else:
            pairs.append((prefix, node))

    if tree:
        walk("", tree)
    return tuple(pairs)


def unflatten(pairs: Mapping[str, Any]) -> dict[str, Any]:
    """The tree that `flatten` took apart. List indexes must count up from 0 without gaps."""
    root: dict[str, Any] = {}
    for name, value in pairs.items():
        if name.endswith("[]"):
            _place(root, steps(name[:-2]), [])
        elif name.endswith("{}"):
            _place(root, steps(name[:-2]), {})
        else:
            _place(root, steps(name), value)
    return root


def _place(root: dict[str, Any], path: list[str | int], value: Any) -> None:
    node: Any = root
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if step == len(node):
                node.append(empty)
            node = node[step]
        else:
            node = node.setdefault(step, empty)
    last = path[-1]
    if isinstance(last, int):
        node.append(value)
    else:
        node[last] = value

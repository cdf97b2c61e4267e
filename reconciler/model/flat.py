"""A parameter's flat name taken apart: `rules[0].port` is `rules`, the first of them, its `port`.

A key with a dot, a bracket or a quote of its own stands in quotes: `labels."example.com/role"`.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^.\[\]"]+)|\[(\d+)\]|(\.)')


def quote(key: str) -> str:
    """A mapping's key as it stands in a flat name."""
    if re.fullmatch(r'[^.\[\]"\\]+', key):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def steps(name: str) -> list[str | int]:
    """The keys and list indexes (from 0) that lead to what a flat name names."""
    found: list[str | int] = []
    for match in _TOKEN.finditer(name):
        quoted, plain, index, _dot = match.groups()
        if quoted is not None:
            found.append(re.sub(r"\\(.)", r"\1", quoted))
        elif plain is not None:
            found.append(plain)
        elif index is not None:
            found.append(int(index))
    return found

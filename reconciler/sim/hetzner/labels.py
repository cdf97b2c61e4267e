"""Labels and label selectors: which labels are allowed, and which a selector picks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from reconciler.sim.hetzner.problems import invalid

Matcher = Callable[[Mapping[str, str]], bool]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*/")
_TERM = re.compile(
    r"\s*(?:(?P<set>[^\s!=,()]+)\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)"
    r"|(?P<key>[^\s!=,()]+)\s*(?P<op>==|!=|=)\s*(?P<value>[^\s!=,()]*)"
    r"|!\s*(?P<absent>[^\s!=,()]+)"
    r"|(?P<present>[^\s!=,()]+))\s*(?:,|$)"
)


def label_problems(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with a label map, as (field, message) pairs."""
    if not isinstance(value, dict):
        yield path, "must be an object"
        return
    for key, text in value.items():
        if not _valid_key(key):
            yield f"{path}.{key}", "label key is invalid"
        elif key.startswith("hetzner.cloud/"):
            yield f"{path}.{key}", "label prefix hetzner.cloud/ is reserved"
        if not isinstance(text, str):
            yield f"{path}.{key}", "label value must be a string"
        elif text and not _NAME.fullmatch(text):
            yield f"{path}.{key}", "label value is invalid"


def _valid_key(key: str) -> bool:
    prefix = _PREFIX.match(key)
    return _NAME.fullmatch(key[prefix.end() :] if prefix else key) is not None


@lru_cache(maxsize=256)
def selector(text: str) -> Matcher:
    """A predicate over label maps; raises `ApiError` (invalid_input) where the expression is malformed."""
    terms: list[Matcher] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise invalid("label_selector", "is not a valid label selector")
        terms.append(_term(match))
        position = match.end()
    if len(terms) == 1:
        return terms[0]
    return lambda labels: all(term(labels) for term in terms)


def _term(match: re.Match[str]) -> Matcher:
    if key := match["set"]:
        values = frozenset(value.strip() for value in match["values"].split(","))
        if match["how"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if key := match["key"]:
        value = match["value"]
        if match["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if key := match["absent"]:
        return lambda labels: key not in labels
    key = match["present"]
    return lambda labels: key in labels

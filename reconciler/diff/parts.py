"""Telling parts apart: by address first, then by the key that the catalog names, else by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from reconciler.model.catalog import ResourceType, TypeAttribute
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, encode


def part_key(
    kind: ResourceType, rules: Mapping[str, TypeAttribute], attributes: Attributes
) -> tuple[str, ...]:
    """What tells a part from its siblings: its key attributes' values, or all of its compared content."""
    names: Iterable[str] = kind.key_attributes or sorted(n for n, rule in rules.items() if rule.compared)
    return tuple(_text(attributes.get(name)) for name in names)


def _text(value: object) -> str:
    return "" if value in (None, ()) else encode(value)


One = TypeVar("One", Desired, Recorded)
Other = TypeVar("Other", Desired, Recorded)


def pair(
    kind: ResourceType,
    rules: Mapping[str, TypeAttribute],
    ones: Iterable[One],
    others: Iterable[Other],
) -> tuple[list[tuple[One, Other]], list[One], list[Other]]:
    """Pairs that are the same part, then the ones without a counterpart, then the others without."""
    pairs: list[tuple[One, Other]] = []
    wanted, there = list(ones), list(others)
    for identity in (_by_address, lambda item: part_key(kind, rules, item.attributes)):
        left = {identity(item): item for item in there}
        still: list[One] = []
        for item in wanted:
            match = left.pop(identity(item), None)
            if match is None:
                still.append(item)
            else:
                pairs.append((item, match))
                there.remove(match)
        wanted = still
    return pairs, wanted, there


def _by_address(item: Desired | Recorded) -> tuple[str, ...]:
    return (str(item.address),)

"""What a mutation is, and which of all that are possible are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text from `start` to `end` (offsets in characters) of a file."""

    file: str
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """`name` says where and what, without line numbers, so that it outlives changes elsewhere."""

    name: str
    edits: tuple[Edit, ...]


def named(rough: Iterable[tuple[str, Edit]]) -> list[Mutation]:
    """Mutations with their number where several would have the same name."""
    counted: Counter[str] = Counter()
    found = []
    for name, edit in rough:
        counted[name] += 1
        found.append(Mutation(name if counted[name] == 1 else f"{name} #{counted[name]}", (edit,)))
    return found


def selected(mutations: Iterable[Mutation], count: int, seed: int) -> list[Mutation]:
    """`count` of them by chance, in their own order. A mutation's luck depends on nothing but its name."""
    given = list(mutations)
    lucky = sorted(given, key=lambda each: sha256(f"{seed} {each.name}".encode()).hexdigest())[:count]
    return [each for each in given if each in lucky]

"""What people call things by: types in any spelling, and tags. It knows no planner, for lists need none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def type_named(word: str, types: Mapping[str, str]) -> str | None:
    """A resource type by its name, its kind or a plural of either. `types`: kinds by name."""
    wanted = word.lower().replace("-", "_")
    for name, kind in types.items():
        for spelling in (name, kind.lower()):
            if wanted in (spelling, f"{spelling}s", f"{spelling}es"):
                return name
    return None


def labelled(tags: Mapping[str, str], labels: Sequence[str]) -> bool:
    """Whether these tags fit every label, each `KEY` or `KEY=VALUE`."""
    for label in labels:
        key, equals, value = label.partition("=")
        if key not in tags or (equals and tags[key] != value):
            return False
    return True

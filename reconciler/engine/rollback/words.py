"""What is said of what was rolled back, the same in a plan, in a list, of a resource and in the log."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.address import Address
from reconciler.store.desired.pins import Pin

_NAMED = 5
"""Addresses in one sentence; how many more there are is said."""


def pinned_words(pins: Iterable[Pin]) -> list[str]:
    """A sentence for each rollback that is in force, with what it keeps."""
    found: dict[int, list[Pin]] = {}
    for pin in pins:
        found.setdefault(pin.revision, []).append(pin)
    return [_sentence(each) for _, each in sorted(found.items())]


def unpinned_words(agreed: Iterable[Address], superseded: Iterable[Address]) -> list[str]:
    """A sentence for each root that follows its manifest again, and why."""
    return [
        *(
            f"{address}: its manifest agrees with the rollback, and is followed again"
            for address in sorted(agreed)
        ),
        *(
            f"{address}: its manifest says something new, which ends the rollback of it"
            for address in sorted(superseded)
        ),
    ]


def _sentence(pins: list[Pin]) -> str:
    first = pins[0]
    commit = f", commit {first.back_to_commit[:10]}" if first.back_to_commit else ""
    back = f"revision {first.back_to} ({first.back_to_at:%a %Y-%m-%d %H:%M} UTC{commit})"
    if len(pins) == 1:
        return (
            f"{first.address} is rolled back to {back} until its manifest agrees; to follow the manifest:"
            f" reconciler rollback --undo {first.address}"
        )
    names = ", ".join(str(pin.address) for pin in pins[:_NAMED])
    more = f" and {len(pins) - _NAMED} more" if len(pins) > _NAMED else ""
    return (
        f"{names}{more} are rolled back to {back}, each until its manifest agrees; to follow the manifests:"
        " reconciler rollback --undo ADDRESS"
    )

"""What operations did again and again: the same change in a row, and what comes back by itself."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.store.database.session import Transaction
from reconciler.store.work.operations import Begun

_MOST_REPEATS = 100  # operations looked back at; more is no other news


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that a step changes: an attribute or a part, or an attribute of a part, or a tag."""

    part: str | None = None
    attribute: str | None = None
    tag: str | None = None


def repeats(tx: Transaction, begun: Begun, desired_hash: bytes, *, least: int) -> dict[Thing, int]:
    """What this operation sets and the ones right before it set too: how often in a row, this one counted.

    Only what was set `least` times or more, each time for the same specification and with nothing agreed on
    or changed by others in between.
    """
    rows = tx.rows(
        "operations.repeats",
        id=begun.operation,
        resource_id=begun.resource_id,
        spec_hash=desired_hash,
        least=least,
        most=_MOST_REPEATS,
    )
    return {Thing(row.part_address, row.attribute, row.tag_key): row.times for row in rows}


@dataclass(frozen=True, slots=True)
class Swing:
    """An attribute that came back to another value, so often in a row, after an operation had set it."""

    name: str
    back_to: str | None
    times: int


def swings(tx: Transaction, begun: Begun, *, least: int) -> tuple[Swing, ...]:
    """What this operation set and what had come back `least` times or more by itself before."""
    ids = {"id": begun.operation, "resource_id": begun.resource_id}
    return tx.all(Swing, "operations.swings", **ids, least=least)

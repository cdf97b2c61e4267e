"""What a rollback is asked for: back to which revision, and what of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import ConfigurationError
from reconciler.model.address import Address
from reconciler.planner.select import Selection
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark, mark_of_revision, revision_of_commit

_COMMIT = re.compile(r"[0-9a-f]{4,64}(?:-dirty)?")


@dataclass(frozen=True, slots=True)
class BackTo:
    """The revision whose specifications are to hold again, and the mark by which its time is read.

    `at` is when it was loaded.
    """

    revision: int
    mark: Mark
    commit: str | None
    at: datetime

    def __str__(self) -> str:
        """As it is told: by its number, its commit and its time."""
        commit = f", commit {self.commit[:10]}" if self.commit else ""
        return f"revision {self.revision} ({self.at:%a %Y-%m-%d %H:%M} UTC{commit})"


@dataclass(frozen=True, slots=True)
class Rollback:
    """`to` is None for the end of a rollback: what the manifests say holds again.

    `selection` chooses among what was wanted then and what is wanted now.
    """

    to: BackTo | None
    selection: Selection = field(default_factory=Selection)

    @property
    def reason(self) -> str:
        """Why, for the history and for the revision that it makes."""
        if self.to is None:
            return "rollback ended: the manifests are followed again"
        return f"rolled back to {self.to}"


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback changed of what is wanted, by root; `steady` counts those that were as they shall be.

    `left` are roots that cannot be what they were, and why; nothing is changed of them. `notes` are what is
    otherwise than it was, though it was rolled back. `revision` is the newest that it made, None for none.
    """

    asked: Rollback
    changed: frozenset[Address] = frozenset()
    made_again: frozenset[Address] = frozenset()
    removed: frozenset[Address] = frozenset()
    steady: int = 0
    left: tuple[tuple[Address, str], ...] = ()
    notes: tuple[str, ...] = ()
    revision: int | None = None
    chosen: frozenset[Address] = frozenset()

    @property
    def touched(self) -> frozenset[Address]:
        """Every root that is wanted otherwise because of it."""
        return self.changed | self.made_again | self.removed


def back_to(tx: Transaction, word: str) -> BackTo:
    """A revision by its number, or the newest of a commit by the beginning of its id; or as of a moment, by
    the last mark that is not after it.

    Raises ConfigurationError where there is none, or where nothing is known of its time.
    """
    number = int(word) if word.isdecimal() else None
    if number is None and _COMMIT.fullmatch(word.lower()):
        number = revision_of_commit(tx, word.lower())
    row = tx.row("rollback.revision", revision=number) if number is not None else None
    if row is None:
        raise ConfigurationError(
            f"`{word}` is neither a revision nor a commit that was read",
            hint="`reconciler get revisions` lists them",
        )
    return BackTo(row.id, mark_of_revision(tx, row.id), row.commit, row.at)

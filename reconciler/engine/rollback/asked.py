"""What a rollback is asked for: back to which revision, and what of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import ConfigurationError
from reconciler.model.address import Address
from reconciler.model.moments import AtCommit, AtRevision
from reconciler.planner.select import Selection
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark, revision_of_commit
from reconciler.store.history.moments import moment_said, past_mark

_COMMIT = 7
"""Characters of a commit's id at least; a shorter number is a revision's."""


@dataclass(frozen=True, slots=True)
class BackTo:
    """The revision whose specifications are to hold again, and the mark by which its time is read.

    `at` is when it was loaded. `by_mark`: a time or a mark was named, and what the mark saw is to hold.
    """

    revision: int
    mark: Mark
    commit: str | None
    at: datetime
    by_mark: bool = False

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


def back_to(tx: Transaction, word: str, now: datetime) -> BackTo:
    """What a person's words mean: a revision, the newest of a commit, or the one in force at a time.

    `now` has a time zone. Raises ConfigurationError for words that name nothing, and for a time of which
    nothing is known.
    """
    if word.isdecimal() and len(word) < _COMMIT:
        word = f"revision/{word}"
    mark, said = past_mark(tx, word, now), moment_said(word, now)
    by_mark = False
    match said:
        case AtRevision(number):
            revision: int | None = number
        case AtCommit(prefix):
            revision = revision_of_commit(tx, prefix)
        case _:
            by_mark = True
            revision = tx.value("rollback.revision_of_mark", mark=mark.id)
    row = tx.row("rollback.revision", revision=revision) if revision is not None else None
    if row is None:
        raise ConfigurationError(
            f"no manifests had been read by then: {mark.taken_at:%Y-%m-%d %H:%M:%S} UTC",
            hint="`reconciler get revisions` lists what was read, and when",
        )
    return BackTo(row.id, mark, row.commit, row.at, by_mark)

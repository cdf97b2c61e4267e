"""Marks: the instants at which the database can be read again exactly as it was.

An instant alone is not enough, because transactions overlap: a mark keeps the snapshot of its moment. Whoever
asks for the past asks for a mark, and says which one it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.errors import ConfigurationError
from reconciler.store.database.session import Actor, Store, Transaction

Kind = Literal["revision", "apply", "change", "hand"]
"""What a mark was taken after; `change`: something was found to have changed since the last mark."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`revision` is the one that was recorded or applied, `commit` what it was read at; None for none."""

    id: int
    taken_at: datetime
    kind: Kind
    revision: int | None
    commit: str | None


def take_mark(store: Store, actor: str, kind: Kind, revision: int | None = None) -> int:
    """Take a mark, in a transaction of its own: it would not see what that changed. Gives its id.

    Of a revision there is one. After an apply or a look one is taken only where something changed since the
    last mark; otherwise that one's id is given.
    """
    with store.transaction(Actor(actor, "mark", "maintenance")) as tx:
        return int(tx.value("marks.take", kind=kind, revision=revision))


def mark_by_id(tx: Transaction, number: int) -> Mark:
    """Raises ConfigurationError where there is none."""
    found = tx.all(Mark, "marks.by_id", id=number)
    if not found:
        raise ConfigurationError(f"there is no mark {number}", hint="name a time, a commit or a revision")
    return found[0]


def mark_at(tx: Transaction, when: datetime) -> Mark:
    """The last one not after an instant. Raises ConfigurationError where there is none so early."""
    found = tx.all(Mark, "marks.at", at=when)
    if found:
        return found[0]
    first = tx.all(Mark, "marks.first")
    since = (
        f"the first mark is of {first[0].taken_at:%Y-%m-%d %H:%M:%S %Z}" if first else "there is no mark yet"
    )
    raise ConfigurationError(
        f"nothing is known of {when:%Y-%m-%d %H:%M:%S %Z}: {since}",
        hint="marks are taken at every revision, at the end of every apply, and by the daemon",
    )


def mark_of_revision(tx: Transaction, revision: int) -> Mark:
    """The end of its last apply; of one that was never applied, the first mark that sees it.

    Raises ConfigurationError where there is neither.
    """
    found = tx.all(Mark, "marks.of_revision", revision=revision)
    if not found:
        raise ConfigurationError(
            f"there is no mark of revision {revision}", hint="`reconciler get revisions` lists them"
        )
    return found[0]


def revision_of_commit(tx: Transaction, prefix: str) -> int | None:
    """The newest revision that was read at a commit, by at least its first characters; None for none.

    What was read beside a commit, with changes that were in none, counts only where nothing else was. Raises
    ConfigurationError where the characters are those of several commits.
    """
    found = revisions_at(tx, prefix)
    clean = [number for number, commit in found.items() if "-" not in commit]
    return max(clean or found, default=None)


def revisions_at(tx: Transaction, prefix: str) -> dict[int, str]:
    """The revisions that were read at a commit, or beside it with changes of their own, and what each was
    read at. Raises ConfigurationError where the characters are those of several commits."""
    found = {int(row.id): str(row.commit) for row in tx.rows("marks.revisions_of_commit", prefix=prefix)}
    commits = {commit.partition("-")[0] for commit in found.values()}
    if len(commits) > 1:
        raise ConfigurationError(
            f"{prefix} is the beginning of {len(commits)} commits", hint="write more of its characters"
        )
    return found

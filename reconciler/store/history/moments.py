"""From what a person says of the past to the mark that it is read as of.

Every command that reads the past asks here, so that the same words mean the same mark everywhere.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.errors import ConfigurationError
from reconciler.model.moments import AtCommit, AtMark, AtRevision, AtTime, Moment, NoMoment, parse_moment
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark, mark_at, mark_by_id, mark_of_revision, revision_of_commit


def moment_said(text: str, now: datetime) -> Moment:
    """What a text names, before the database is asked. Raises ConfigurationError for what names nothing."""
    try:
        return parse_moment(text, now)
    except NoMoment as error:
        raise ConfigurationError(error.message, hint=error.hint) from None


def past_mark(tx: Transaction, text: str, now: datetime) -> Mark:
    """The mark that a text means: the last one not after a time; the end of the last apply of a commit or a
    revision; or a mark by its number.

    `now` has a time zone. Raises ConfigurationError for a text that names nothing, and where no mark is.
    """
    match moment_said(text, now):
        case AtTime(at):
            return mark_at(tx, at)
        case AtRevision(number):
            return mark_of_revision(tx, number)
        case AtMark(number):
            return mark_by_id(tx, number)
        case AtCommit(prefix):
            revision = revision_of_commit(tx, prefix)
            if revision is None:
                raise ConfigurationError(
                    f"no manifests of a commit {prefix} were ever read",
                    hint="`reconciler get revisions` lists the commits that were",
                )
            return mark_of_revision(tx, revision)

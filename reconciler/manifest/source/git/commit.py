"""What a commit says of itself: who made it, when, and why; in text and times that the database takes.

A commit is anything that somebody once wrote: in any encoding, at any time, with any zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
"""What both Python and PostgreSQL can say, in every zone. A time beyond is taken for the nearer of them."""
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class CommitText:
    """`author` is `Name <address>`."""

    author: str
    message: str


def commit_text(raw: bytes) -> CommitText:
    """The author and the message of a commit object, decoded as the commit itself says."""
    head, _, message = raw.partition(b"\n\n")
    fields = dict(line.partition(b" ")[::2] for line in reversed(head.split(b"\n")))
    encoding = fields.get(b"encoding", b"").decode("ascii", "replace")
    author = fields.get(b"author", b"")
    name = author[: author.rfind(b">") + 1] or author
    return CommitText(decoded(name, encoding), decoded(message, encoding))


def decoded(text: bytes, encoding: str = "") -> str:
    """Text without what PostgreSQL takes in no text; UTF-8 where no encoding, or an unknown one, is named."""
    try:
        found = text.decode(encoding or "utf-8", "replace")
    except (LookupError, ValueError):
        found = text.decode("utf-8", "replace")
    clean = found.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean.encode("utf-8", "replace").decode("utf-8")


def moment(seconds: int, zone: int) -> datetime:
    """A commit's time. `zone` is in seconds east of Greenwich; one that no zone has is left out."""
    try:
        when = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        when = LAST if seconds > 0 else FIRST
    when = min(max(when, FIRST), LAST)
    return when.astimezone(timezone(timedelta(seconds=zone))) if abs(zone) < _DAY else when

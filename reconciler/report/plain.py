"""Numbers, times, spans and states in words. It knows nothing of plans: a list needs no more than this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from reconciler.report.lines import Piece

_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("running", "available", "done", "applied", "complete"), "green"),
    **dict.fromkeys(("creating", "updating", "deleting", "pending"), "yellow"),
    **dict.fromkeys(("partial", "interrupted", "stale", "busy"), "yellow"),
    **dict.fromkeys(("missing", "failed"), "red"),
    **dict.fromkeys(("quarantined", "ambiguous"), "bold red"),
    **dict.fromkeys(("stopped", "expired", "skipped", "not started"), "dim"),
    "saved": "cyan",
}


def styled(word: str | None) -> Piece:
    """A state of a resource, a result or a status, in the colour that it has everywhere."""
    return (word or "", _STYLES.get(word or "", ""))


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def age(since: datetime | None, now: datetime | None = None) -> str:
    """How long ago: 45s, 12m, 3h, 5d."""
    if since is None:
        return ""
    return seconds_text(max(0.0, ((now or datetime.now(UTC)) - since).total_seconds()))


def seconds_text(seconds: float) -> str:
    """A span as one number with a unit; below ten seconds with one decimal."""
    if seconds < 10:
        return f"{seconds:.1f}s" if seconds % 1 >= 0.05 else f"{seconds:.0f}s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def moment(at: datetime | None) -> str:
    """`2026-01-31 08:00:00`, in UTC; empty where there is no such time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def short_commit(commit: str) -> str:
    """A commit's first seven characters. What was not committed stays told apart from what was."""
    name, dash, state = commit.partition("-")
    return f"{name[:7]}{dash}{state}"

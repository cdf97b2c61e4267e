"""Marks as people and tools are told of them: which moment an answer is of, and why that one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.report.plain import short_commit
from reconciler.store.history.marks import Mark


def instant(at: datetime) -> str:
    """`Tue 2026-11-24 14:02:11 UTC`, which can be typed again as a time."""
    return f"{at.astimezone(UTC):%a %Y-%m-%d %H:%M:%S} UTC"


def mark_text(mark: Mark, asked: datetime | None = None) -> str:
    """`as of … (after the apply of commit …)`; of a time that was said, that it is the last till then."""
    chosen = f", the last mark not after {instant(asked)}" if asked else ""
    return f"as of {instant(mark.taken_at)} ({_kind(mark)}; mark/{mark.id}){chosen}"


def mark_json(mark: Mark | None) -> dict[str, Any] | None:
    """Its number, when it was taken, after what, and of which revision and commit; None for the present."""
    if mark is None:
        return None
    return {
        "mark": mark.id,
        "taken_at": mark.taken_at,
        "kind": mark.kind,
        "revision": mark.revision,
        "commit": mark.commit,
    }


def _kind(mark: Mark) -> str:
    what = f"commit {short_commit(mark.commit)}" if mark.commit else f"revision {mark.revision}"
    match mark.kind:
        case "revision":
            return f"{what} was read"
        case "apply":
            return "after an apply" if mark.revision is None else f"after the apply of {what}"
        case "change":
            return "something had changed"
        case "hand":
            return "taken by hand"

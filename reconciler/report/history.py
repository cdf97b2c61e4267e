"""What happened to resources: each change with who made it and why, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from reconciler.report.lines import Piece, Table
from reconciler.report.words import moment, short_commit
from reconciler.store.views import HistoryView


def history_json(items: Iterable[HistoryView]) -> list[dict[str, Any]]:
    """Each change with the fields of its view."""
    return [asdict(item) for item in items]


def history_table(items: Iterable[HistoryView], indent: int = 0) -> Table:
    """A line for each change; of a value longer than 60 characters both ends are shown."""
    return Table(("TIME (UTC)", "ADDRESS", "CHANGE", "BY", "WHY"), tuple(map(_row, items)), indent)


def _row(item: HistoryView) -> tuple[Piece, ...]:
    commit = f" ({short_commit(item.commit)})" if item.commit else ""
    reason = item.reason or ""
    why = reason if reason.startswith(item.cause) else f"{item.cause}: {reason}" if reason else item.cause
    return (
        moment(item.changed_at),
        (item.address, "bold"),
        history_change(item),
        item.actor,
        f"{why}{commit}",
    )


def history_change(item: HistoryView) -> str:
    """`memory_mb 4096 → 8192`; what came or went has one side only."""
    label = f"{item.what} {item.name}" if item.what in ("tag", "relationship") else item.name
    before, after = (_short(side) for side in (item.before, item.after))
    if item.what == "resource":
        return f"recorded: {after}" if item.name == "insert" else f"object {after}"
    if item.before is None:
        return f"{label} {after}"
    return f"{label} {before} → {after if item.after is not None else '(none)'}"


def _short(text: str | None) -> str:
    flat = " ".join((text or "").split())
    return f"{flat[:28]}…{flat[-28:]}" if len(flat) > 60 else flat or '""'

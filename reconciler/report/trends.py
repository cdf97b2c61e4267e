"""Trends as pages: what changes, drifts and fails, how long it takes, what there is, who deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from reconciler.report.history import author_name
from reconciler.report.lines import Line, Page, Table, line
from reconciler.report.plain import seconds_text, short_commit
from reconciler.store.history.trends import Trend

TITLES: Mapping[Trend, str] = {
    "changes": "Changes of attributes by day",
    "operations": "Operations by day",
    "failures": "Failures by class",
    "drifters": "What drifts most",
    "capacity": "Capacity in use",
    "deletions": "What was deleted",
    "approvals": "What was approved",
}
_HEADINGS = {
    "resource_type": "TYPE",
    "average_seconds": "AVERAGE",
    "slowest_twentieth_seconds": "SLOWEST 5 %",
    "memory_mib": "MEMORY",
    "disk_gib": "DISK",
    "cpu_cores": "CORES",
    "commit_id": "COMMIT",
    "db_user": "DATABASE USER",
}


def trends_page(found: Mapping[Trend, list[dict[str, Any]]]) -> Page:
    """Each kind under its title; of one alone its table only. What has no rows says so."""
    for number, (what, rows) in enumerate(found.items()):
        if len(found) > 1:
            yield from _title(TITLES[what], is_first=number == 0)
        if rows:
            yield Table(tuple(map(_heading, rows[0])), tuple(tuple(map(_cell, row.items())) for row in rows))
        else:
            yield line(("  none" if len(found) > 1 else "None.", "dim"))


def _title(text: str, *, is_first: bool) -> Iterable[Line]:
    return [*([] if is_first else [line()]), line((text, "bold"))]


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " ").upper())


def _cell(pair: tuple[str, Any]) -> str:
    name, value = pair
    match name, value:
        case _, None:
            return ""
        case "author", str():
            return author_name(value)
        case "commit_id", str():
            return short_commit(value)
        case "memory_mib", int():
            return f"{value / 1024:.1f}".removesuffix(".0") + " GiB"
        case "disk_gib", int():
            return f"{value} GiB"
        case _, datetime():
            at = value.astimezone(UTC)
            return f"{at:%Y-%m-%d}" if at.time() == time() else f"{at:%Y-%m-%d %H:%M}"
        case _, float():
            return seconds_text(value)
        case _:
            return str(value)

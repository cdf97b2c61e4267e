"""The figures as a table: what it took, how that grows with the fleet, and beside it what Terraform took."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.measure import Cost

HEAD = (
    "what",
    "resources",
    "time s",
    "CPU s",
    "database CPU s",
    "peak MiB",
    "requests",
    "growth",
    "Terraform s",
    "its MiB",
    "ratio",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `requests` to the provider; `terraform` did the same to the same shape."""

    what: str
    size: int
    cost: Cost
    database: float | None = None
    requests: str = "0"
    terraform: Cost | None = None


def table(rows: Sequence[Row]) -> str:
    """Aligned Markdown. Growth is the exponent from the next smaller fleet: 1 is proportional to its size."""
    order = list(dict.fromkeys(row.what for row in rows))
    ordered = sorted(rows, key=lambda row: (order.index(row.what), row.size))
    smaller: dict[str, Row] = {}
    lines: list[tuple[str, ...]] = []
    for row in ordered:
        lines.append(_cells(row, smaller.get(row.what)))
        smaller[row.what] = row
    return "\n".join(aligned([HEAD, *lines]))


def _cells(row: Row, before: Row | None) -> tuple[str, ...]:
    other = row.terraform
    return (
        row.what,
        f"{row.size:,}",
        _seconds(row.cost.wall),
        _seconds(row.cost.cpu),
        "" if row.database is None else _seconds(row.database),
        f"{row.cost.peak:,.0f}",
        row.requests,
        _growth(row, before),
        _seconds(other.wall) if other else "",
        f"{other.peak:,.0f}" if other else "",
        _ratio(row, other) if other else "",
    )


def _ratio(row: Row, other: Cost) -> str:
    ours = row.cost.cpu + (row.database or 0.0)
    return f"{other.wall / row.cost.wall:.1f} (CPU {other.cpu / ours:.1f})"


def _growth(row: Row, before: Row | None) -> str:
    if before is None:
        return ""
    times = math.log(row.size / before.size)
    time = math.log(row.cost.wall / before.cost.wall) / times
    memory = math.log(row.cost.peak / before.cost.peak) / times
    return f"time {time:.2f}, memory {memory:.2f}"


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def aligned(lines: Iterable[tuple[str, ...]]) -> Iterable[str]:
    """Rows of a Markdown table, the first its head; all but the first column to the right."""
    rows = list(lines)
    columns = range(len(rows[0]))
    widths: Mapping[int, int] = {i: max(len(row[i]) for row in rows) for i in columns}
    for number, row in enumerate(rows):
        cells = [cell.ljust(widths[i]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(row)]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield "|" + "|".join("-" * (widths[i] + 1) + ("-" if i == 0 else ":") for i in widths) + "|"

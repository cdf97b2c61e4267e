"""A row's figures, and all of them as a table with each reach and whether it is met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.measure import Cost
from tests.bench.reach.checkout import BESIDE, THIS
from tests.bench.reach.world import Figure
from tests.bench.table import aligned

HEAD = (
    "what",
    "resources",
    "time s",
    "CPU s",
    "database CPU s",
    "peak MiB",
    "growth",
    "beside: time s",
    "its CPU s",
    "ratio",
    "Terraform s",
    "its MiB",
    "ratio",
    "reach",
    "met",
)


@dataclass(frozen=True, slots=True)
class Line:
    """`figures` by checkout. `note`: what else was counted. `met`: None where this run cannot say."""

    what: str
    size: int
    figures: dict[str, Figure]
    reach: str
    met: bool | None = None
    note: str = ""
    terraform: Cost | None = None

    @property
    def here(self) -> Figure:
        return self.figures[THIS]

    @property
    def faster(self) -> float | None:
        """How many times as long Terraform took."""
        return self.terraform.wall / self.here.cost.wall if self.terraform else None

    @property
    def cheaper(self) -> float | None:
        """How many times as much CPU, the server's too, the other checkout took."""
        other = self.figures.get(BESIDE)
        return other.cpu / self.here.cpu if other and self.here.cpu else None


def table(lines: Sequence[Line]) -> str:
    """Aligned Markdown. Growth is the exponent of time from the next smaller fleet: 1 is in proportion."""
    smaller: dict[str, Line] = {}
    cells: list[tuple[str, ...]] = [HEAD]
    for line in lines:
        cells.append(_cells(line, smaller.get(line.what)))
        smaller[line.what] = line
    return "\n".join(aligned(cells))


def _cells(line: Line, before: Line | None) -> tuple[str, ...]:
    here, other, them = line.here, line.figures.get(BESIDE), line.terraform
    return (
        f"{line.what}{f' ({line.note})' if line.note else ''}",
        f"{line.size:,}",
        seconds(here.cost.wall),
        seconds(here.cost.cpu),
        "" if here.database is None else seconds(here.database),
        f"{here.cost.peak:,.0f}" if here.cost.peak else "",
        _growth(line, before),
        seconds(other.cost.wall) if other else "",
        seconds(other.cpu) if other else "",
        f"{other.cost.wall / here.cost.wall:.1f} (CPU {line.cheaper:.1f})" if other else "",
        seconds(them.wall) if them else "",
        f"{them.peak:,.0f}" if them else "",
        f"{line.faster:.1f}" if them else "",
        line.reach,
        {True: "yes", False: "NO", None: "-"}[line.met],
    )


def _growth(line: Line, before: Line | None) -> str:
    if before is None or before.size >= line.size:
        return ""
    return f"{math.log(line.here.cost.wall / before.here.cost.wall) / math.log(line.size / before.size):.2f}"


def seconds(value: float) -> str:
    """Three digits, as far as there are any."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"

"""What a rollback makes wanted again, and what it does not bring back: as JSON, and before its plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.engine.rollback.asked import RolledBack
from reconciler.engine.rollback.losses import Loss, Lost
from reconciler.model.catalog import Catalog
from reconciler.report.lines import Line, line, titled
from reconciler.report.plain import counted
from reconciler.report.values import as_json, with_unit


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What is wanted otherwise because of a rollback, and all that it does not bring back."""

    rolled_back: RolledBack
    losses: tuple[Loss, ...]
    catalog: Catalog


def rollback_lines(report: RollbackReport) -> Iterator[Line]:
    """Back to what, how much of it is wanted otherwise, what stays lost."""
    rolled = report.rolled_back
    yield line((_title(rolled), "bold"))
    counts = [
        (len(rolled.changed), "wanted as it was", "wanted as they were"),
        (len(rolled.made_again), "wanted again", "wanted again"),
        (len(rolled.removed), "wanted no more", "wanted no more"),
    ]
    words = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    same = counted(rolled.steady, "resource") + " as before"
    yield line(f"  {', '.join([*words, same] if rolled.steady else words) or 'nothing is wanted otherwise'}")
    yield line()
    yield from titled("Cannot be wanted as it was", [f"{a}: {why}" for a, why in rolled.left], "yellow")
    yield from titled("Comes with it", rolled.notes, "yellow")
    yield from titled(
        "Does not come back", [loss_text(each, report.catalog) for each in report.losses], "red"
    )


def _title(rolled: RolledBack) -> str:
    if rolled.asked.to is None:
        return "The manifests are followed again"
    return f"Rollback to {rolled.asked.to}"


def loss_text(loss: Loss, catalog: Catalog) -> str:
    """One sentence."""
    then, now = (with_unit(value, loss.name, catalog) for value in (loss.then, loss.now))
    match loss.lost:
        case Lost.OBJECT:
            return f"{loss.address}: the object with id {loss.then} is gone; another is made in its place"
        case Lost.DATA:
            return f"{loss.address}: what was stored on it is lost"
        case Lost.GIVEN:
            return f"{loss.address}: {loss.name} was {then}; the provider gives " + (
                f"{now} now" if loss.now is not None else "another"
            )
        case Lost.VALUE:
            return f"{loss.address}: {loss.name} was {then}, and will be {now}"


def rollback_json(report: RollbackReport) -> dict[str, Any]:
    """`{to, changed, made_again, removed, steady, left, notes, losses}`; `to` is null for the end of one."""
    rolled, to = report.rolled_back, report.rolled_back.asked.to
    return {
        "to": {"revision": to.revision, "commit": to.commit, "mark": to.mark.id} if to else None,
        "changed": sorted(map(str, rolled.changed)),
        "made_again": sorted(map(str, rolled.made_again)),
        "removed": sorted(map(str, rolled.removed)),
        "steady": rolled.steady,
        "left": [{"address": str(address), "reason": why} for address, why in rolled.left],
        "notes": list(rolled.notes),
        "losses": [
            {
                "address": str(loss.address),
                "lost": loss.lost.value,
                "name": loss.name or None,
                "then": as_json(loss.then),
                "now": as_json(loss.now),
            }
            for loss in report.losses
        ],
    }

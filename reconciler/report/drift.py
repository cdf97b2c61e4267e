"""What moved away by itself from what was applied, as JSON and as a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reconciler.manifest.source.state import SourceState
from reconciler.model.address import Address
from reconciler.model.scope import Scope, ScopePart
from reconciler.report.coverage import ObservationCoverage
from reconciler.report.lines import Page, Piece, Table, line
from reconciler.report.plain import counted
from reconciler.report.values import united
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.recorded.resources import managed_roots


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Each value that drifted, and how much of what there is was looked at for that."""

    found: tuple[views.DriftView, ...]
    coverage: ObservationCoverage


def drift_of(tx: Transaction, states: Sequence[SourceState]) -> tuple[views.DriftView, ...]:
    """The drift of what these sources declare, or declared last; without any, of everything."""
    found = views.drift(tx)
    if not states:
        return found
    names = [(state, name) for state in states for name in (state.name, *(a.name for a in state.aliases))]
    scope = Scope(tuple(ScopePart(name, state.part) for state, name in names))
    ours = {root.address for root in managed_roots(tx) if scope.covers(root.address, root.source, root.path)}
    return tuple(item for item in found if Address.parse(item.address).root in ours)


def drift_json(report: DriftReport) -> list[dict[str, Any]]:
    """Each difference with the fields of its view."""
    return [asdict(item) for item in report.found]


def drift_page(report: DriftReport) -> Page:
    """The table and a summary; without any drift a claim that goes no further than what was looked at."""
    found, coverage = report.found, report.coverage
    if found:
        yield Table(("ADDRESS", "WHAT", "APPLIED", "NOW"), tuple(map(_row, found)))
        yield line()
        places = counted(len({item.address for item in found}), "resource")
        yield line(("Drift: ", "bold yellow"), f"{places} moved away from what was applied.")
    elif coverage.troubles:
        yield line(("No drift", "bold"), " in what could be seen.")
    elif not coverage.observed:
        yield line(("No drift", "bold"), " by what was last seen; no provider was looked at.")
    else:
        yield line(("No drift. ", "bold green"), "Everything is as it was applied.")


def _row(item: views.DriftView) -> tuple[Piece, ...]:
    what = item.name or "" if item.what == "attribute" else f"{item.what} {item.name or ''}".strip()
    applied = united(item.desired, item.unit) if item.desired is not None else "(none)"
    now = united(item.recorded, item.unit) if item.recorded is not None else "(none)"
    return (item.address, "bold"), what, (applied, "green"), (now, "red")

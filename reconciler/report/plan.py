"""A plan with what is said beside it: what it was made from, and how much of what there is was observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.manifest.source.state import SourceState
from reconciler.manifest.source.where import NamedBy
from reconciler.model.catalog import Catalog
from reconciler.model.plan import Plan
from reconciler.report.coverage import ObservationCoverage
from reconciler.report.plain import counted, short_commit

_NAMED_BY: Mapping[NamedBy, str] = {
    "option": "",
    "file": "",
    "remote": ", named by its git remote",
    "path": ", named by where it is",
}


@dataclass(frozen=True, slots=True)
class View:
    """How much to show, and the catalog, which knows the units.

    `calls`: every call with its parameters; `whole`: values at full length.
    """

    catalog: Catalog
    calls: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan to be shown. `sources`: empty for the manifests as last applied; `renamed`: (old, new) names of
    sources; `saved_as`: the number of the saved plan, None if it was not saved."""

    plan: Plan
    view: View
    coverage: ObservationCoverage = field(default_factory=ObservationCoverage)
    sources: tuple[SourceState, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    saved_as: int | None = None


def sources_text(states: Sequence[SourceState]) -> str:
    """Sources in a few words: which, at which commit, what of them, and what named them."""
    return "; ".join(map(_source_text, states)) or "the manifests as last applied"


def _source_text(state: SourceState) -> str:
    commit = f" at {short_commit(state.commit)}" if state.commit else ""
    part = f"{', '.join(state.part)} of " if state.part else ""
    named_by = _NAMED_BY[state.named_by] if state.kind != "stdin" else ""
    return f"{part}{state.name}{commit} ({counted(len(state.files), 'file')}{named_by})"

"""An opened session: what the commands share that go the whole path, as plan, apply, observe and drift do.

It puts the engine's parts together. What may happen is decided by the planner and by the permit that a
person's answer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.handlers.selecting import spelt, unmatched
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, warn
from reconciler.cli.terminal.progress import Reporter
from reconciler.engine.apply import Session
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Preview
from reconciler.engine.rollback.asked import Rollback, back_to
from reconciler.engine.rollback.words import unpinned_words
from reconciler.executor.observe.endpoint import Coverage
from reconciler.planner.select import Selection
from reconciler.providers.trace import Trace
from reconciler.report.coverage import ObservationCoverage, trouble_text
from reconciler.report.plan import PlanReport, View
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.desired.sources import known_whole
from reconciler.store.history.partitions import COUNTED_STRAYS, STRAY_HINT, stray_words, strays


@dataclass(frozen=True, slots=True)
class Back:
    """What a rollback goes back to, as it was typed (None for the end of one), and what was chosen of it."""

    to: str | None
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, of what all these commands share."""

    settings: Settings
    manifests: Manifests = field(default_factory=Manifests)
    options: PlanOptions = field(default_factory=PlanOptions)
    observe: bool = True
    calls: bool = False
    keep_away: bool = False  # what is deleted stays away as long as a manifest wants it
    back: Back | None = None  # what is gone back to
    previews: bool = False  # whether it changes nothing, so that planners may do it


@dataclass(slots=True)
class Run:
    """One opened session and what shows its progress."""

    request: Request
    session: Session
    reporter: Reporter

    @property
    def view(self) -> View:
        """How much reports show: with `--verbose` all, else the calls if they were asked for."""
        settings = self.request.settings
        return View(self.session.engine.catalog, self.request.calls or settings.verbose, settings.verbose)

    def report(self, preview: Preview, saved_as: int | None = None) -> PlanReport:
        """The plan with all that is told beside it. `saved_as`: its number, if it was saved."""
        coverage = replace(
            self.coverage(preview.coverage), unmanaged=preview.unmanaged, unrecorded=preview.unrecorded
        )
        renamed = [(old, each.state.name) for each in preview.loaded for old in each.renamed]
        sources = tuple(self.session.states)
        return PlanReport(preview.plan, self.view, coverage, sources, tuple(renamed), saved_as)

    def coverage(self, endpoints: Mapping[str, Coverage]) -> ObservationCoverage:
        """The endpoints' coverage, and whether only a part of all there is was asked about."""
        chosen = self.request.options.selection
        whole = all(state.part is None and state.complete for state in self.session.states)
        return ObservationCoverage(
            endpoints, self.request.observe and self.may_look, bool(chosen) or not whole
        )

    def observe(self) -> None:
        """Settle what an earlier run left open, then see what there is, unless told not to.

        Who may only preview is given no secret to look with: what is recorded has to do.
        """
        if self.request.observe and not self.may_look:
            warn("your database role may not look at providers", "what is recorded is taken to be there")
        elif self.request.observe:
            self.recover()
            with self.reporter.showing():
                self.session.observe()

    @property
    def may_look(self) -> bool:
        """Whether the database user may speak to providers and record what they answer."""
        return self.session.engine.database.standing == "program"

    def recover(self) -> None:
        """Bring to an end what dead workers left open, and show it."""
        with self.reporter.showing():
            self.session.recover()

    def preview(self) -> Preview:
        """The plan for the sources. Warns of what was not seen and of selectors that fit nothing."""
        preview = self.session.preview()
        warn_of_troubles(preview.coverage, "what is not known there is left as it is")
        for loaded in preview.loaded:
            for text in unpinned_words(loaded.change.agreed, loaded.change.superseded):
                note(text)
        with self.session.engine.store.read() as tx:
            for selector in unmatched(tx, self.session.options.selection, preview):
                warn(f"`{selector}` fits nothing, neither in the manifests nor of what is recorded")
        return preview


def warn_of_troubles(endpoints: Mapping[str, Coverage], what_then: str) -> None:
    """Say of which endpoints not all is known, and what that means here."""
    for _, covered in sorted(endpoints.items()):
        if covered.trouble:
            warn(trouble_text(covered), what_then)


def _rollback(tx: Transaction, back: Back) -> Rollback:
    to = back_to(tx, back.to, datetime.now(UTC)) if back.to is not None else None
    return Rollback(to, spelt(back.selection, views.resource_types(tx)))


@contextmanager
def running(request: Request) -> Iterator[Run]:
    """Open the database, read the manifests, register as a worker."""
    settings = request.settings
    with (
        Trace.open(settings.trace, warn) as trace,
        Engine.open(
            settings.home, settings.database, settings.actor, check_plans=settings.check_plans, trace=trace
        ) as engine,
        engine.previewing() if request.previews else engine.working("cli") as context,
    ):
        with engine.store.read() as tx:
            known = known_whole(tx)
            reporter = Reporter(views.typical_seconds(tx))
            selection = spelt(request.options.selection, views.resource_types(tx))
            rollback = _rollback(tx, request.back) if request.back else None
            if found := strays(tx, COUNTED_STRAYS):
                warn(stray_words(found), STRAY_HINT)
        states = request.manifests.read(settings, known)
        options = replace(request.options, selection=selection)
        session = Session(engine, context, states, options, progress=reporter.progress, rollback=rollback)
        yield Run(request, session, reporter)

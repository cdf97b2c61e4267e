"""The commands that go the whole path: plan, apply, destroy, observe and drift.

They put the engine's parts together, print what it says and ask what it cannot know. What may happen is
decided by the planner and by the permit that a person's answer is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.cli.choosing import spelt, unmatched
from reconciler.cli.exit_codes import CHANGES, ExitCode
from reconciler.cli.outcomes import applied_json, exit_code, outcome_lines
from reconciler.cli.output import errors, line, note, print_json, results, warn
from reconciler.cli.plan_json import plan_json
from reconciler.cli.plan_markdown import plan_markdown
from reconciler.cli.plan_text import View, plan_lines
from reconciler.cli.progress import Reporter
from reconciler.cli.settings import Settings
from reconciler.cli.sight import Sight, trouble_text
from reconciler.cli.sources import Manifests, described
from reconciler.cli.stopping import stopping
from reconciler.engine.apply import Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Applied, Preview
from reconciler.engine.saved import keep_waiting, same_as_saved, still_good
from reconciler.errors import ConfigurationError
from reconciler.executor.observe.endpoint import Coverage
from reconciler.manifest.source.state import SourceState
from reconciler.model.plan import Action
from reconciler.planner.select import Selection, Selector
from reconciler.providers.trace import Trace
from reconciler.store import views
from reconciler.store.database.session import Actor
from reconciler.store.desired.sources import known_whole, plan_sources, wanted_by
from reconciler.store.recorded.resources import holds as holds_in_force
from reconciler.store.recorded.resources import load_recorded
from reconciler.store.work import pauses, plans
from reconciler.store.work.plans import SavedPlan

PlanFormat = Literal["text", "json", "markdown"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, of what all these commands share."""

    settings: Settings
    manifests: Manifests = field(default_factory=Manifests)
    options: PlanOptions = field(default_factory=PlanOptions)
    observe: bool = True
    calls: bool = False
    keep_away: bool = False  # what is deleted stays away as long as a manifest wants it


@dataclass(slots=True)
class Run:
    """One opened session and what shows its progress."""

    request: Request
    session: Session
    reporter: Reporter

    @property
    def sources(self) -> Sequence[SourceState]:
        return self.session.states

    @property
    def view(self) -> View:
        settings = self.request.settings
        return View(self.session.engine.catalog, self.request.calls or settings.verbose, settings.verbose)

    def sight_of(self, preview: Preview) -> Sight:
        """With what the preview saw that is not ours."""
        sight = self.sight(preview.coverage)
        return replace(sight, unmanaged=preview.unmanaged, unrecorded=preview.unrecorded)

    def sight(self, coverage: Mapping[str, Coverage]) -> Sight:
        chosen = self.request.options.selection
        whole = all(state.part is None and state.complete for state in self.sources)
        return Sight(coverage, self.request.observe, bool(chosen) or not whole)

    def observe(self) -> None:
        """Settle what an earlier run left open, then see what there is, unless told not to."""
        if self.request.observe:
            self.recover()
            with self.reporter.showing():
                self.session.observe()

    def recover(self) -> None:
        with self.reporter.showing():
            self.session.recover()

    def preview(self) -> Preview:
        preview = self.session.preview()
        _warn_of_troubles(preview)
        with self.session.engine.store.read() as tx:
            for selector in unmatched(tx, self.session.options.selection, preview):
                warn(f"`{selector}` fits nothing, neither in the manifests nor of what is recorded")
        return preview


@contextmanager
def running(request: Request) -> Iterator[Run]:
    """Open the database, read the manifests, register as a worker."""
    settings = request.settings
    with (
        Trace.open(settings.trace, warn) as trace,
        Engine.open(
            settings.home, settings.database, settings.actor, check_plans=settings.check_plans, trace=trace
        ) as engine,
        engine.working("cli") as context,
    ):
        with engine.store.read() as tx:
            known = known_whole(tx)
            reporter = Reporter(views.typical_seconds(tx))
            selection = spelt(request.options.selection, views.resource_types(tx))
        states = request.manifests.read(settings, known)
        options = replace(request.options, selection=selection)
        yield Run(request, Session(engine, context, states, options, progress=reporter.progress), reporter)


def plan(request: Request, form: PlanFormat, *, save: bool, detailed: bool) -> int:
    """Show what would be done; gives the exit code."""
    with running(request) as run:
        run.observe()
        preview = run.preview()
        saved = run.session.save(preview) if save and preview.plan else None
        _show(run, preview, form, saved)
    partly = any(covered.trouble for covered in preview.coverage.values())
    differs = bool(preview.plan or preview.plan.blocked)
    return ExitCode.FAILED if partly else CHANGES if detailed and differs else 0


def _show(run: Run, preview: Preview, form: PlanFormat, saved: int | None) -> None:
    plan, sight = preview.plan, run.sight_of(preview)
    match form:
        case "json":
            print_json(plan_json(plan, run.view.catalog, run.sources, sight, saved))
        case "markdown":
            sys.stdout.write(plan_markdown(plan, run.view, described(run.sources), sight))
        case _:
            _show_text(run, preview)
    if saved is not None:
        note(f"Saved as plan {saved} (hash {plan.hash()[:12]}).")
        if plan.needs_approval:
            note(("  → ", "cyan"), f"to approve it: reconciler approve {saved}")
        note(("  → ", "cyan"), f"to apply it as it is: reconciler apply --plan {saved}")


def _show_text(run: Run, preview: Preview) -> None:
    results().print(line(("Plan for ", "dim"), (described(run.sources), "dim")))
    for loaded in preview.loaded:
        for old in loaded.renamed:
            results().print(line((f"The source {old} is called {loaded.state.name} from now on.", "cyan")))
    results().print()
    for text in plan_lines(preview.plan, run.view, run.sight_of(preview)):
        results().print(text)


def _warn_of_troubles(preview: Preview) -> None:
    for _, covered in sorted(preview.coverage.items()):
        if covered.trouble:
            warn(trouble_text(covered), "what is not known there is left as it is")


def apply(request: Request, *, yes: bool, form: Literal["text", "json"]) -> int:
    """Make it so, after asking or by what needs no asking; gives the exit code."""
    if not yes:
        _require_terminal(request)
    destroy = request.options.destroy
    with running(request) as run:
        run.observe()
        if not request.observe:
            run.recover()  # to act on what is recorded, what a dead worker left open has to be known
        preview = run.preview() if not yes or destroy or form == "text" else None
        permit = Permit()
        if preview is not None and (not yes or form == "text"):
            permit = Permit.shown(preview.plan)
            _show_text(run, preview)
        if preview is not None and destroy and not request.keep_away:
            _say_wanted(run, preview)
        if preview is not None and not yes:
            if preview.plan and not _agreed(destroy):
                note("Nothing was changed.")
                return ExitCode.FAILED
            permit = Permit.for_plan(preview.plan)
        if preview is not None and request.keep_away:
            return _delete(run, preview, permit, form)
        return _carry_out(run, permit, form)


_KEPT_AWAY = "deleted by hand although a manifest wants it"


def _delete(run: Run, preview: Preview, permit: Permit, form: Literal["text", "json"]) -> int:
    """Carry out a deletion; what a manifest wants of it is held, so that nobody makes it again."""
    store, actor = run.session.engine.store, run.session.engine.actor
    who = Actor(actor, "delete", "manual")
    addresses = {step.address for step in preview.plan.steps if step.action is Action.DELETE}
    declared = {a for each in preview.loaded for a in (*each.set.desired, *each.set.unchanged)}
    named = {each.address for each in run.session.options.selection.targets if each.address is not None}
    with store.transaction(who) as tx:
        # What is named and gone already is to stay away just as well.
        absent = (named or declared) - load_recorded(tx, named or declared, run.session.engine.catalog).keys()
        addresses |= absent - {hold.address for hold in holds_in_force(tx) if hold.while_wanted}
        wanted = sorted(declared.intersection(addresses) | wanted_by(tx, addresses).keys())
        holds = {a: pauses.hold(tx, actor, _KEPT_AWAY, address=a, while_wanted=True) for a in wanted}
    try:
        return _carry_out(run, permit, form)
    finally:
        with store.transaction(who) as tx:
            there = load_recorded(tx, wanted, run.session.engine.catalog)
            for address in there:
                pauses.release(tx, str(holds[address]))  # it was not deleted after all
        for address in holds.keys() - there.keys():
            note(f"{address} is not made again, although a manifest wants it.")
            note(
                ("  → ", "cyan"),
                f"remove its manifest too; to have it back: reconciler release {address}",
            )


def _say_wanted(run: Run, preview: Preview) -> None:
    """Whose manifests will make again what is destroyed, and how it stays away."""
    addresses = [step.address for step in preview.plan.steps if step.action is Action.DELETE]
    with run.session.engine.store.read() as tx:
        wishes = wanted_by(tx, addresses)
    for source in sorted({wish.source for wish in wishes.values()}):
        mine = {address: wish for address, wish in wishes.items() if wish.source == source}
        first = min(mine)
        more = f", as {len(mine) - 1} more" if len(mine) > 1 else ""
        warn(
            f"{first} is declared by the source {mine[first]}{more}: its next apply makes it again",
            f"remove its manifest too, or keep it away: reconciler delete {first}",
        )


def _require_terminal(request: Request) -> None:
    if not sys.stdin.isatty():
        what = "destroy" if request.options.destroy else "apply"
        raise ConfigurationError(
            "there is no terminal to ask at, and --yes was not given; nothing was changed",
            hint=f"{what} --yes does what needs no approval; or save a plan and apply that",
        )


def _agreed(destroy: bool) -> bool:
    """A person's answer; anything but `yes` is no."""
    question = "Destroy what is listed above" if destroy else "Do what is listed above"
    results().print()
    try:
        return results().input(line((f"{question}? ", "bold"), "Only `yes` is a yes: ")).strip() == "yes"
    except EOFError:
        results().print()
        return False


def _carry_out(run: Run, permit: Permit, form: Literal["text", "json"]) -> int:
    if form == "text":
        errors().print()
    with stopping(run.session.stop, run.reporter.stop), run.reporter.showing():
        applied = run.session.apply(permit)
    options = run.session.options
    chosen = options.selection
    partly = bool(chosen) or options.destroy
    whole = not partly and (options.everything or options.scope is None)
    kept = keep_waiting(run.session.engine, applied, run.session.context.revision, whole=whole)
    saved = kept.number
    if form == "json":
        print_json(applied_json(applied, saved))
    else:
        for text in outcome_lines(applied, run.sight(applied.coverage)):
            results().print(text)
        _say_withheld(applied, saved)
    return exit_code(applied, interrupted=run.session.stop.is_set())


def _say_withheld(applied: Applied, saved: int | None) -> None:
    if saved is None:
        return
    note()
    note(("Waits for an approval:", "bold magenta"))
    for reason in applied.left.approvals:
        note("  ", reason)
    for changed in applied.left.inventory:
        note("  ", (str(changed), "bold"), f": {'; '.join(changed.approvals)}")
    for step in applied.withheld:
        if step.approvals or not applied.left.approvals:
            why = "; ".join(step.approvals) or "goes with what needs one"
            note("  ", (str(step.address), "bold"), f" ({step.action.value}): {why}")
    note(("  → ", "cyan"), f"approve it with `reconciler approve {saved}`, then run this again")


def apply_saved(request: Request, word: str, form: Literal["text", "json"]) -> int:
    """Apply a saved plan exactly as it was saved, or not at all; gives the exit code."""
    settings = request.settings
    with Engine.open(settings.home, settings.database, settings.actor) as engine, engine.store.read() as tx:
        saved = plans.find_plan(tx, word)
        made_from = plan_sources(tx, saved.id)
    still_good(saved, "applied")
    manifests = request.manifests
    if not manifests.given and made_from:
        trusted = request.manifests.trust_inventory
        manifests = replace(Manifests.again(made_from), trust_inventory=trusted)
    request = replace(request, manifests=manifests, options=_only(saved, request.options))
    with running(request) as run:
        run.observe()
        preview = run.preview()
        same_as_saved(saved, preview.plan)
        code = _carry_out(run, Permit.for_saved(saved), form)
        run.session.close_saved(saved.id, done=code in (ExitCode.DONE, ExitCode.LEFT))
        return code


def _only(saved: SavedPlan, options: PlanOptions) -> PlanOptions:
    """A saved plan says itself what was selected: its own steps and nothing else."""
    selection = Selection(tuple(Selector(address=a) for a in sorted(saved.steps)), nothing=not saved.steps)
    return replace(options, selection=selection, everything=True)

"""The commands that go the whole path: plan, apply, destroy, observe and drift.

They put the engine's parts together, print what it says and ask what it cannot know. What may happen is
decided by the planner and by the permit that a person's answer is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.cli.choosing import spelt, unmatched
from reconciler.cli.failures import FAILED
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
from reconciler.engine.apply import Applied, Preview, Session
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.errors import ConfigurationError, PlanError, StalePlanError
from reconciler.executor.look import Look
from reconciler.manifest.sources import SourceState
from reconciler.planner.select import Selection, Selector
from reconciler.store import plans, views
from reconciler.store.plans import SavedPlan

CHANGES = 2
"""Exit code of `--detailed-exitcode` where something differs."""

PlanFormat = Literal["text", "json", "markdown"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, of what all these commands share."""

    settings: Settings
    manifests: Manifests = field(default_factory=Manifests)
    options: PlanOptions = field(default_factory=PlanOptions)
    observe: bool = True
    calls: bool = False


@dataclass(slots=True)
class Run:
    """One opened session and what shows its progress."""

    request: Request
    session: Session
    reporter: Reporter

    @property
    def source(self) -> SourceState | None:
        return self.session.states[-1] if self.session.states else None

    @property
    def view(self) -> View:
        settings = self.request.settings
        return View(self.session.engine.catalog, self.request.calls or settings.verbose, settings.verbose)

    def sight(self, looks: Mapping[str, Look]) -> Sight:
        chosen = self.request.options.selection
        return Sight(looks, self.request.observe, bool(chosen.targets or chosen.excludes))

    def look(self) -> None:
        """Settle what an earlier run left open, then see what there is, unless told not to."""
        if not self.request.observe:
            return
        with self.reporter.showing():
            self.session.recover()
            self.session.observe()

    def preview(self) -> Preview:
        preview = self.session.preview()
        _warn_of_troubles(preview)
        with self.session.engine.store.read() as tx:
            for selector in unmatched(tx, self.session.options.selection, preview):
                warn(f"`{selector}` fits nothing, neither in the manifests nor of what is recorded")
        return preview


@contextmanager
def running(request: Request) -> Iterator[Run]:
    """Read the manifests, open the database, register as a worker."""
    state = request.manifests.read(request.settings)
    settings = request.settings
    with (
        Engine.open(settings.home, settings.database, settings.actor) as engine,
        engine.working("cli") as context,
    ):
        with engine.store.read() as tx:
            reporter = Reporter(views.typical_seconds(tx))
            selection = spelt(request.options.selection, views.resource_types(tx))
        states = [state] if state else []
        options = replace(request.options, selection=selection)
        yield Run(request, Session(engine, context, states, options, progress=reporter.progress), reporter)


def plan(request: Request, form: PlanFormat, *, save: bool, detailed: bool) -> int:
    """Show what would be done; gives the exit code."""
    with running(request) as run:
        run.look()
        preview = run.preview()
        saved = run.session.save(preview) if save and preview.plan.steps else None
        _show(run, preview, form, saved)
    partly = any(look.trouble for look in preview.looks.values())
    differs = bool(preview.plan.steps or preview.plan.blocked)
    return FAILED if partly else CHANGES if detailed and differs else 0


def _show(run: Run, preview: Preview, form: PlanFormat, saved: int | None) -> None:
    plan, sight = preview.plan, run.sight(preview.looks)
    match form:
        case "json":
            print_json(plan_json(plan, run.view.catalog, run.source, preview.looks, saved))
        case "markdown":
            sys.stdout.write(plan_markdown(plan, run.view, described(run.source), sight))
        case _:
            _show_text(run, preview)
    if saved is not None:
        note(f"Saved as plan {saved} (hash {plan.hash()[:12]}).")
        if plan.approvals or any(step.approvals for step in plan.steps):
            note(("  → ", "cyan"), f"to approve it: reconciler approve {saved}")
        note(("  → ", "cyan"), f"to apply it as it is: reconciler apply --plan {saved}")


def _show_text(run: Run, preview: Preview) -> None:
    results().print(line(("Plan for ", "dim"), (described(run.source), "dim")))
    results().print()
    for text in plan_lines(preview.plan, run.view, run.sight(preview.looks)):
        results().print(text)


def _warn_of_troubles(preview: Preview) -> None:
    for _, look in sorted(preview.looks.items()):
        if look.trouble:
            warn(trouble_text(look), "what is not known there is left as it is")


def apply(request: Request, *, yes: bool, form: Literal["text", "json"]) -> int:
    """Make it so, after asking or by what needs no asking; gives the exit code."""
    if not yes:
        _require_terminal(request)
    with running(request) as run:
        run.look()
        if yes:
            if form == "text":
                _show_text(run, run.preview())
            permit = Permit()
        else:
            preview = run.preview()
            _show_text(run, preview)
            if preview.plan.steps and not _agreed(request.options.destroy):
                note("Nothing was changed.")
                return FAILED
            permit = Permit.for_plan(preview.plan)
        return _carry_out(run, permit, form)


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
    saved = _save_withheld(run, applied)
    if form == "json":
        print_json(applied_json(applied, saved))
    else:
        for text in outcome_lines(applied, run.sight(applied.looks)):
            results().print(text)
        _say_withheld(applied, saved)
    return exit_code(applied, interrupted=run.session.stop.is_set())


def _save_withheld(run: Run, applied: Applied) -> int | None:
    """What waits for an approval is saved, so that there is something to approve."""
    if not applied.withheld:
        return None
    return run.session.save(Preview(applied.left, applied.looks, applied.loaded))


def _say_withheld(applied: Applied, saved: int | None) -> None:
    if saved is None:
        return
    note()
    note(("Waits for an approval:", "bold magenta"))
    for reason in applied.left.approvals:
        note("  ", reason)
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
        source = views.source(tx, saved.source) if saved.source else None
    if saved.status != "saved":
        raise no_longer(saved, "applied")
    manifests = request.manifests
    if not manifests.given and source is not None:
        trusted = request.manifests.trust_inventory
        manifests = replace(Manifests.again(source), trust_inventory=trusted)
    request = replace(request, manifests=manifests, options=_only(saved, request.options))
    with running(request) as run:
        run.look()
        preview = run.preview()
        _same(saved, preview)
        code = _carry_out(run, Permit(exactly=frozenset(saved.steps.values())), form)
        run.session.close_saved(saved.id, done=code == 0)
        return code


def no_longer(saved: SavedPlan, what: str) -> PlanError:
    """That a plan had its time."""
    why = {"applied": "it was applied already", "failed": "it was applied, and some of it failed"}
    said = why.get(saved.status, f"it is {saved.status}")
    return PlanError(f"plan {saved.id} cannot be {what}: {said}", hint="plan again")


def _only(saved: SavedPlan, options: PlanOptions) -> PlanOptions:
    """A saved plan says itself what was selected: its own steps and nothing else."""
    return replace(options, selection=Selection(tuple(Selector(address=a) for a in sorted(saved.steps))))


def _same(saved: SavedPlan, preview: Preview) -> None:
    """Raises StalePlanError, before anything is changed, where what the plan rests on moved since.

    A step's hash covers its manifest and its resource's version; what other manifests say is no matter.
    """
    now = {step.hash() for step in preview.plan.steps}
    moved = sorted(str(address) for address, found in saved.steps.items() if found not in now)
    if moved:
        raise StalePlanError(
            f"plan {saved.id} is out of date; nothing was changed: other than saved is {', '.join(moved)}",
            hint="what it rests on has changed since: plan again",
        )

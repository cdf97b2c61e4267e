"""`apply` and `destroy`: plan, show, ask, carry out, and say what came of it; or a saved plan, exactly so."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Literal

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.destroy import kept_away, warn_of_wanted
from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.handlers.session import Request, Run, running
from reconciler.cli.terminal.output import note, print_json, show
from reconciler.cli.terminal.prompts import agreed, require_terminal
from reconciler.cli.terminal.stopping import stopping
from reconciler.engine.approval import Permit
from reconciler.engine.engine import Engine
from reconciler.engine.planning import PlanOptions
from reconciler.engine.saved import keep_waiting, same_as_saved, still_good
from reconciler.planner.select import Selection, Selector
from reconciler.report.outcome import ApplyReport, outcome_json, outcome_page, verdict, withheld_lines
from reconciler.report.plan_lines import plan_lines
from reconciler.store.desired.sources import plan_sources
from reconciler.store.work import plans
from reconciler.store.work.plans import SavedPlan

Form = Literal["text", "json"]


def apply(request: Request, *, yes: bool, form: Form) -> int:
    """Make it so, after asking or by what needs no asking; gives the exit code."""
    destroy = request.options.destroy
    if not yes:
        require_terminal("destroy" if destroy else "apply")
    with running(request) as run:
        run.observe()
        if not request.observe:
            run.recover()  # to act on what is recorded, what a dead worker left open has to be known
        if yes and not destroy and form == "json":
            return carry_out(run, Permit(), form)
        preview, permit = run.preview(), Permit()
        if not yes or form == "text":
            permit = Permit.shown(preview.plan)
            show(plan_lines(run.report(preview)))
        if destroy and not request.keep_away:
            warn_of_wanted(run, preview)
        if not yes:
            question = "Destroy what is listed above" if destroy else "Do what is listed above"
            if preview.plan and not agreed(question):
                note("Nothing was changed.")
                return ExitCode.FAILED
            permit = Permit.for_plan(preview.plan)
        with kept_away(run, preview) if request.keep_away else nullcontext():
            return carry_out(run, permit, form)


def carry_out(run: Run, permit: Permit, form: Form) -> int:
    """Apply what the permit allows, keep what waits, and say what came of it; gives the exit code."""
    if form == "text":
        note()
    with stopping(run.session.stop, run.reporter.stop), run.reporter.showing():
        applied = run.session.apply(permit)
    options = run.session.options
    partly = bool(options.selection) or options.destroy
    whole = not partly and (options.everything or options.scope is None)
    kept = keep_waiting(run.session.engine, applied, run.session.context.revision, whole=whole)
    report = ApplyReport(applied, run.coverage(applied.coverage), kept.number)
    if form == "json":
        print_json(outcome_json(report))
    else:
        show(outcome_page(report))
        for text in withheld_lines(report):
            note(*text.pieces)
    return ExitCode.INTERRUPTED if run.session.stop.is_set() else ExitCode[verdict(applied).name]


def apply_saved(request: Request, word: str, form: Form) -> int:
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
        code = carry_out(run, Permit.for_saved(saved), form)
        run.session.close_saved(saved.id, done=code in (ExitCode.DONE, ExitCode.LEFT))
        return code


def _only(saved: SavedPlan, options: PlanOptions) -> PlanOptions:
    """A saved plan says itself what was selected: its own steps and nothing else."""
    selection = Selection(tuple(Selector(address=a) for a in sorted(saved.steps)), nothing=not saved.steps)
    return replace(options, selection=selection, everything=True)

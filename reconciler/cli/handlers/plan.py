"""`plan`: what would be done, shown, and kept if that was asked for."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Literal

from reconciler.cli.exit_codes import CHANGES, ExitCode
from reconciler.cli.handlers.session import Request, running
from reconciler.cli.terminal.output import hint, note, print_json, show
from reconciler.report.plan import PlanReport
from reconciler.report.plan_json import plan_json
from reconciler.report.plan_lines import plan_lines
from reconciler.report.plan_markdown import plan_markdown

PlanFormat = Literal["text", "json", "markdown"]


def plan(request: Request, form: PlanFormat, *, save: bool, detailed: bool) -> int:
    """Show what would be done; gives the exit code."""
    with running(replace(request, previews=True)) as run:
        database = run.session.engine.database
        database.require("program" if save else "planner", "save a plan" if save else "preview")
        run.observe()
        preview = run.preview()
        saved = run.session.save(preview) if save and preview.plan else None
        report = run.report(preview, saved)
        _show(report, form)
    differs = bool(report.plan or report.plan.blocked)
    if report.coverage.troubles:
        return ExitCode.FAILED
    return CHANGES if detailed and differs else ExitCode.DONE


def _show(report: PlanReport, form: PlanFormat) -> None:
    match form:
        case "json":
            print_json(plan_json(report))
        case "markdown":
            sys.stdout.write(plan_markdown(report))
        case _:
            show(plan_lines(report))
    if report.saved_as is not None:
        note(f"Saved as plan {report.saved_as} (hash {report.plan.hash()[:12]}).")
        if report.plan.needs_approval:
            hint(f"to approve it: reconciler approve {report.saved_as}")
        hint(f"to apply it as it is: reconciler apply --plan {report.saved_as}")

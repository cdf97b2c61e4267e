"""`rollback`: show what would be again as it was and what does not come back, ask, and carry it out."""

from __future__ import annotations

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.apply import Form, carry_out
from reconciler.cli.handlers.session import Request, Run, running
from reconciler.cli.terminal.output import note, print_json, show
from reconciler.cli.terminal.prompts import agreed, require_terminal
from reconciler.engine.approval import Permit
from reconciler.engine.results import Preview
from reconciler.engine.rollback.losses import losses
from reconciler.report.plan_json import plan_json
from reconciler.report.plan_lines import plan_lines
from reconciler.report.rollback import RollbackReport, rollback_json, rollback_lines


def rollback(request: Request, *, yes: bool, dry_run: bool, form: Form) -> int:
    """Go back, after asking or by what needs no asking; gives the exit code."""
    if not yes and not dry_run:
        require_terminal("rollback")
    with running(request) as run:
        run.observe()
        if not request.observe:
            run.recover()
        preview = run.preview()
        report = _report(run, preview)
        if form == "text":
            show(rollback_lines(report))
            show(plan_lines(run.report(preview)))
        elif dry_run:
            print_json({"rollback": rollback_json(report), "plan": plan_json(run.report(preview))})
        if dry_run:
            return ExitCode.DONE
        permit = Permit.shown(preview.plan)
        if not yes:
            if not agreed("Go back to what is listed above"):
                note("Nothing was changed.")
                return ExitCode.FAILED
            permit = Permit.for_plan(preview.plan)
        return carry_out(run, permit, form)


def _report(run: Run, preview: Preview) -> RollbackReport:
    rolled = preview.rolled_back
    if rolled is None:  # `running` asked for one
        raise AssertionError("a rollback without one")
    with run.session.engine.store.read() as tx:
        lost = losses(tx, run.session.engine.catalog, preview.plan, rolled)
    return RollbackReport(rolled, lost, run.session.engine.catalog)

"""`rollback`: show what would be again as it was and what does not come back, ask, and carry it out."""

from __future__ import annotations

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.apply import Form, carry_out
from reconciler.cli.handlers.manifests_follow import Following, check_following, manifests_follow
from reconciler.cli.handlers.session import Request, Run, running
from reconciler.cli.terminal.output import note, print_json, show
from reconciler.cli.terminal.prompts import agreed, require_terminal
from reconciler.engine.approval import Permit
from reconciler.engine.results import Preview
from reconciler.engine.rollback.losses import losses
from reconciler.report.plan_json import plan_json
from reconciler.report.plan_lines import plan_lines
from reconciler.report.rollback import RollbackReport, rollback_json, rollback_lines


def rollback(request: Request, following: Following, *, yes: bool, dry_run: bool, form: Form) -> int:
    """Go back, after asking or by what needs no asking, and let the manifests follow; gives the exit code."""
    if not yes and not dry_run:
        require_terminal("rollback")
    with running(request) as run:
        run.observe()
        if not request.observe and not dry_run:
            run.recover()
        preview = run.preview()
        report = _report(run, preview)
        _show(run, preview, report, form, dry_run=dry_run)
        planned = run.session.rollback
        if following and not dry_run and planned is not None:
            check_following(run, following, report.rolled_back.chosen, planned)
        code = ExitCode.DONE if dry_run else _carry_out(run, preview, form, yes=yes)
        planned = planned if dry_run else None
        if following and code in (ExitCode.DONE, ExitCode.LEFT):
            manifests_follow(run, following, report.rolled_back.chosen, planned)
        return code


def follow_only(request: Request, following: Following) -> int:
    """Let the manifests follow what is rolled back already."""
    with running(request) as run:
        targets = run.session.options.selection.targets
        chosen = frozenset(each.address for each in targets if each.address is not None)
        manifests_follow(run, following, chosen or None, None)
    return ExitCode.DONE


def _carry_out(run: Run, preview: Preview, form: Form, *, yes: bool) -> int:
    permit = Permit.shown(preview.plan)
    if not yes:
        if not agreed("Go back to what is listed above"):
            note("Nothing was changed.")
            return ExitCode.FAILED
        permit = Permit.for_plan(preview.plan)
    return carry_out(run, permit, form)


def _show(run: Run, preview: Preview, report: RollbackReport, form: Form, *, dry_run: bool) -> None:
    if form == "text":
        show(rollback_lines(report))
        show(plan_lines(run.report(preview)))
    elif dry_run:
        print_json({"rollback": rollback_json(report), "plan": plan_json(run.report(preview))})


def _report(run: Run, preview: Preview) -> RollbackReport:
    rolled = preview.rolled_back
    assert rolled is not None  # noqa: S101 - `running` asked for one
    with run.session.engine.store.read() as tx:
        lost = losses(tx, run.session.engine.catalog, preview.plan, rolled)
    return RollbackReport(rolled, lost, run.session.engine.catalog)

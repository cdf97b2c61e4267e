"""`observe`: looking at endpoints, recording what is there, and saying what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.session import Request, running
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, print_data, show, warn
from reconciler.engine.observing import observe_all
from reconciler.executor.observe.endpoint import Coverage
from reconciler.report.coverage import coverage_json, coverage_page, trouble_text


def observe(settings: Settings, names: list[str], output: Format, *, accept_empty: bool) -> int:
    """Look, record, and print what came of it; gives the exit code."""
    with running(Request(settings)) as run:
        context = run.session.context
        for name in names:
            context.connections.to(name)  # raises PlanError for one that there is not
        with run.reporter.showing():
            if accept_empty:  # what was left open there waits for the very same word
                run.session.recover(names or context.connections.endpoints)
            coverage = observe_all(context, names or None, accept_empty=accept_empty)
    if not print_data([coverage_json(covered) for _, covered in sorted(coverage.items())], output):
        show(coverage_page(coverage))
        _warn(coverage)
    return ExitCode.FAILED if any(covered.trouble for covered in coverage.values()) else ExitCode.DONE


def _warn(coverage: Mapping[str, Coverage]) -> None:
    for _, covered in sorted(coverage.items()):
        if covered.trouble:
            gone = covered.unknown and not covered.blind
            hint = f"if all of it is really gone: reconciler observe {covered.endpoint} --accept-empty"
            warn(trouble_text(covered), hint if gone else "")

"""`drift`: what moved away by itself from what was applied."""

from __future__ import annotations

from reconciler.cli.exit_codes import CHANGES, ExitCode
from reconciler.cli.handlers.manifests import Manifests
from reconciler.cli.handlers.session import Request, running, warn_of_troubles
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import Format, print_data, show, warn
from reconciler.engine.rollback.words import pinned_words
from reconciler.report.drift import DriftReport, drift_json, drift_of, drift_page
from reconciler.store.desired.pins import live_pins


def drift(settings: Settings, output: Format, manifests: Manifests, *, observe: bool, detailed: bool) -> int:
    """Print what is not as it was applied; gives the exit code."""
    with running(Request(settings, manifests, observe=observe, previews=True)) as run:
        run.observe()
        warn_of_troubles(run.session.coverage, "what is not known there is not in this list")
        with run.session.engine.store.read() as tx:
            found = drift_of(tx, run.session.states)
            pinned = pinned_words(live_pins(tx))
        report = DriftReport(found, run.coverage(run.session.coverage))
        may_preview = run.session.engine.database.standing != "reader"
        otherwise = run.session.preview().plan.since_creation if may_preview else ()
    if not print_data(drift_json(report), output):
        show(drift_page(report))
    for text in (*otherwise, *pinned):
        warn(text)
    if report.coverage.troubles:
        return ExitCode.FAILED
    return CHANGES if detailed and found else ExitCode.DONE

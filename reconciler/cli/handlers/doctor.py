"""`db doctor`: what is wrong in the database, why it matters, and what to do about it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import asdict
from typing import Literal

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, print_json, say
from reconciler.report.plain import counted
from reconciler.store.care.checks import CHECKS
from reconciler.store.care.doctor import Finding, examine
from reconciler.store.database.opening import admin_url


def doctor(settings: Settings, form: Literal["text", "json"], *, mend: bool) -> int:
    """Print what is wrong; gives the exit code, a failure where something is. Raises as `examine` does."""
    address, server = admin_url(settings.database, settings.home)
    with closing(server) if server else nullcontext():
        found = examine(address, mend=mend)
    left = [finding for finding in found if not finding.mended]
    if form == "json":
        print_json(
            {"checks": ["migrations", *(check.name for check in CHECKS)], "findings": [*map(asdict, found)]}
        )
    else:
        _page(found, left)
    return ExitCode.FAILED if left else ExitCode.DONE


def _page(found: tuple[Finding, ...], left: list[Finding]) -> None:
    told = ""
    for finding in found:
        if finding.check != told:
            say((f"{finding.check}: ", "bold"), finding.why)
            hint(finding.mend)
            told = finding.check
        style = ("  mended: ", "green") if finding.mended else ("  ! ", "bold red")
        say(style, f"{finding.where}: {finding.what}")
    if left:
        say((counted(len(left), "finding"), "bold red"), f" by {len(CHECKS) + 1} checks.")
    else:
        outcome = "all that was found is mended." if found else "nothing wrong was found."
        say(("Healthy: ", "bold green"), f"{len(CHECKS) + 1} checks, and {outcome}")

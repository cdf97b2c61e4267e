"""`readopt`: look, show what is taken back and what is left, ask, and do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.session import Request, Run, running, warn_of_troubles
from reconciler.cli.terminal.output import hint, note, print_json, say, show
from reconciler.cli.terminal.prompts import agreed, require_terminal
from reconciler.engine.readopting import look_for_ours
from reconciler.engine.readopting import readopt as take_back
from reconciler.executor.observe.readopt import Found
from reconciler.report.plain import counted
from reconciler.report.readopting import readopting_json, readopting_page


def readopt(request: Request, *, yes: bool, form: Literal["text", "json"]) -> int:
    """Take back what a person agrees to; gives the exit code, a failure where not all could be seen."""
    if not yes:
        require_terminal("readopt")
    with running(request) as run:
        with run.reporter.showing():
            found = look_for_ours(run.session)
        if form == "text":
            show(readopting_page(found))
            warn_of_troubles(run.session.coverage, "what is there is not known: the hold stays")
        if not yes and not agreed("Take back what is listed, and end the hold of the restoring"):
            note("Nothing was taken back, and the hold stays. The manifests are recorded.")
            return ExitCode.FAILED
        return _carry_out(run, found, form)


def _carry_out(run: Run, found: Sequence[Found], form: Literal["text", "json"]) -> int:
    done = take_back(run.session, found)
    seen = not any(each.coverage.trouble for each in found)
    if form == "json":
        print_json(readopting_json(found, done))
        return ExitCode.DONE if seen else ExitCode.FAILED
    say(("Taken back: ", "bold green"), counted(len(done.addresses), "object"))
    if not seen:
        note("Everything stays held, because not everything could be seen.")
        hint("put right what is named above and run this again; or look yourself: reconciler release NUMBER")
        return ExitCode.FAILED
    note("The hold was ended." if done.released else "Nothing was held because of a restoring.")
    hint("reconciler plan shows what still differs")
    return ExitCode.DONE

"""`forget` and `source forget`: ceasing to manage something, whose object stays as it is."""

from __future__ import annotations

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.handlers.opening import acting, opened, parsed
from reconciler.cli.handlers.session import Request, running
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import hint, note, say
from reconciler.engine.forgetting import forget as forget_one
from reconciler.executor.steps.outcome import Result
from reconciler.report.words import counted, outcome_text
from reconciler.store.desired import sources

_SOME = 20  # addresses that are listed one by one


def forget(settings: Settings, text: str) -> int:
    """Cease to manage a resource, whose object stays; fails where that could not be done.

    Raises PlanError where nothing is managed at the address, or a manifest wants it.
    """
    address = parsed(text)
    with running(Request(settings)) as run:
        outcome = forget_one(run.session, address)
    say((str(address), "bold"), f": {outcome_text(outcome)}")
    if outcome.hint:
        hint(outcome.hint)
    return ExitCode.DONE if outcome.result is Result.DONE else ExitCode.FAILED


def forget_source(settings: Settings, name: str, *, release: bool) -> int:
    """Give up a source, and with `release` its resources; fails where one of them could not be."""
    actor = acting(settings, f"source {name} forgotten")
    with opened(settings) as store, store.transaction(actor) as tx:
        left = sources.forget(tx, name)
    say(("Forgotten: ", "bold green"), f"the source {name}; nothing is deleted because of it.")
    if not left:
        return ExitCode.DONE
    if not release:
        note(f"{counted(len(left), 'resource')} of it stay managed, and no manifest wants them:")
        for address in left[:_SOME]:
            note(f"  {address}")
        if len(left) > _SOME:
            note(f"  and {len(left) - _SOME} more; `reconciler get all -o wide` shows them without a source")
        hint("declare them in another source; or: reconciler forget ADDRESS")
        return ExitCode.DONE
    failed = 0
    with running(Request(settings)) as run:
        for address in left:
            outcome = forget_one(run.session, address)
            say((str(address), "bold"), f": {outcome_text(outcome)}")
            failed += outcome.result is not Result.DONE
    return ExitCode.FAILED if failed else ExitCode.DONE

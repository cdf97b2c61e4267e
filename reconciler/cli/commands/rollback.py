"""`rollback`: back to what manifests said, and what becomes of the manifests."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def rollback(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SEL...]", help="Only this: an address, type=T, endpoint=E, tag=KEY or tag=KEY=VALUE."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="T",
            help="Back to what: a revision, a commit, or a time as in 'tue 14:00', '2 hours ago'.",
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="End a rollback instead: follow the manifests again.")
    ] = False,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="KEY[=VALUE]", help="Also what carries a tag, or did."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and what does not come back; change nothing.")
    ] = False,
    yes: o.Yes = False,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: o.TextOrJson = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Go back to what manifests said, of everything or of what is named.

    It is an ordinary plan, with its guards and approvals; what cannot come back is listed. What is rolled
    back stays so until its manifest agrees, or says something new.
    """
    from dataclasses import replace

    from reconciler.cli.handlers.rollback import rollback as run
    from reconciler.cli.handlers.selecting import selection
    from reconciler.cli.handlers.session import Back, Request

    if (to is None) == (not undo):
        raise typer.BadParameter("name one of the two: --to T, or --undo")
    chosen = selection([*(addresses or ()), *(f"tag={label}" for label in labels or ())], ())
    wanted = replace(o.plan_options(None, None, max_destroy), everything=True)
    request = Request(
        settings_of(context),
        options=wanted,
        observe=not no_observe,
        calls=calls,
        previews=dry_run,
        back=Back(to, chosen),
    )
    raise typer.Exit(run(request, yes=yes, dry_run=dry_run, form=output))

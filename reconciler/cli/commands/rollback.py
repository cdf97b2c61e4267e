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
    patch: Annotated[
        str | None,
        typer.Option("--patch", metavar="FILE", help="Write what the manifests have to say; - is stdout."),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option("--branch", metavar="NAME", help="Commit that on a new branch where they are."),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", metavar="PATH", help="Where they are, if not where they were read."),
    ] = None,
    yes: o.Yes = False,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: o.TextOrJson = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Go back to what manifests said, of everything or of what is named.

    It is an ordinary plan, with its guards and approvals; what cannot come back is listed. What is rolled
    back stays so until its manifest agrees, or says something new. With --patch or --branch alone, only the
    manifests follow what is rolled back already.
    """
    from dataclasses import replace

    from reconciler.cli.handlers.manifests_follow import Following
    from reconciler.cli.handlers.rollback import follow_only
    from reconciler.cli.handlers.rollback import rollback as run
    from reconciler.cli.handlers.selecting import selection
    from reconciler.cli.handlers.session import Back, Request

    following = Following(patch, branch, tuple(files or ()))
    chosen = selection([*(addresses or ()), *(f"tag={label}" for label in labels or ())], ())
    if to is None and not undo and following:
        only = o.plan_options(addresses, None, None)
        raise typer.Exit(follow_only(Request(settings_of(context), options=only), following))
    if (to is None) == (not undo):
        raise typer.BadParameter("name one of the two: --to T, or --undo")
    wanted = replace(o.plan_options(None, None, max_destroy), everything=True)
    request = Request(
        settings_of(context),
        options=wanted,
        observe=not no_observe,
        calls=calls,
        previews=dry_run,
        back=Back(to, chosen),
    )
    raise typer.Exit(run(request, following, yes=yes, dry_run=dry_run, form=output))

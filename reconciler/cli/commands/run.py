"""`run`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def run(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    git_credential: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The recorded Credential that the repository is read with over HTTP: user:password or a "
            "token. Without it, git's own credential helper is asked.",
        ),
    ] = None,
    interval: Annotated[
        str, typer.Option(metavar="SPAN", help="How often everything is reconciled, moved or not.")
    ] = "60s",
    observe_interval: Annotated[
        str, typer.Option(metavar="SPAN", help="How old a look at an endpoint may become.")
    ] = "5m",
    poll: Annotated[str, typer.Option(metavar="SPAN", help="How often the source is read.")] = "30s",
    port: Annotated[
        int, typer.Option(help="For health, metrics and the hook, on 127.0.0.1; -1 for none.")
    ] = 9469,
    hook_credential: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A recorded Credential with which a forge signs what it posts to /hook: a source is read at "
            "once. May be repeated.",
        ),
    ] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Plan and report; change nothing.")
    ] = False,
    max_destroy: o.MaxDestroy = None,
    archive_keep: Annotated[
        int | None,
        typer.Option(
            metavar="MONTHS",
            help="Take history that is older into files, as `db archive` does. Without it all stays.",
        ),
    ] = None,
    archive_deleted: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            help="Take what was deleted before that into files, as `db archive` does. Without it all stays.",
        ),
    ] = None,
    archive_to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where these files go; `archive` in the home folder."),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="debug, info, warning or error")
    ] = "info",
    log_format: Annotated[Literal["json", "console"], typer.Option(help="json or console")] = "json",
) -> None:
    """The daemon: reconcile again and again, until stopped."""
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.run import serve

    code = serve(
        settings_of(context),
        Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory),
        interval=interval,
        observe=observe_interval,
        poll=poll,
        port=None if port < 0 else port,
        report_only=report_only,
        max_destroy=max_destroy,
        git_credential=git_credential,
        hook_credentials=tuple(hook_credential or ()),
        archive_keep=archive_keep,
        archive_deleted=archive_deleted,
        archive_to=archive_to,
        log_level=log_level,
        log_format=log_format,
    )
    raise typer.Exit(code)

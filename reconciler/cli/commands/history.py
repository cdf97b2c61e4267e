"""`history`: what happened, by whom and why."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def history(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS",
            help="Only of this resource and its parts, and of what had the address before; or of"
            " endpoint/NAME, hold/NUMBER and so on.",
        ),
    ] = None,
    attribute: Annotated[
        str | None,
        typer.Argument(metavar="ATTRIBUTE", help="Only of this attribute or tag, as in memory_mb."),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="T", help="As in 2h, tue 14:00 or 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(metavar="T", help="As for --since.")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHO", help="A part of the name of who did it, of a commit's author or a database user."
        ),
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="What was done to make this commit true; its first characters."),
    ] = None,
    operation: Annotated[
        str | None, typer.Option(metavar="ID", help="What this operation did; `get operations` lists them.")
    ] = None,
    most: Annotated[int, typer.Option("--most", "--lines", "-n", min=1, help="How many, the newest.")] = 50,
    output: o.Data = "table",
) -> None:
    """What happened, by whom and why: a sentence for each operation."""
    from reconciler.cli.handlers.history import Typed
    from reconciler.cli.handlers.history import history as run

    typed = Typed(since, until, by, commit, operation, attribute)
    run(settings_of(context), address, typed, most, output)

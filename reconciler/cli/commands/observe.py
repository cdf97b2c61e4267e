"""`observe`: look at endpoints and record what is there."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def observe(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None, typer.Argument(metavar="ENDPOINT...", help="All, if none.")
    ] = None,
    accept_empty: Annotated[
        bool,
        typer.Option("--accept-empty", help="Believe that nothing of ours is there, where nothing is seen."),
    ] = False,
    output: o.Data = "table",
) -> None:
    """Look at endpoints and record what is there. Exits with 1 if any could not be seen whole."""
    from reconciler.cli.handlers.observe import observe as run

    raise typer.Exit(run(settings_of(context), endpoints or [], output, accept_empty=accept_empty))

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
            help="Only of this resource and its parts; or of endpoint/NAME, hold/NUMBER and so on.",
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="T", help="As in 2h, 3d or 2026-01-31.")] = None,
    most: o.Most = 50,
    output: o.Data = "table",
) -> None:
    """What happened, by whom and why."""
    from reconciler.cli.handlers.history import history as run

    run(settings_of(context), address, since, most, output)

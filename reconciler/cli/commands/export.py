"""`export`: what is recorded, or was, as manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def export(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDRESS]...", help="Only these, with their parts.")
    ] = None,
    at: o.At = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write files there, which must hold none; else print."
        ),
    ] = None,
) -> None:
    """What is recorded as manifests, now or as it was.

    One document a resource, with the inventory of now. What a manifest cannot say is left out, and told.
    Whoever applies it changes nothing of what has not changed since.
    """
    from reconciler.cli.handlers.export import export as run

    run(settings_of(context), addresses or [], at, output)

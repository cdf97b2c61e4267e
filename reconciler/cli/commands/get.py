"""`get`: lists of what is recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def get(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="all, TYPE, ADDRESS, plans, sources, endpoints, providers, operations, holds, revisions,"
            " unmanaged.",
        ),
    ] = "all",
    output: o.Listed = "table",
    labels: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="KEY[=VALUE]", help="Only with this tag.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only at this endpoint.")] = None,
    most: o.Most = 50,
    at: o.At = None,
) -> None:
    """List what is recorded, or was."""
    from reconciler.cli.handlers.get import get as run

    run(settings_of(context), what, output, labels or [], endpoint, most, at)

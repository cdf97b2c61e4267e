"""`graph`: how resources hang together."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.settings import settings_of


def graph(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", help="Only what this needs and what needs it, directly or not."),
    ] = None,
    output: Annotated[
        Literal["text", "dot", "mermaid"], typer.Option("--output", "-o", help="text, dot or mermaid")
    ] = "text",
) -> None:
    """How resources hang together."""
    from reconciler.cli.handlers.graph import graph as run

    run(settings_of(context), address, output)

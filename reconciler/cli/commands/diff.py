"""`diff`: what differs between two moments of the past, or one and now."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def diff(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="T", help=f"From the last mark then: {o.MOMENT}.")],
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDRESS]...", help="Only these, with their parts.")
    ] = None,
    until: Annotated[
        str, typer.Option("--to", metavar="T", help="To the last mark then; as --from.")
    ] = "now",
    labels: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="KEY[=VALUE]", help="Only with this tag.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only at this endpoint.")] = None,
    output: Annotated[
        Literal["text", "json", "markdown"], typer.Option("--output", "-o", help="text, json or markdown")
    ] = "text",
    detailed_exitcode: o.Detailed = False,
) -> None:
    """What was added, removed and changed between two moments.

    Of what is recorded; what a value was in between does not matter.
    """
    from reconciler.cli.handlers.diff import diff as run

    code = run(
        settings_of(context),
        (since, until),
        addresses or [],
        labels or [],
        endpoint,
        output,
        detailed=detailed_exitcode,
    )
    raise typer.Exit(code)

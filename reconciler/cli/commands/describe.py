"""`describe`: one resource, with all that is known of it."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def describe(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")],
    at: o.At = None,
) -> None:
    """Everything about one resource.

    Desired against recorded, parts, ties, operations, history; with --at, what it was then.
    """
    from reconciler.cli.handlers.describe import describe as run

    run(settings_of(context), address, at)

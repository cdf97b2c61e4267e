"""`trends`: what changes, drifts and fails, how long it takes, what there is, who deleted, who approved."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def trends(
    context: typer.Context,
    what: Annotated[
        Literal["changes", "operations", "failures", "drifters", "capacity", "deletions", "approvals"] | None,
        typer.Argument(
            metavar="WHAT",
            help="changes, operations, failures, drifters, capacity, deletions or approvals; some of each"
            " if not given.",
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, metavar="N", help="How far back to look.")] = 30,
    most: Annotated[
        int | None, typer.Option("--most", "-n", min=1, help="How many rows (50; of all kinds 5 of each).")
    ] = None,
    output: o.Data = "table",
) -> None:
    """What changes, drifts and fails, and how long it takes; what there is; who deleted and who approved.

    The same is in views for SQL: v_capacity, and v_trend_changes and its like.
    """
    from reconciler.cli.handlers.trends import trends as run

    run(settings_of(context), what, days, most, output)

"""`approve`: agree to a saved plan."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.settings import settings_of


def approve(
    context: typer.Context,
    word: Annotated[
        str, typer.Argument(metavar="ID|HASH", help="A saved plan's number, or its hash's beginning.")
    ],
) -> None:
    """Agree to a saved plan. The approval is bound to its hash, and good once."""
    from reconciler.cli.handlers.approve import approve as run

    run(settings_of(context), word)

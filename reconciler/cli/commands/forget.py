"""`forget`: cease to manage something."""

from __future__ import annotations

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def forget(context: typer.Context, address: o.Address) -> None:
    """Cease to manage something. Its object at the provider stays as it is."""
    from reconciler.cli.handlers.forget import forget as run

    raise typer.Exit(run(settings_of(context), address))

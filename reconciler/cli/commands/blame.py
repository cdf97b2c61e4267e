"""`blame`: whose each value of a resource is."""

from __future__ import annotations

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def blame(context: typer.Context, address: o.Address, output: o.Data = "table") -> None:
    """Who made each attribute what it is, when, and by which commit and line of a manifest.

    The line is the value's own where the manifest can be read again as it was applied. Or whether it came by
    drift, with the provider's user where its log of tasks tells, or from somebody at a SQL prompt.
    """
    from reconciler.cli.handlers.blame import blame as run

    run(settings_of(context), address, output)

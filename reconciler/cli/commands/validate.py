"""`validate`: manifests against the catalog, without a database."""

from __future__ import annotations

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def validate(context: typer.Context, files: o.Files = None, output: o.TextOrJson = "text") -> None:
    """Check manifests: every problem, with its place. Needs no database and no provider."""
    from reconciler.cli.handlers.validate import validate as run

    raise typer.Exit(run(settings_of(context), files or [], output))

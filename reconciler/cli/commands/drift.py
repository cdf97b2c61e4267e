"""`drift`: what moved away by itself from what was applied."""

from __future__ import annotations

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def drift(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    no_observe: o.NoObserve = False,
    detailed_exitcode: o.Detailed = False,
    output: o.Data = "table",
) -> None:
    """Look, then list what moved away from what was applied.

    Of the sources that are named, or the parts of them; without any, of all.
    """
    from reconciler.cli.handlers.drift import drift as run
    from reconciler.cli.handlers.manifests import Manifests

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source)
    code = run(settings_of(context), output, manifests, observe=not no_observe, detailed=detailed_exitcode)
    raise typer.Exit(code)

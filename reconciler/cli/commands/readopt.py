"""`readopt`: take back what is ours and in no book, after an older backup was restored."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def readopt(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: o.TextOrJson = "text",
) -> None:
    """After a backup was restored: take back what carries our mark and a manifest wants; end the hold.

    It looks at every endpoint and sends nothing that changes anything. What carries our mark and no manifest
    wants is shown and stays as it is. The hold stays where an endpoint could not be seen whole.
    """
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.readopt import readopt as run
    from reconciler.cli.handlers.session import Request

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory)
    request = Request(settings_of(context), manifests)
    raise typer.Exit(run(request, yes=yes, form=output))

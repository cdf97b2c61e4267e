"""`plan`: what would be done, and why."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def plan(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    everything: o.Everything = False,
    no_observe: o.NoObserve = False,
    detailed_exitcode: o.Detailed = False,
    form: Annotated[
        Literal["text", "json", "markdown"],
        typer.Option("--format", "--output", "-o", help="text, json or markdown"),
    ] = "text",
    calls: o.Calls = False,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the plan, to approve or apply it later.")
    ] = False,
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Show what would be done, and why. Changes nothing at any provider.

    It is about the sources that are named, or the parts of them; without any, about all as last applied.

    Exits with 1 where not everything could be seen; else 0, or 2 as --detailed-exitcode says. What failed
    before is in it, with what it failed with.
    """
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.plan import plan as run
    from reconciler.cli.handlers.session import Request

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory)
    wanted = o.plan_options(target, exclude, max_destroy, everything=everything)
    request = Request(settings_of(context), manifests, wanted, not no_observe, calls)
    raise typer.Exit(run(request, form, save=save, detailed=detailed_exitcode))

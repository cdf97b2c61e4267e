"""`apply`: make it so."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def apply(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    saved: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="Apply a saved plan: exactly that, or nothing.")
    ] = None,
    yes: o.Yes = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    everything: o.Everything = False,
    no_observe: o.NoObserve = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again, too, what is parked because it brought nothing.")
    ] = False,
    calls: o.Calls = False,
    output: o.TextOrJson = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Make it so.

    Shows the plan, asks, carries it out, and says what came of it.

    What failed before is tried again at once, whatever it would still wait for.
    """
    from reconciler.cli.handlers.apply import apply as run
    from reconciler.cli.handlers.apply import apply_saved
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.session import Request

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory)
    wanted = o.plan_options(target, exclude, max_destroy, retry=retry, everything=everything)
    request = Request(settings_of(context), manifests, wanted, not no_observe, calls)
    if saved is not None:
        _refuse_choice(target, exclude)
        raise typer.Exit(apply_saved(request, saved, output))
    raise typer.Exit(run(request, yes=yes, form=output))


def _refuse_choice(target: list[str] | None, exclude: list[str] | None) -> None:
    if target or exclude:
        raise typer.BadParameter(
            "a saved plan says itself what it is about; --target and --exclude do not fit"
        )

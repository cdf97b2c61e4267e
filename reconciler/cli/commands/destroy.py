"""`destroy` and `delete`: away with it, until a manifest makes it again or for good."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def destroy(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    yes: o.Yes = False,
    target: o.Targets = None,
    exclude: o.Excludes = None,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: o.TextOrJson = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Delete what is managed.

    All of it, or what the named sources declare, or what --target selects. Guards hold here too. What a
    manifest still wants is made again by the next apply of it; to keep it away, use delete.
    """
    from reconciler.cli.handlers.apply import apply as run
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.session import Request

    manifests = Manifests(tuple(files or ()), git, branch, subfolder, source)
    wanted = o.plan_options(target, exclude, max_destroy, destroy=True)
    request = Request(settings_of(context), manifests, wanted, not no_observe, calls)
    raise typer.Exit(run(request, yes=yes, form=output))


def delete(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS...", help="As in vm/web-1.")
    ] = None,
    files: o.Files = None,
    yes: o.Yes = False,
    no_observe: o.NoObserve = False,
    calls: o.Calls = False,
    output: o.TextOrJson = "text",
    max_destroy: o.MaxDestroy = None,
) -> None:
    """Delete what is named, or what the manifests of -f declare, and keep it away.

    Guards hold here too. As long as a manifest wants it, it is held and not made again; `release` ends that.
    """
    from reconciler.cli.handlers.apply import apply as run
    from reconciler.cli.handlers.manifests import Manifests
    from reconciler.cli.handlers.session import Request

    if not addresses and not files:
        raise typer.BadParameter("nothing to delete was named: name an ADDRESS, or manifests with -f")
    wanted = o.plan_options(addresses, None, max_destroy, destroy=True)
    manifests = Manifests(tuple(files or ()))
    request = Request(settings_of(context), manifests, wanted, not no_observe, calls, keep_away=True)
    raise typer.Exit(run(request, yes=yes, form=output))

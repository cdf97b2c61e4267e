"""`source`: sources of manifests, and their names."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.settings import settings_of

sources = typer.Typer(help="Sources of manifests: which there are, and their names.", no_args_is_help=True)


@sources.command("list")
def source_list(context: typer.Context) -> None:
    """Which there are, where each was read last, and how much it declares."""
    from reconciler.cli.handlers.get import get

    get(settings_of(context), "sources", "table", [], None, 50)


@sources.command("rename")
def source_rename(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name now, as `get sources` shows it.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
    join: Annotated[
        bool, typer.Option("--join", help="There is one of that name: make the two one source.")
    ] = False,
) -> None:
    """Call a source otherwise. Nothing else changes."""
    from reconciler.cli.handlers.source import rename as run

    run(settings_of(context), old, new, join=join)


@sources.command("forget")
def source_forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `get sources` shows it.")],
    release: Annotated[
        bool, typer.Option("--release", help="Cease to manage its resources too; their objects stay.")
    ] = False,
) -> None:
    """Say that a source is no more. Nothing is deleted because of that.

    Its resources are managed on, wanted by no manifest, until one declares them or a person destroys or
    forgets them.
    """
    from reconciler.cli.handlers.forget import forget_source as run

    raise typer.Exit(run(settings_of(context), name, release=release))

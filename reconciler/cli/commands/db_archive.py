"""`db archive` and `db partitions`: the histories' months and what was deleted, here and in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

archive = typer.Typer(help="Old history and deleted resources: out into files, and back.")


@archive.callback(invoke_without_command=True)
def db_archive(
    context: typer.Context,
    keep: Annotated[
        int, typer.Option(metavar="MONTHS", min=0, help="So many whole months before this one stay.")
    ] = 24,
    before: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="This month and later ones stay, instead of --keep.")
    ] = None,
    deleted: Annotated[
        int, typer.Option(metavar="DAYS", min=0, help="What was deleted longer ago goes as well.")
    ] = 730,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the files go; `archive` in the home folder.")
    ] = None,
) -> None:
    """Take old history and deleted resources out into files, which are read again before anything is dropped.

    It may be stopped at any time and run again. The URL's user has to be the tables' owner or a member of it.
    """
    if context.invoked_subcommand is not None:
        return
    from reconciler.cli.handlers.db_archive import archive_old

    archive_old(settings_of(context), keep=keep, before=before, deleted=deleted, folder=to)


@archive.command("list")
def db_archive_list(context: typer.Context, output: o.TextOrJson = "text") -> None:
    """What went into files, with where they are and whether it came back."""
    from reconciler.cli.handlers.db_archive import list_archives

    list_archives(settings_of(context), output)


@archive.command("restore")
def db_archive_restore(
    context: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(metavar="YYYY-MM|ADDRESS|FILE...", help="Months, what was deleted, or files."),
    ],
) -> None:
    """Bring months or deleted resources back, from where their files were written, or from given files.

    With an address comes all that is in its file; it stays deleted.
    """
    from reconciler.cli.handlers.db_archive import restore

    restore(settings_of(context), what)


def db_partitions(
    context: typer.Context,
    move: Annotated[
        bool, typer.Option("--move", help="Move rows that no month was there for into months of their own.")
    ] = False,
    output: o.TextOrJson = "text",
) -> None:
    """The histories' months, and rows that no month was there for."""
    from reconciler.cli.handlers.db_archive import show_partitions

    show_partitions(settings_of(context), output, move=move)

"""`hold`, `release` and `retry`: leave something alone for a while, and end that."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of


def hold(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; everybody who meets the hold reads it.")],
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="As in vm/web-1.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Everything at an endpoint.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Everything of a type, as in vm.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="KEY=VALUE", help="Everything with a tag.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="T", help="Until when: 2h, 3d, or 2026-01-31T08:00. Without: until released."),
    ] = None,
) -> None:
    """Leave something alone for a while. Of the scopes given, all must fit."""
    from reconciler.cli.handlers.hold import hold as run

    run(settings_of(context), reason, address=address, endpoint=endpoint, kind=kind, tag=tag, until=until)


def release(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="ADDRESS|ID...", help="What is held, or a hold's number.")
    ],
) -> None:
    """End holds."""
    from reconciler.cli.handlers.hold import release as run

    raise typer.Exit(run(settings_of(context), words))


def retry(context: typer.Context, address: o.Address) -> None:
    """Try again at once what failed.

    Instead of after its wait.
    """
    from reconciler.cli.handlers.hold import retry as run

    run(settings_of(context), address)

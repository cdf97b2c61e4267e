"""`credentials`: secrets, where they come from. A value is never shown."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The credential's name in the manifests.")]

credentials = typer.Typer(help="Secrets: where they come from. Values are never shown.", no_args_is_help=True)


@credentials.command("list")
def credentials_list(context: typer.Context, output: o.Data = "table") -> None:
    """Which there are, where each is found, and which endpoint uses it."""
    from reconciler.cli.handlers.credentials import listed

    listed(settings_of(context), output)


@credentials.command("set")
def credentials_set(context: typer.Context, name: Name) -> None:
    """Put a value into the vault, from standard input or a prompt. Never from the command line."""
    from reconciler.cli.handlers.credentials import put

    put(settings_of(context), name)


@credentials.command("bind")
def credentials_bind(
    context: typer.Context,
    name: Name,
    host: Annotated[str, typer.Argument(metavar="HOST", help="As in pve.lan.")],
) -> None:
    """Let a credential be sent to a host: of an endpoint that has moved there.

    The first host is bound by the manifest that declares the endpoint.
    """
    from reconciler.cli.handlers.credentials import bind

    bind(settings_of(context), name, host)


@credentials.command("check")
def credentials_check(context: typer.Context, name: Name) -> None:
    """Find a value, and say only that it was found, and whether it is the one seen before."""
    from reconciler.cli.handlers.credentials import check

    check(settings_of(context), name)


@credentials.command("rotate-key")
def credentials_rotate_key(
    context: typer.Context,
    lost: Annotated[
        bool, typer.Option("--lost", help="The present key is lost, and what it encrypted is set again.")
    ] = False,
) -> None:
    """Encrypt everything in the vault with a new key.

    The key in the home folder is replaced; a key in RECONCILER_KEY by that in RECONCILER_NEW_KEY.
    """
    from reconciler.cli.handlers.credentials import replace_lost, rotate

    if lost:
        replace_lost(settings_of(context))
    else:
        rotate(settings_of(context))

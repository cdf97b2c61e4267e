"""`credentials`: secrets, where they come from. A value is never shown."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The credential's name in the manifests.")]

Expires = Annotated[
    str | None,
    typer.Option("--expires", metavar="WHEN", help="When the value expires: 2027-01-31, or in so long: 90d."),
]

credentials = typer.Typer(help="Secrets: where they come from. Values are never shown.", no_args_is_help=True)


@credentials.command("list")
def credentials_list(context: typer.Context, output: o.Data = "table") -> None:
    """Which there are, where each is found, and which endpoint uses it."""
    from reconciler.cli.handlers.credentials import listed

    listed(settings_of(context), output)


@credentials.command("set")
def credentials_set(context: typer.Context, name: Name, expires: Expires = None) -> None:
    """Put a value into the vault, from standard input or a prompt. Never from the command line."""
    from reconciler.cli.handlers.credentials import put

    put(settings_of(context), name, expires)


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


@credentials.command("rotate")
def credentials_rotate(
    context: typer.Context,
    name: Name,
    expires: Expires = None,
    untried: Annotated[bool, typer.Option("--untried", help="Do not log in with it first.")] = False,
) -> None:
    """Replace a value in the vault by a new one, once its endpoints have accepted that.

    The value comes from standard input or a prompt, and is encrypted with a data key of its own. When each
    was stored stays on record (vault.secret_changes).
    """
    from reconciler.cli.handlers.logins import rotate

    raise typer.Exit(rotate(settings_of(context), name, expires, tried=not untried))


@credentials.command("test")
def credentials_test(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Credentials.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every credential that is declared.")] = False,
    output: o.Data = "table",
) -> None:
    """Log in with a credential at each of its endpoints, by one harmless read, and say as whom.

    It ends with 1 where one of them refuses it. When the provider says that it expires is kept, and shown by
    `list` and by every plan from 30 days before.
    """
    from reconciler.cli.handlers.logins import test

    raise typer.Exit(test(settings_of(context), names or [], output, every=every))


@credentials.command("rewrap")
def credentials_rewrap(
    context: typer.Context,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Make a new master key in the home first."),
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="The master key is lost, and what it protected is set again.")
    ] = False,
) -> None:
    """Put everything in the vault under the present master key. No secret is decrypted.

    The master key is in the home's file `key`, in RECONCILER_KEY, in what RECONCILER_KEY_COMMAND prints, or
    in the systemd credential `reconciler-key`. Each may hold several keys, the present one first. What was
    cut off goes on where it was when it is run again.
    """
    from reconciler.cli.handlers.rewrap import replace_lost, rewrap

    if lost:
        raise typer.Exit(replace_lost(settings_of(context)))
    raise typer.Exit(rewrap(settings_of(context), with_new_key=new_key))

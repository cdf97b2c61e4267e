"""Commands about the program itself: its database, its secrets, the daemon, the version."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The credential's name in the manifests.")]

db = typer.Typer(help="The database: where it is, how it is, its schema.", no_args_is_help=True)
credentials = typer.Typer(help="Secrets: where they come from. Values are never shown.", no_args_is_help=True)


@db.command("url")
def db_url(
    context: typer.Context,
    admin: Annotated[
        bool, typer.Option("--admin", help="As the owner of the tables, not as the program's role.")
    ] = False,
) -> None:
    """Print a URL for psql; the embedded server is started for it."""
    from reconciler.cli.database import url

    url(settings_of(context), admin=admin)


@db.command("migrate")
def db_migrate(context: typer.Context) -> None:
    """Bring the schema up to date."""
    from reconciler.cli.database import migrate

    migrate(settings_of(context))


@db.command("status")
def db_status(
    context: typer.Context,
    output: Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Where the database is, whether it runs, who uses it, and whether its schema fits."""
    from reconciler.cli.database import status

    status(settings_of(context), output)


@db.command("stop")
def db_stop(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Even while others use it.")] = False,
) -> None:
    """Stop the embedded server. The next command starts it again."""
    from reconciler.cli.database import stop

    stop(settings_of(context), force=force)


@credentials.command("list")
def credentials_list(
    context: typer.Context,
    output: Annotated[
        Literal["table", "json", "yaml"], typer.Option("--output", "-o", help="table, json or yaml")
    ] = "table",
) -> None:
    """Which there are, where each is found, and which endpoint uses it."""
    from reconciler.cli.credentials import listed

    listed(settings_of(context), output)


@credentials.command("set")
def credentials_set(context: typer.Context, name: Name) -> None:
    """Put a value into the vault, from standard input or a prompt. Never from the command line."""
    from reconciler.cli.credentials import put

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
    from reconciler.cli.credentials import bind

    bind(settings_of(context), name, host)


@credentials.command("check")
def credentials_check(context: typer.Context, name: Name) -> None:
    """Find a value, and say only that it was found, and whether it is the one seen before."""
    from reconciler.cli.credentials import check

    check(settings_of(context), name)


@credentials.command("rotate-key")
def credentials_rotate_key(context: typer.Context) -> None:
    """Encrypt everything in the vault with a new key.

    The key in the home folder is replaced; a key in RECONCILER_KEY by that in RECONCILER_NEW_KEY.
    """
    from reconciler.cli.credentials import rotate

    rotate(settings_of(context))


def run(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    interval: Annotated[
        str, typer.Option(metavar="SPAN", help="How often everything is reconciled, moved or not.")
    ] = "60s",
    observe_interval: Annotated[
        str, typer.Option(metavar="SPAN", help="How old a look at an endpoint may become.")
    ] = "5m",
    poll: Annotated[str, typer.Option(metavar="SPAN", help="How often the source is read.")] = "30s",
    port: Annotated[int, typer.Option(help="For health and metrics, on 127.0.0.1; -1 for none.")] = 9469,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Plan and report; change nothing.")
    ] = False,
    max_destroy: o.MaxDestroy = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="debug, info, warning or error")
    ] = "info",
    log_format: Annotated[Literal["json", "console"], typer.Option(help="json or console")] = "json",
) -> None:
    """The daemon: reconcile again and again, until stopped."""
    from reconciler.cli.service import Spans, serve
    from reconciler.cli.sources import Manifests

    serve(
        settings_of(context),
        Manifests(tuple(files or ()), git, branch, subfolder, source, trust_inventory),
        Spans(interval, observe_interval, poll),
        port=None if port < 0 else port,
        report_only=report_only,
        max_destroy=max_destroy,
        log_level=log_level,
        log_format=log_format,
    )


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"], typer.Argument(help="bash, zsh, fish or powershell")
    ],
) -> None:
    """Print a completion script.

    As in: source <(reconciler completion bash)
    """
    from typer._completion_shared import get_completion_script

    typer.echo(
        get_completion_script(
            prog_name="reconciler", complete_var="_RECONCILER_COMPLETE", shell=_SHELLS[shell]
        )
    )


_SHELLS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "pwsh"}


def version() -> None:
    """Print the version."""
    from reconciler import __version__

    typer.echo(f"reconciler {__version__}")


def add_to(app: typer.Typer) -> None:
    panel = "Operate"
    app.add_typer(db, name="db", rich_help_panel=panel)
    app.add_typer(credentials, name="credentials", rich_help_panel=panel)
    app.add_typer(credentials, name="credential", hidden=True)
    for command in (run, completion, version):
        app.command(rich_help_panel=panel)(command)

"""Commands about the program itself: its database, its secrets, the daemon, the version."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="The credential's name in the manifests.")]

db = typer.Typer(help="The database: where it is, how it is, its schema.", no_args_is_help=True)
sources = typer.Typer(help="Sources of manifests: which there are, and their names.", no_args_is_help=True)
credentials = typer.Typer(help="Secrets: where they come from. Values are never shown.", no_args_is_help=True)


@sources.command("list")
def source_list(context: typer.Context) -> None:
    """Which there are, where each was read last, and how much it declares."""
    from reconciler.cli.listing import get

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
    from reconciler.cli.deciding import rename_source as run

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
    from reconciler.cli.deciding import forget_source as run

    raise typer.Exit(run(settings_of(context), name, release=release))


@db.command("url")
def db_url(
    context: typer.Context,
    admin: Annotated[
        bool, typer.Option("--admin", help="As the owner of the tables, not as the program's role.")
    ] = False,
) -> None:
    """Print a URL for psql; the embedded server is started for it.

    The embedded server's has the password of the program's role in it. With --admin it names the file that
    holds the superuser's. A URL of one's own is printed without its password.
    """
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


@db.command("new")
def db_new(context: typer.Context) -> None:
    """Begin with a new, empty embedded database where the earlier one is gone for good.

    Nothing that the earlier one managed is known to it: those objects carry another installation's mark and
    are left alone until they are adopted.
    """
    from reconciler.cli.database import new

    new(settings_of(context))


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
def credentials_rotate_key(
    context: typer.Context,
    lost: Annotated[
        bool, typer.Option("--lost", help="The present key is lost, and what it encrypted is set again.")
    ] = False,
) -> None:
    """Encrypt everything in the vault with a new key.

    The key in the home folder is replaced; a key in RECONCILER_KEY by that in RECONCILER_NEW_KEY.
    """
    from reconciler.cli.credentials import replace_lost, rotate

    if lost:
        replace_lost(settings_of(context))
    else:
        rotate(settings_of(context))


def run(
    context: typer.Context,
    files: o.Files = None,
    git: o.Git = None,
    branch: o.Branch = None,
    subfolder: o.Subfolder = None,
    source: o.Source = None,
    trust_inventory: o.TrustInventory = False,
    git_credential: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The recorded Credential that the repository is read with over HTTP: user:password or a "
            "token. Without it, git's own credential helper is asked.",
        ),
    ] = None,
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
        git_credential=git_credential,
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
    app.add_typer(sources, name="source", rich_help_panel=panel)
    app.add_typer(sources, name="sources", hidden=True)
    app.add_typer(credentials, name="credentials", rich_help_panel=panel)
    app.add_typer(credentials, name="credential", hidden=True)
    for command in (run, completion, version):
        app.command(rich_help_panel=panel)(command)

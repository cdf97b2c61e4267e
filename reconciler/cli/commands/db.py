"""`db`: the database, where it is, how it is, its schema."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.settings import settings_of

PersonRole = Annotated[
    Literal["planner", "reader", "auditor"],
    typer.Argument(
        metavar="ROLE",
        help="reader (all but secrets), auditor (also who read which secret), planner (also previews)",
    ),
]
Member = Annotated[str, typer.Argument(metavar="USER", help="A person's own database role, or a group's.")]

db = typer.Typer(help="The database: where it is, how it is, its schema.", no_args_is_help=True)


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
    from reconciler.cli.handlers.db import url

    url(settings_of(context), admin=admin)


@db.command("migrate")
def db_migrate(context: typer.Context) -> None:
    """Bring the schema up to date."""
    from reconciler.cli.handlers.db import migrate

    migrate(settings_of(context))


@db.command("status")
def db_status(context: typer.Context, output: o.TextOrJson = "text") -> None:
    """Where the database is, whether it runs, who uses it, and whether its schema fits."""
    from reconciler.cli.handlers.db import status

    status(settings_of(context), output)


@db.command("new")
def db_new(context: typer.Context) -> None:
    """Begin with a new, empty embedded database where the earlier one is gone for good.

    Nothing that the earlier one managed is known to it: those objects carry another installation's mark and
    are left alone until they are adopted.
    """
    from reconciler.cli.handlers.db import new

    new(settings_of(context))


@db.command("stop")
def db_stop(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Even while others use it.")] = False,
) -> None:
    """Stop the embedded server. The next command starts it again."""
    from reconciler.cli.handlers.db import stop

    stop(settings_of(context), force=force)


@db.command("grant")
def db_grant(
    context: typer.Context,
    role: PersonRole,
    to: Annotated[Literal["to"], typer.Argument(metavar="to", help="The word itself.")],  # noqa: ARG001
    user: Member,
    provider: Annotated[
        list[str] | None, typer.Option("--provider", metavar="P", help="Only what P has; again for more.")
    ] = None,
    datacenter: Annotated[
        list[str] | None,
        typer.Option("--datacenter", metavar="D", help="Only what stands in D; again for more."),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create/--no-create", help="Whether to make USER where it is missing.")
    ] = True,
) -> None:
    """Let a person read or plan with a database role of its own.

    With both options: what is of one of these providers and in one of these datacenters. What was granted in
    that role before is replaced. A new role's password is asked for, or read from standard input.
    """
    from reconciler.cli.handlers.people import grant

    grant(settings_of(context), role, user, tuple(provider or ()), tuple(datacenter or ()), create=create)


@db.command("revoke")
def db_revoke(
    context: typer.Context,
    role: PersonRole,
    source: Annotated[Literal["from"], typer.Argument(metavar="from", help="The word itself.")],  # noqa: ARG001
    user: Member,
) -> None:
    """Take a role from a person again. The person's own database role stays."""
    from reconciler.cli.handlers.people import revoke

    revoke(settings_of(context), role, user)


@db.command("grants")
def db_grants(context: typer.Context, output: o.Data = "table") -> None:
    """Who is a planner, a reader or an auditor, and what of it each sees."""
    from reconciler.cli.handlers.people import listed

    listed(settings_of(context), output)

"""`db`: the database, where it is, how it is, its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reconciler.cli.commands import options as o
from reconciler.cli.commands.db_archive import archive, db_partitions
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
db.add_typer(archive, name="archive")
db.command("partitions")(db_partitions)


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


@db.command("backup")
def db_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write everything that is in the database into one file, while others work.

    The file is a tar with PostgreSQL's own dump and a label. Secrets are in it encrypted; the key is not.
    """
    from reconciler.cli.handlers.care import backup

    backup(settings_of(context), file, force=force)


@db.command("restore")
def db_restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `db backup` wrote.")],
) -> None:
    """Restore a backup into an empty database; everything is held until `readopt` has looked.

    Without --database, into the embedded one, which is made; one that holds something is refused.
    """
    from reconciler.cli.handlers.care import restore

    restore(settings_of(context), file)


@db.command("doctor")
def db_doctor(
    context: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="Set right what follows from what is there, and no more.")
    ] = False,
    output: o.TextOrJson = "text",
) -> None:
    """Look for what no constraint can hold. Exits with 1 if anything is wrong; mends with --mend alone."""
    from reconciler.cli.handlers.doctor import doctor

    raise typer.Exit(doctor(settings_of(context), output, mend=mend))


@db.command("upgrade")
def db_upgrade(
    context: typer.Context,
    to: Annotated[
        int | None, typer.Option("--to", metavar="MAJOR", help="To this version; else what comes along.")
    ] = None,
) -> None:
    """Move the embedded database to a newer PostgreSQL, while nobody uses it; the old data is kept.

    Both versions' programs have to be there. The new data is made beside the old and compared with it row by
    row before the two change places.
    """
    from reconciler.cli.handlers.upgrade import upgrade

    upgrade(settings_of(context), to)


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

"""The program as typed: global options, and which commands there are. Imports no command's work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from reconciler import __version__
from reconciler.cli.commands.about import completion, version
from reconciler.cli.commands.apply import apply
from reconciler.cli.commands.approve import approve
from reconciler.cli.commands.blame import blame
from reconciler.cli.commands.credentials import credentials
from reconciler.cli.commands.db import db
from reconciler.cli.commands.describe import describe
from reconciler.cli.commands.destroy import delete, destroy
from reconciler.cli.commands.diff import diff
from reconciler.cli.commands.drift import drift
from reconciler.cli.commands.explain import explain, schema
from reconciler.cli.commands.export import export
from reconciler.cli.commands.forget import forget
from reconciler.cli.commands.get import get
from reconciler.cli.commands.graph import graph
from reconciler.cli.commands.history import history
from reconciler.cli.commands.hold import hold, release, retry
from reconciler.cli.commands.observe import observe
from reconciler.cli.commands.plan import plan
from reconciler.cli.commands.readopt import readopt
from reconciler.cli.commands.rollback import rollback
from reconciler.cli.commands.run import run
from reconciler.cli.commands.sim import sim
from reconciler.cli.commands.source import sources
from reconciler.cli.commands.trends import trends
from reconciler.cli.commands.validate import validate
from reconciler.cli.exit_codes import explained
from reconciler.cli.failures import Guarded
from reconciler.cli.settings import Settings, default_home

_VALUED = ("--home", "--database", "--actor", "--trace")
_FLAGS = ("--no-color", "--verbose", "-v", "--debug", "--check-plans")


class Root(Guarded):
    """Takes the global options anywhere on the line, before a command or after it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The command line, its global options moved to the front first."""
        return super().parse_args(ctx, hoisted(args))


def hoisted(args: list[str]) -> list[str]:
    """The same arguments with the global options first. What follows `--` is left alone."""
    end = args.index("--") if "--" in args else len(args)
    first: list[str] = []
    rest: list[str] = []
    words = iter(args[:end])
    for word in words:
        if word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUED)):
            first.append(word)
        elif word in _VALUED:
            first += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return [*first, *rest, *args[end:]]


app = typer.Typer(
    name="reconciler",
    cls=Root,
    help="Make what runs what the manifests say: on Proxmox VE, at Hetzner Cloud, and wherever a driver is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reconciler {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the key, the cache and the embedded database.", envvar="RECONCILER_HOME"
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="PostgreSQL to use instead of the embedded one.",
            envvar="RECONCILER_DATABASE_URL",
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(help="Who the history names; user@host if not given.", envvar="RECONCILER_ACTOR"),
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    check_plans: Annotated[
        bool,
        typer.Option(
            "--check-plans",
            help="Check that each plan keeps what the planner promises, and refuse one that does not.",
            envvar="RECONCILER_CHECK_PLANS",
        ),
    ] = False,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Append every request to a provider and its answer, without secrets, one JSON line each.",
            envvar="RECONCILER_TRACE",
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """What holds for every command: its `Settings`, which the commands find in the context."""
    if no_color:
        os.environ["NO_COLOR"] = "1"  # what the consoles obey, and whatever is started from here
    where = (home or default_home()).absolute()
    context.obj = Settings(where, database, actor, verbose, debug, check_plans, trace)


_COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Change": (validate, plan, apply, rollback, destroy, delete, approve, hold, release, retry, forget),
    "Look": (get, describe, history, blame, trends, diff, export, graph, observe, drift, schema, explain),
    "Operate": (run, readopt, completion, version),
}
_GROUPS = {"db": db, "source": sources, "credentials": credentials, "sim": sim}
_ALSO = {"sources": sources, "credential": credentials}
"""Other spellings of a group, which help does not show."""

for _panel, _commands in _COMMANDS.items():
    for _command in _commands:
        _ends = explained() if _command in (plan, apply, rollback, destroy, delete) else None
        app.command(rich_help_panel=_panel, epilog=_ends)(_command)
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name, rich_help_panel="Operate")
for _name, _group in _ALSO.items():
    app.add_typer(_group, name=_name, hidden=True)

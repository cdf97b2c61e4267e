"""The program as typed: global options, and which commands there are.

It imports no command's work, and of what can be typed only what was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from reconciler import __version__
from reconciler.cli.deferred import DeferringGroup, Entry
from reconciler.cli.exit_codes import explained
from reconciler.cli.failures import Guarded
from reconciler.cli.settings import Settings, default_home

_VALUED = ("--home", "--database", "--actor", "--trace")
_FLAGS = ("--no-color", "--verbose", "-v", "--debug", "--check-plans")


def _entry(name: str, where: str = "", *, ends: bool = False, hidden: bool = False) -> Entry:
    """What is called so in `commands`, in the file of its name or in `where`.

    `ends`: its help tells the exit codes.
    """
    return Entry(f"{__package__}.commands.{where or name}", name, explained if ends else None, hidden)


_CHANGE = {
    "validate": _entry("validate"),
    "plan": _entry("plan", ends=True),
    "apply": _entry("apply", ends=True),
    "rollback": _entry("rollback", ends=True),
    "destroy": _entry("destroy", ends=True),
    "delete": _entry("delete", "destroy", ends=True),
    "approve": _entry("approve"),
    "hold": _entry("hold"),
    "release": _entry("release", "hold"),
    "retry": _entry("retry", "hold"),
    "forget": _entry("forget"),
}
_LOOK = {
    **{name: _entry(name) for name in ("get", "describe", "history", "blame", "trends", "diff", "export")},
    **{name: _entry(name) for name in ("graph", "observe", "drift")},
    "schema": _entry("schema", "explain"),
    "explain": _entry("explain"),
}
_OPERATE = {
    "run": _entry("run"),
    "readopt": _entry("readopt"),
    "completion": _entry("completion", "about"),
    "version": _entry("version", "about"),
    "db": _entry("db"),
    "source": _entry("sources", "source"),
    "credentials": _entry("credentials"),
    "sim": _entry("sim"),
}
_ALSO = {
    "sources": _entry("sources", "source", hidden=True),
    "credential": _entry("credentials", hidden=True),
}
"""Other spellings of a group, which help does not show."""


class Root(Guarded, DeferringGroup):
    """Takes the global options anywhere on the line, before a command or after it."""

    entries: ClassVar[Mapping[str, Entry]] = {**_CHANGE, **_LOOK, **_OPERATE, **_ALSO}

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

"""Turning exceptions into a message and an exit code. No command handles an error on its own.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | an error, or something was left undone |
| 2 | wrong usage; with `--detailed-exitcode`: there are changes |
| 70 | a fault of this program |
| 130 | interrupted |
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from reconciler.cli.settings import Settings
from reconciler.errors import ManifestError, ReconcilerError

FAILED, FAULT, INTERRUPTED, BROKEN_PIPE = 1, 70, 130, 141


class Guarded(TyperGroup):
    """The root of all commands: every exception of any command ends here."""

    def invoke(self, ctx: Any) -> Any:
        return guarded(lambda: super(Guarded, self).invoke(ctx), ctx)


def guarded(command: Callable[[], Any], ctx: Any) -> Any:
    """Run a command; raise typer.Exit with the right code for what it raises."""
    try:
        return command()
    except ReconcilerError as error:
        debug = _debug(ctx)
        _print_error(error)
        if debug:
            traceback.print_exc()
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        # Whoever read the output has left; nothing more can be said, also not at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201 - a console may be what was interrupted
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if type(error).__module__.startswith("typer."):
            raise  # wrong usage: typer says it, with the command's usage line
        if _debug(ctx):
            raise
        _print_fault(error)
        raise typer.Exit(FAULT) from None


def _debug(ctx: Any) -> bool:
    return isinstance(ctx.obj, Settings) and ctx.obj.debug


def _print_error(error: ReconcilerError) -> None:
    from reconciler.cli.output import errors, line

    out = errors()
    if isinstance(error, ManifestError):
        for problem in error.problems:
            out.print(str(problem))
    out.print(line(("error: ", "bold red"), error.message))
    if error.hint:
        out.print(line(("  → ", "cyan"), error.hint))


def _print_fault(error: Exception) -> None:
    from reconciler.cli.output import errors, line

    out = errors()
    out.print(line(("fault: ", "bold red"), f"{type(error).__name__}: {error}"))
    out.print(line(("  → ", "cyan"), "This is a fault of reconciler. Please report it, with the output of"))
    out.print("    the same command after `--debug`, as in: reconciler --debug plan -f manifests")

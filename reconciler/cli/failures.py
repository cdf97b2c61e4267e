"""Turning exceptions into a message and an exit code. No command handles an error on its own."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from reconciler.cli.exit_codes import ExitCode
from reconciler.cli.settings import Settings
from reconciler.cli.terminal import streams
from reconciler.errors import BrokenPlanError, ManifestError, ReconcilerError


class Guarded(TyperGroup):
    """The root of all commands: every exception of any command ends here."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was typed; what it raises becomes a message and an exit code."""
        return guarded(lambda: super(Guarded, self).invoke(ctx), ctx)


def whole(program: Callable[[], None]) -> None:
    """The program from start to end: also what is said before a command begins, and the last flush."""
    try:
        streams.prepare()
        try:
            program()
        finally:
            sys.stdout.flush()
    except streams.OutputError as error:  # of help and completion, or of the last that was buffered
        _print_error(error)
        sys.exit(ExitCode.FAILED)
    except OSError as error:
        sys.exit(_refused(error, debug=False))


def guarded(command: Callable[[], Any], ctx: Any) -> Any:
    """Run a command; raise typer.Exit with the right code for what it raises."""
    try:
        return command()
    except ReconcilerError as error:
        debug = _debug(ctx)
        ours = isinstance(error, BrokenPlanError)
        _print_error(error, "fault" if ours else "error")
        if debug:
            traceback.print_exc()
        raise typer.Exit(ExitCode.FAULT if ours else ExitCode.FAILED) from None
    except OSError as error:
        raise typer.Exit(_refused(error, debug=_debug(ctx))) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201 - a console may be what was interrupted
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if type(error).__module__.startswith("typer."):
            raise  # wrong usage: typer says it, with the command's usage line
        if _debug(ctx):
            raise
        _print_fault(error)
        raise typer.Exit(ExitCode.FAULT) from None


def _refused(error: OSError, *, debug: bool) -> int:
    """What the operating system would not do, which is no fault of ours; gives the exit code."""
    if isinstance(error, BrokenPipeError):
        return ExitCode.BROKEN_PIPE  # whoever read the output has left: there is nobody to tell
    _print_error(_plain(error))
    if debug:
        traceback.print_exc()
    return ExitCode.FAILED


def _plain(error: OSError) -> ReconcilerError:
    where = f"{error.filename}: " if error.filename else ""
    hint = "see that the path exists, may be used, and has room" if error.filename else None
    return ReconcilerError(f"{where}{error.strerror or error}", hint=hint)


def _debug(ctx: Any) -> bool:
    return isinstance(ctx.obj, Settings) and ctx.obj.debug


def _print_error(error: ReconcilerError, word: str = "error") -> None:
    from reconciler.cli.terminal.output import hint, note

    if isinstance(error, ManifestError):
        for problem in error.problems:
            note(str(problem))
        if error.unlisted:
            note(error.unlisted)
    note((f"{word}: ", "bold red"), error.message)
    if error.hint:
        hint(error.hint)


def _print_fault(error: Exception) -> None:
    from reconciler.cli.terminal.output import hint, note

    note(("fault: ", "bold red"), f"{type(error).__name__}: {error}")
    hint("This is a fault of reconciler. Please report it, with the output of")
    note("    the same command after `--debug`, as in: reconciler --debug plan -f manifests")

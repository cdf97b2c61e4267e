"""The command line: the composition root, and a face that prints and asks but decides no policy.

`commands` says what can be typed and imports nothing heavy, so that help and completion are quick; `handlers`
does what was typed and is imported when a command runs; `terminal` is how things look and what is asked.
"""

from __future__ import annotations

import sys

from reconciler.cli.exit_codes import ExitCode


def main() -> None:
    """The console script. Ends the process with the command's exit code."""

    def run() -> None:
        from reconciler.cli.app import app

        app()

    try:
        from reconciler.cli.failures import whole

        whole(run)
    except KeyboardInterrupt:  # while the program was still being loaded
        sys.stderr.write("interrupted\n")
        sys.exit(ExitCode.INTERRUPTED)


__all__ = ["main"]

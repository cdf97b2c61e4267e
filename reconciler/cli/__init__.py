"""The command line: the composition root, and a face that prints and asks but decides no policy.

`commands` says what can be typed and imports nothing heavy, so that help and completion are quick; the
modules beside it do the work and are imported when a command runs.
"""

from __future__ import annotations

import sys


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
        sys.exit(130)


__all__ = ["main"]

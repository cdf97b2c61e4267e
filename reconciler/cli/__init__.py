"""The command line: the composition root, and a face that prints and asks but decides no policy.

`commands` says what can be typed and imports nothing heavy, so that help and completion are quick; `handlers`
does what was typed and is imported when a command runs; `terminal` is how things look and what is asked.
"""

from __future__ import annotations

import gc
import sys

from reconciler.cli.exit_codes import ExitCode

_GARBAGE = (10_000, 20, 20)
"""New objects until the youngest are searched, and searches until the older are (usual: 700, 10, 10)."""


def main() -> None:
    """The console script. Ends the process with the command's exit code.

    Nearly all that a short process makes lives until its end, and searching it for garbage, the last time at
    the very end, was a twelfth of its work: so that is done less often, and not of what is there at the end.
    """
    gc.set_threshold(*_GARBAGE)

    def run() -> None:
        from reconciler.cli.app import app

        app()

    try:
        from reconciler.cli.failures import whole

        whole(run)
    except KeyboardInterrupt:  # while the program was still being loaded
        sys.stderr.write("interrupted\n")
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        gc.freeze()


__all__ = ["main"]

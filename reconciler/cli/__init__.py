"""The command line: the composition root, and a face that prints and asks but decides no policy.

`commands` says what can be typed and imports nothing heavy, so that help and completion are quick; the
modules beside it do the work and are imported when a command runs.
"""

from __future__ import annotations


def main() -> None:
    """The console script. Ends the process with the command's exit code."""
    from reconciler.cli.app import app

    app()


__all__ = ["main"]

"""Every exit code of the program, in one place; `--help` of the commands that change things shows them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LEFT = 3
    FAULT = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


CHANGES = ExitCode.USAGE
"""With `--detailed-exitcode`, 2 says that something differs, as people know it from other tools."""

MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done; what was left alone, somebody asked for",
    ExitCode.FAILED: "something failed, could not be seen, or nothing of what differs could be done",
    ExitCode.USAGE: "wrong usage; with --detailed-exitcode: there are changes",
    ExitCode.LEFT: "all that may be done was done; something is left as it is, blocked or for an approval",
    ExitCode.FAULT: "a fault of this program",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.BROKEN_PIPE: "whoever read the output left before its end",
}


def explained() -> str:
    """The codes with their meanings, a paragraph each, for the end of a command's help."""
    return "\n\n".join(["Exit codes:", *(f"{code.value}: {text}." for code, text in MEANINGS.items())])

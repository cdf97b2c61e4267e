"""Asking a person at the terminal. What an answer means is decided elsewhere."""

from __future__ import annotations

import getpass
import sys

from rich.text import Text

from reconciler.cli.terminal.output import results, say
from reconciler.errors import ConfigurationError


def require_terminal(what: str) -> None:
    """Raises ConfigurationError where there is nobody to ask whether `what` shall be done."""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "there is no terminal to ask at, and --yes was not given; nothing was changed",
            hint=f"{what} --yes does what needs no approval; or save a plan and apply that",
        )


def agreed(question: str) -> bool:
    """A person's answer; anything but `yes` is no."""
    say()
    try:
        asked = Text.assemble((f"{question}? ", "bold"), "Only `yes` is a yes: ")
        return results().input(asked).strip() == "yes"
    except EOFError:
        say()
        return False


def secret(name: str) -> str:
    """One line at a prompt that shows nothing, or all of standard input without its last line break."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Value of {name}: ")
    return sys.stdin.read().rstrip("\r\n")

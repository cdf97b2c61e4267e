"""Standard output and error as they are found: a full disk, a pipe that closed, a terminal without Unicode.

A result that cannot be written is an error, said plainly. What is said beside it is not worth ending a run
for: where standard error takes nothing any more, the rest of it is dropped and the work goes on.
"""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper
from pathlib import Path

from reconciler.errors import ReconcilerError

HANDLER = "reconciler-plain"
"""The name of the codec error handler that writes what a stream's encoding has no word for."""

_PLAIN = dict(
    pair.split(" ")
    for pair in (
        *("→ ->", "⇒ =>", "≠ !=", "≤ <=", "≥ >=", "… ...", "· -", "\u00d7 x", "✓ ok", "✗ x"),
        *("— -", "─ -", "├ |", "└ `", "│ |"),
    )
)


class OutputError(ReconcilerError):
    """Standard output cannot be written."""


def prepare() -> None:
    """Make both streams take every text. One that was closed when the program began takes it silently."""
    codecs.register_error(HANDLER, plain_text)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the end
    # Only what the interpreter opened is exchanged, not what somebody put in its place.
    if type(sys.stdout) is TextIOWrapper:
        sys.stdout = _exchanged(sys.stdout, _Result)
    if type(sys.stderr) is TextIOWrapper:
        sys.stderr = _exchanged(sys.stderr, _Best)


def _exchanged(stream: TextIOWrapper, kind: type[TextIOWrapper]) -> TextIOWrapper:
    encoding, by_line, at_once = stream.encoding, stream.line_buffering, stream.write_through
    return kind(stream.detach(), encoding, HANDLER, line_buffering=by_line, write_through=at_once)


def plain_text(error: UnicodeError) -> tuple[str, int]:
    """Our own signs in ASCII; anything else escaped, so that nothing of a name or a value is lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    if 0xDC80 <= ord(sign) <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode()


def _to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class _Result(TextIOWrapper):
    """A stream whose first failure is told as what it is; later ones are not told again."""

    def write(self, text: str) -> int:
        if text == "":
            return 0  # libraries try a stream so, and take a failure for an answer
        try:
            return super().write(text)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> Exception:
        _to_nowhere(self.fileno())
        if isinstance(error, BrokenPipeError):
            return error
        return OutputError(
            f"the output could not be written: {error.strerror}",
            hint="make room where it goes, or send it elsewhere; what was done is recorded all the same",
        )


class _Best(TextIOWrapper):
    """A stream that does its best: from the first failure on it writes nowhere."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _to_nowhere(self.fileno())
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _to_nowhere(self.fileno())

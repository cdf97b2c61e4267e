"""The file of a trace: one JSON line for each request, written at once, by any number of processes.

It is for its owner alone. Whatever goes wrong with it is told once and is nobody's failure: a trace is not
worth an apply.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.errors import ConfigurationError
from reconciler.providers.trace import masking
from reconciler.providers.trace.operation import current
from reconciler.redaction import Redactor

if TYPE_CHECKING:
    import requests

MOST_BODY = 16_384
"""Characters of a body, as JSON, that are written; of a longer one the beginning, as text."""

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came of it, with all its secrets.

    `path` is the URL's path with its query. `status` and `reason` are the answer's, None where there was
    none; `error` says why then. `milliseconds` is how long it took. The kinds are the bodies' content types.
    """

    at: datetime
    method: str
    path: str
    milliseconds: float
    status: int | None = None
    reason: str | None = None
    error: str | None = None
    request: bytes | str | None = None
    request_kind: str = ""
    answer: bytes | str | None = None
    answer_kind: str = ""


class Trace:
    """An open trace. Safe for several threads. `hide` it every secret before that is sent."""

    def __init__(self, file: int, name: Path, tell: Callable[[str], None]) -> None:
        self._file = file
        self._name = name
        self._tell = tell
        self._lock = threading.Lock()
        self._ended = False
        self.redactor = Redactor()

    @classmethod
    @contextmanager
    def open(cls, path: Path | None, tell: Callable[[str], None]) -> Iterator[Trace | None]:
        """The trace in `path`, appended to what is there; None for no path. `tell` is told once if it breaks.

        Raises ConfigurationError where the file cannot be written, or is not the caller's own plain file.
        """
        if path is None:
            yield None
            return
        trace = cls(_opened(path), path, tell)
        try:
            yield trace
        finally:
            trace.close()

    def close(self) -> None:
        """Write no more. A thread that still waits for an answer finds nothing to write to."""
        with self._lock:
            self._ended = True
            os.close(self._file)

    def hide(self, *secrets: str) -> None:
        """Mask these from now on, in every endpoint's lines; an empty one is passed over."""
        self.redactor.learn(secret for secret in secrets if secret)

    def at(self, endpoint: str) -> EndpointTrace:
        """What a driver gets to write with: each line then names this endpoint."""
        return EndpointTrace(self, endpoint)

    def append(self, line: str) -> None:
        """One line, whole or not at all. Never raises."""
        content = f"{line}\n".encode()
        with self._lock:
            if self._ended:
                return
            try:
                if os.write(self._file, content) == len(content):
                    return
                problem = "the disk is full"
            except OSError as error:
                problem = error.strerror or str(error)
            self._ended = True
        self._tell(f"the trace in {self._name} ends here, all else goes on: {problem}")


@dataclass(frozen=True, slots=True)
class EndpointTrace:
    """One endpoint's part of a trace, as a driver gets it in its `Access`."""

    trace: Trace
    endpoint: str

    def watch(self, session: requests.Session) -> None:
        """Trace all that is sent through this session from now on."""
        from reconciler.providers.trace.session import watch

        watch(session, self)

    def hide(self, *secrets: str) -> None:
        """Secrets that only the driver knows of: a session's ticket, a part of the credential."""
        self.trace.hide(*secrets)

    def write(self, exchange: Exchange) -> None:
        """Trace one exchange, for what is not sent through a `requests.Session`. Never raises."""
        try:
            line = json.dumps(self._line(exchange), ensure_ascii=False, default=str)
        except Exception as error:  # noqa: BLE001 - whatever a provider sent: a trace breaks no apply
            line = json.dumps({"endpoint": self.endpoint, "error": f"not traced: {type(error).__name__}"})
        self.trace.append(line)

    def _line(self, exchange: Exchange) -> dict[str, Any]:
        redactor = self.trace.redactor
        return {
            "at": exchange.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "endpoint": self.endpoint,
            "operation": current(),
            "method": exchange.method,
            "path": masking.path(exchange.path, redactor),
            "status": exchange.status,
            "reason": masking.loose(exchange.reason, redactor) if exchange.reason else None,
            "ms": round(exchange.milliseconds, 1),
            "request": _bounded(masking.body(exchange.request, exchange.request_kind, redactor)),
            "answer": _bounded(masking.body(exchange.answer, exchange.answer_kind, redactor)),
            "error": masking.loose(exchange.error, redactor) if exchange.error else None,
        }


def _bounded(body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    left = len(text) - MOST_BODY
    return f"{text[:MOST_BODY]}… ({left} more characters)" if left > 0 else body


def _opened(path: Path) -> int:
    try:
        file = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise _refused(path, "it is a link" if path.is_symlink() else error.strerror or str(error)) from None
    facts = os.fstat(file)
    if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid():
        os.fchmod(file, 0o600)  # it may have been there before, open to others
        return file
    os.close(file)
    is_plain = stat.S_ISREG(facts.st_mode)
    raise _refused(path, f"it belongs to user {facts.st_uid}" if is_plain else "it is no plain file")


def _refused(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"no trace can be written to {path}: {why}", hint="name a file of your own, or a new one"
    )

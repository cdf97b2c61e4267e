"""Logging: one line for each event, and no secret in any of them.

Everything goes to standard error through structlog, what libraries log by the standard module too. Nobody
hands secrets to a log; the redaction here is the last line of defence for the case that somebody does.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from reconciler.daemon.config import LogFormat

REDACTED = "[secret]"
SHORTEST = 4
"""Shorter values are only redacted where they are all of a text; they are found in too many others."""

_CHATTY = ("apscheduler", "dulwich", "hcloud", "proxmoxer", "psycopg", "psycopg.pool", "urllib3")

Logger = structlog.stdlib.BoundLogger


class Redactor:
    """A processor that knows the secrets in use and puts a word in their place. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: tuple[str, ...] = ()

    def learn(self, values: Iterable[str]) -> None:
        """Secrets to hide from now on; of `user@realm!name=secret` the secret by itself too."""
        new = {part for value in values for part in (value, value.strip(), value.rpartition("=")[2]) if part}
        with self._lock:
            # The longest first, so that what contains another is replaced whole.
            self._secrets = tuple(sorted({*self._secrets, *new}, key=len, reverse=True))

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {key: self.clean(value) for key, value in event.items()} if self._secrets else event

    def clean(self, value: Any) -> Any:
        """The same without secrets, however deep they are in it."""
        match value:
            case str():
                return self._clean_text(value)
            case Mapping():
                return {self.clean(key): self.clean(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.clean(each) for each in value]
            case None | bool() | int() | float():
                return value
        return self._clean_text(str(value))

    def _clean_text(self, text: str) -> str:
        for secret in self._secrets:
            if text == secret:
                return REDACTED
            if len(secret) >= SHORTEST:
                text = text.replace(secret, REDACTED)
        return text


def configure(level: str, form: LogFormat, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Send all logs, structlog's and the standard module's, to `stream` (standard error)."""
    target = stream if stream is not None else sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor,
                _renderer(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> Logger:
    logger: Logger = structlog.stdlib.get_logger(name)
    return logger


def _renderer(form: LogFormat) -> Processor:
    if form == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())

    def first(_: WrappedLogger, __: str, event: EventDict) -> MutableMapping[str, Any]:
        """What a person looks for, in front."""
        head = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
        return {**head, **event}

    dump = structlog.processors.JSONRenderer(default=str)

    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        text = dump(logger, name, first(logger, name, event))
        return text if isinstance(text, str) else text.decode()

    return render

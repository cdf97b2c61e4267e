"""Logging: one line for each event, and no secret in any of them.

Everything goes to standard error through structlog, what libraries log by the standard module too.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from reconciler.daemon.config import LogFormat
from reconciler.redaction import Redactor

_CHATTY = ("apscheduler", "dulwich", "hcloud", "proxmoxer", "psycopg", "psycopg.pool", "urllib3")

Logger = structlog.stdlib.BoundLogger


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
                lambda _, __, event: redactor.clean(event),
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
    """A module's logger, as `configure` has it, also where that is called only later."""
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

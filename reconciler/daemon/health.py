"""Health and metrics over HTTP, on the loopback address only. It answers from what is known, and asks nobody.

`/healthz`: the process lives and its clock ticks. `/readyz`: the database answers and a reconcile has ended.
`/metrics`: for Prometheus. Anything else is 404; nothing can be changed here.
"""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from reconciler.daemon.metrics import Metrics
from reconciler.errors import ConfigurationError

HOST = "127.0.0.1"
TICK_SECONDS = 5.0
STALLED_SECONDS = 60.0
"""Without a tick for so long the process is taken to be stuck."""

_TEXT = "text/plain; charset=utf-8"


class Health:
    """What is known of the process's health. Written by the daemon's threads, read by the server's."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._ticked = time.monotonic()
        self.reconciled = False

    def tick(self) -> None:
        self._ticked = time.monotonic()

    def not_alive(self) -> str | None:
        """Why the process is not well, None if it is."""
        silent = time.monotonic() - self._ticked
        return f"the clock has not ticked for {silent:.0f} s" if silent > STALLED_SECONDS else None

    def not_ready(self) -> str | None:
        if not self.metrics.snapshot.database_up:
            return "the database does not answer"
        return None if self.reconciled else "no reconcile has ended yet"

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        match path.partition("?")[0]:
            case "/healthz":
                return _verdict(self.not_alive())
            case "/readyz":
                return _verdict(self.not_alive() or self.not_ready())
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, self.metrics.text()
        return 404, _TEXT, b"there are /healthz, /readyz and /metrics\n"


def _verdict(trouble: str | None) -> tuple[int, str, bytes]:
    return (200, _TEXT, b"ok\n") if trouble is None else (503, _TEXT, f"{trouble}\n".encode())


class HealthServer:
    """Serves until closed. `port=0` takes a free one. Raises ConfigurationError if the port is taken."""

    def __init__(self, health: Health, port: int) -> None:
        class Handler(_Handler):
            shown = health

        try:
            self._http = ThreadingHTTPServer((HOST, port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"health and metrics cannot be served on {HOST}:{port}: {error.strerror}",
                hint="choose another port; perhaps a daemon runs here already",
            ) from error
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    shown: Health

    def do_GET(self) -> None:
        status, kind, body = self.shown.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Scrapes are no events."""

"""Health and metrics over HTTP, on the loopback address only. It answers from what is known, and asks nobody.

`/healthz`: the process lives and its clock ticks. `/readyz`: the database answers and a reconcile has ended.
`/metrics`: for Prometheus. `POST /hook`, where the daemon has one: something was pushed (`daemon/hook`).
Anything else is 404; nothing can be changed here.

However many connect and say nothing, a few descriptors and threads are all that they get: the oldest
connection gives way to a new one, and none lives longer than some seconds.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from reconciler.daemon.hook.hook import Hook
from reconciler.daemon.metrics import Metrics
from reconciler.errors import ConfigurationError

HOST = "127.0.0.1"
HOOK = "/hook"
TICK_SECONDS = 5.0
STALLED_SECONDS = 60.0
"""Without a tick for so long the process is taken to be stuck."""

MOST_CONNECTIONS = 32
CONNECTION_SECONDS = 5.0
"""How many connections are open at once, and how long one may take from its beginning to its end."""

_TEXT = "text/plain; charset=utf-8"


class Health:
    """What is known of the process's health. Written by the daemon's threads, read by the server's."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self._ticked = time.monotonic()
        self.reconciled = False

    def tick(self) -> None:
        """The clock ticked just now; `not_alive` counts from here."""
        self._ticked = time.monotonic()

    def not_alive(self) -> str | None:
        """Why the process is not well, None if it is."""
        silent = time.monotonic() - self._ticked
        return f"the clock has not ticked for {silent:.0f} s" if silent > STALLED_SECONDS else None

    def not_ready(self) -> str | None:
        """Why it is of no use now: no database, or no reconcile so far. None if it is ready."""
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
    """Serves until closed. `port=0` takes a free one. Raises ConfigurationError if the port is taken.

    `patience`: for how many seconds a connection may last. `hook` is told of what is posted to it.
    """

    def __init__(
        self, health: Health, port: int, patience: float = CONNECTION_SECONDS, hook: Hook | None = None
    ) -> None:
        class Handler(_Handler):
            shown = health
            told = hook
            timeout = patience

        try:
            self._http = _Server((HOST, port), Handler, patience)
        except OSError as error:
            raise ConfigurationError(
                f"health and metrics cannot be served on {HOST}:{port}: {error.strerror}",
                hint="choose another port; perhaps a daemon runs here already",
            ) from error
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens; with `port=0`, the one that was free."""
        return int(self._http.server_address[1])

    def close(self) -> None:
        """Stop listening; connections that are still open are not waited for."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each connection, and not more connections than the bound."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], patience: float
    ) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # when each began, the oldest first
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            crowd = len(self._open) - MOST_CONNECTIONS + 1
            for oldest in list(self._open)[: max(crowd, 0)]:
                self._end(oldest)
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Called by the serving thread several times a second."""
        late = time.monotonic() - self._patience
        with self._lock:
            for request in [each for each, began in self._open.items() if began < late]:
                self._end(request)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no event."""

    def _end(self, request: socket.socket) -> None:
        """Its thread reads the end of it, or fails to write, and closes it."""
        self._open.pop(request, None)
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    shown: Health
    told: Hook | None

    def do_GET(self) -> None:
        self._say(*self.shown.answer(self.path))

    def do_POST(self) -> None:
        if self.told is None or self.path.partition("?")[0] != HOOK:
            self._say(404, _TEXT, b"there is nothing to post to here\n")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.told.answer(headers, self.rfile, self.client_address[0])
        self._say(answer.status, _TEXT, f"{answer.text}\n".encode())

    def _say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Scrapes are no events."""

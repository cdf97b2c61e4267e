"""The HTTP server that every simulator shares: routing to an API, ledger, faults, and a control address.

`/_sim/…` is the control address, outside the simulated API and outside its ledger:

    GET    /_sim/health              {"ok": true}
    GET    /_sim/ledger?after=N      the requests after number N
    GET    /_sim/state               the ground truth, in the simulator's own shape
    POST   /_sim/faults              add a fault (see `faults.Fault`)
    DELETE /_sim/faults              clear all faults
    POST   /_sim/change              change something behind the controller's back

It knows nothing of any one provider's rules; those are the API object's.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.sim.faults import Fault, Faults
from reconciler.sim.ledger import Entry, Ledger
from reconciler.sim.optional import FaultObserver, HasClock, TellsMistakes


@dataclass(slots=True)
class Request:
    """What came in. `path` is decoded; `body` is what the API's `parse` made of `raw_body`."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw_body: bytes
    body: Any = None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: str) -> Fault | None:
        """The first fault of a kind that hits this request; an API asks for those only it can act out."""
        return next((fault for fault in self.faults if fault.kind == kind), None)


@dataclass(slots=True)
class Response:
    """What goes out. `reason` is the HTTP reason phrase, in which Proxmox puts its error texts."""

    status: int
    payload: Any = None
    reason: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    applied: bool = False
    close: bool = False


class Api(Protocol):
    """One provider's simulated API. `handle` is called under no lock: an API guards its own state."""

    def parse(self, request: Request) -> Any:
        """The body as the API reads it (JSON, a form); called before the ledger entry is written."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer one request, changing the state where the API would."""
        ...

    def error(self, request: Request, fault: Fault) -> Response:
        """The API's own shape of an error with the status of a `status` fault, to whoever asked."""
        ...

    def state(self) -> Any:
        """The ground truth, as JSON-able values."""
        ...

    def change(self, what: dict[str, Any]) -> Any:
        """Change the ground truth behind the controller's back; raises ValueError with a reason."""
        ...


class SimulatorServer:
    """Serves one API on a loopback port; `port=0` takes a free one. `tls` is a server-side context."""

    def __init__(
        self,
        api: Api,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        ledger: Ledger | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.api = api
        self.faults = Faults()
        self.ledger = ledger or Ledger()
        self.latency = latency
        outer = self

        class Handler(_Handler):
            simulator = outer

        self._http = _Server((host, port), Handler)
        if tls is not None:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread: threading.Thread | None = None

    @property
    def open_connections(self) -> int:
        """How many connections of clients are open now."""
        return self._http.open_connections

    @property
    def port(self) -> int:
        """The port that is listened on: the system's choice where 0 was asked for."""
        return int(self._http.server_address[1])

    def serve_forever(self) -> None:
        """Serve in this thread until another one calls `stop`."""
        self._http.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Serve in a thread of this process (for tests of the simulator itself)."""
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, once it has begun, and free the port. Nothing under way is waited for.

        Raises the mistakes that the simulator made, of which its clients were not told as such.
        """
        self._http.shutdown()
        self._http.server_close()
        if self._thread is not None:
            self._thread.join()
        mistakes = list(self._http.mistakes)
        if isinstance(self.api, TellsMistakes):
            mistakes += self.api.mistakes()
        if mistakes:
            raise ExceptionGroup("the simulator made mistakes", mistakes)

    def answer(self, request: Request) -> Response | None:
        """The answer to one API request, with its faults acted out; None means: cut the connection."""
        request.body = self.api.parse(request)
        request.faults = self.faults.take(request.method, request.path)
        entry = self.ledger.begin(request.method, request.path, request.query, request.body)
        entry.fault = ",".join(fault.kind for fault in request.faults) or None
        response = self._answer(request, entry)
        entry.status = response.status if response else 0
        self.ledger.finish(entry)
        return response

    def _answer(self, request: Request, entry: Entry) -> Response | None:
        delay = self.latency + sum(fault.seconds for fault in request.faults if fault.kind == "latency")
        if delay:
            time.sleep(delay)
        if request.fault("reset_before"):
            return None
        if fault := request.fault("status"):
            return self.api.error(request, fault)
        if request.fault("html"):
            return Response(200, "<html><body>Bad gateway</body></html>", content_type="text/html")
        response = self.api.handle(request)
        entry.applied = response.applied
        if request.fault("deliver_twice"):
            self.api.handle(request)
        return None if request.fault("reset_after") else response

    def control(self, request: Request) -> Response:
        """Answer a request to the control address."""
        try:
            return self._control(request)
        except (ValueError, KeyError, TypeError) as error:
            return Response(400, {"error": str(error)})

    def _control(self, request: Request) -> Response:
        body = json.loads(request.raw_body) if request.raw_body else {}
        match request.method, request.path:
            case "GET", "/_sim/health":
                return Response(200, {"ok": True})
            case "GET", "/_sim/ledger":
                return Response(200, self.ledger.since(int(request.query.get("after", ["0"])[0])))
            case "GET", "/_sim/state":
                return Response(200, self.api.state())
            case "POST", "/_sim/faults":
                self._add_fault(Fault(**body))
                return Response(200, {"ok": True})
            case "DELETE", "/_sim/faults":
                self.faults.clear()
                if isinstance(self.api, FaultObserver):
                    self.api.faults_cleared()
                return Response(200, {"ok": True})
            case "POST", "/_sim/change":
                return Response(200, self.api.change(body))
        return Response(404, {"error": f"no control address {request.method} {request.path}"})

    def _add_fault(self, fault: Fault) -> None:
        if isinstance(self.api, FaultObserver):
            self.api.fault_added(fault)
        self.faults.add(fault)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        super().__init__(address, handler)
        self.open_connections = 0
        self.mistakes: list[Exception] = []
        self._lock = threading.Lock()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._count(1)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self.open_connections += more

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away mid-request is ordinary here; the rest is printed, and told at the end."""
        error = sys.exc_info()[1]
        if isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError)):
            return
        if isinstance(error, Exception):
            self.mistakes.append(error)
        super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    simulator: SimulatorServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for head and body: two would meet the peer's delayed acknowledgement
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=unquote(url.path),
            query=parse_qs(url.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            raw_body=self.rfile.read(length) if length else b"",
        )
        if request.path.startswith("/_sim/"):
            self._send(self.simulator.control(request))
            return
        response = self.simulator.answer(request)
        if response is None:
            self._cut()
        else:
            self._send(response)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """An answer's date, by the API's clock where it has one."""
        api = self.simulator.api
        return super().date_time_string(
            api.now() if timestamp is None and isinstance(api, HasClock) else timestamp
        )

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - names set by http.server

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )  # close with a reset, as a dying peer would
        self.connection.close()

    def _send(self, response: Response) -> None:
        if response.status == 204:
            body = b""
        elif response.content_type.startswith("application/json"):
            body = json.dumps(response.payload, separators=(",", ":"), default=str).encode()
        else:
            body = str(response.payload).encode()
        self.send_response(response.status, response.reason)
        if response.status != 204:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The ledger is the log."""

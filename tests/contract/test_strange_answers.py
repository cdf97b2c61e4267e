"""Whatever a provider answers: an error of ours and its endpoint's trouble, never a fault of the program."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ProviderError
from reconciler.executor.access.edge import Edge
from reconciler.providers.driver import Access, Driver, DriverClass, ObserveRequest
from reconciler.providers.hetzner import HetznerDriver
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.sim.tls import server_context
from reconciler.testing import OWNER, FreeMeter
from tests.rigs.examples import often

DRIVERS: dict[str, tuple[DriverClass, str, frozenset[str]]] = {
    "hetzner": (HetznerDriver, "a" * 64, frozenset({"vm", "network", "volume"})),
    "proxmox": (
        ProxmoxDriver,
        "root@pam!test=00000000-0000-0000-0000-000000000000",
        frozenset({"vm", "pool"}),
    ),
}
TASKS = {
    "hetzner": ["action/1", "off/1"],
    "proxmox": ["UPID:pve:00000487:E8D60800:6B49D200:qmcreate:900002:root@pam!test:"],
}
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
words = st.sampled_from(
    ["data", "id", "name", "node", "type", "vmid", "status", "servers", "server", "actions", "networks"]
)
answers = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=12,
)


class Strange:
    """A provider that answers every request alike, or by its path."""

    def __init__(self, folder: Path | None) -> None:
        self.answer: Any = {}
        self.scheme = "https" if folder else "http"
        self.ca = folder / "ca.pem" if folder else None
        self.by_path: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                found = next((a for end, a in outer.by_path.items() if path.endswith(end)), outer.answer)
                body = json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if folder:
            self.server.socket = server_context(folder).wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def strange(name: str, tmp_path: Path) -> Iterator[Strange]:
    made = Strange(tmp_path if name == "proxmox" else None)
    yield made
    made.close()


def edge(name: str, strange: Strange) -> Edge:
    driver, credential, _ = DRIVERS[name]
    url = f"{strange.url}/v1" if name == "hetzner" else strange.url
    connected: Driver = driver(Access(name, url, OWNER, credential, FreeMeter(), ca_file=strange.ca))
    return Edge(name, connected)


@pytest.mark.parametrize("name", DRIVERS)
@settings(max_examples=often(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=answers)
def test_any_answer_is_an_observation_or_an_error_of_ours(strange: Strange, name: str, answer: Any) -> None:
    strange.answer = answer
    at = edge(name, strange)
    for ask in (lambda: at.observe(ObserveRequest(DRIVERS[name][2])), lambda: at.poll(TASKS[name])):
        with suppress(ProviderError):
            ask()


@pytest.mark.parametrize("name", ["proxmox"])
@pytest.mark.parametrize("row", [{}, {"type": "node"}, {"node": None, "status": "online"}, {"node": ""}])
def test_a_node_without_a_name_is_the_endpoints_trouble(
    strange: Strange, name: str, row: dict[str, Any]
) -> None:
    strange.by_path = {
        "/access/permissions": {"data": {"/": {"VM.Audit": 1, "Pool.Audit": 1, "Sys.Audit": 1}}},
        "/cluster/resources": {"data": [row]},
        "/version": {"data": {"version": "8.2"}},
    }
    strange.answer = {"data": []}
    at = edge(name, strange)
    with pytest.raises(ProviderError, match="without a name"):
        at.observe(ObserveRequest(frozenset({"vm"})))

"""Promises of the health port: however many connect, the answers and the descriptors are there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from reconciler.daemon.health import MOST_CONNECTIONS, Health, HealthServer
from reconciler.daemon.metrics import Metrics


@pytest.fixture
def server() -> Iterator[HealthServer]:
    made = HealthServer(Health(Metrics()), 0)
    yield made
    made.close()


@pytest.fixture
def hasty() -> Iterator[HealthServer]:
    made = HealthServer(Health(Metrics()), 0, patience=0.5)
    yield made
    made.close()


def ok(server: HealthServer) -> bool:
    return requests.get(f"http://127.0.0.1:{server.port}/healthz", timeout=60).status_code == 200


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_crowd_that_says_nothing_takes_few_descriptors_and_threads_and_stops_no_answer(
    server: HealthServer,
) -> None:
    threads = threading.active_count()
    with ExitStack() as crowd:
        for number in range(400):
            crowd.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            if number % 100 == 0:
                assert ok(server)
        assert ok(server)
        # 400 are this side's own.
        assert descriptors() < 400 + MOST_CONNECTIONS + 60
        assert threading.active_count() <= threads + MOST_CONNECTIONS + 10
    assert ok(server)


@pytest.mark.parametrize("said", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
def test_who_does_not_end_a_request_is_let_go(hasty: HealthServer, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=60) as held:
        held.sendall(said)
        while held.recv(4096):
            pass
    assert ok(hasty)


def test_who_keeps_on_talking_slowly_is_let_go_too(hasty: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=0.2) as held:
        held.sendall(b"GET /healthz HTTP/1.1\r\n")
        while True:
            try:
                held.sendall(b"X: y\r\n")
                if not held.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert ok(hasty)

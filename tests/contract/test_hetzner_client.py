"""The Hetzner client: the library's habits taken away, and every failure sorted into its class."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from reconciler import __version__
from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import ObserveRequest
from reconciler.providers.hetzner import HetznerDriver
from reconciler.testing import World, access
from tests.contract.hetzner_harness import HetznerHarness, asked, hetzner, poweroff
from tests.contract.hetzner_rig import TOKEN
from tests.contract.hetzner_samples.ssh_key import ssh_key

GROUPS = frozenset({"placement_group"})


@pytest.fixture
def harness() -> Iterator[HetznerHarness]:
    with hetzner() as made:
        yield made
        assert made.violations() == []


def test_the_librarys_retries_are_off_and_its_waits_are_bounded(harness: HetznerHarness) -> None:
    """These are private fields: a new release of the library may move them, and then this must fail."""
    library = harness.driver._client._client._client
    assert library._retry_max_retries == 0
    assert library._timeout == (5.0, 30.0)
    assert library._session.trust_env is False
    assert library._headers["User-Agent"].startswith(f"reconciler/{__version__} hcloud-python/")


@pytest.mark.parametrize("status", [409, 429, 502, 504])
def test_what_the_library_would_repeat_is_sent_once(harness: HetznerHarness, status: int) -> None:
    harness.fault("status", method="POST", status=status)
    with pytest.raises(ProviderError) as error:
        World(harness).apply(ssh_key())
    assert error.value.transient
    assert len(asked(harness, "POST")) == 1


def test_a_change_that_is_not_answered_in_time_is_sent_once_and_ambiguous(harness: HetznerHarness) -> None:
    harness.fault("latency", method="POST", seconds=0.5)
    driver = HetznerDriver(access("hetzner", harness.url, TOKEN, timeout=(1.0, 0.05)))
    world = World(harness)
    world.driver = driver
    with pytest.raises(ProviderError) as error:
        world.apply(ssh_key())
    driver.close()
    assert (error.value.code, error.value.ambiguous) == (ErrorCode.TIMEOUT, True)
    assert len(asked(harness, "POST")) == 1


def test_every_request_goes_through_the_budget_and_reports_it(harness: HetznerHarness) -> None:
    World(harness).apply(ssh_key())
    requests = len(harness.rig.server.ledger.since())
    assert harness.meter.asked == len(harness.meter.told) == requests
    assert harness.meter.told[0][:2] == (3600, 3599)
    assert all(reset is not None for _, _, reset in harness.meter.told)


@pytest.mark.parametrize(
    ("status", "code", "transient", "ambiguous"),
    [
        (404, ErrorCode.NOT_FOUND, False, False),
        (409, ErrorCode.CONFLICT, True, False),
        (412, ErrorCode.NO_CAPACITY, True, False),
        (422, ErrorCode.INVALID, False, False),
        (423, ErrorCode.LOCKED, True, False),
        (500, ErrorCode.UNAVAILABLE, True, True),
        (502, ErrorCode.UNAVAILABLE, True, True),
        (503, ErrorCode.UNAVAILABLE, True, True),
        (504, ErrorCode.TIMEOUT, True, True),
    ],
)
def test_each_status_has_its_class(
    harness: HetznerHarness, status: int, code: ErrorCode, transient: bool, ambiguous: bool
) -> None:
    harness.fault("status", method="POST", status=status)
    with pytest.raises(ProviderError) as error:
        harness.driver.submit(poweroff("1"))
    problem = error.value
    assert (problem.code, problem.transient, problem.ambiguous) == (code, transient, ambiguous)
    assert problem.message.startswith("hetzner: POST /servers/1/actions/poweroff: ")
    assert TOKEN not in str(problem)


def test_a_read_is_tried_once_more(harness: HetznerHarness) -> None:
    harness.fault("status", method="GET", status=502, times=1)
    assert harness.driver.observe(ObserveRequest(GROUPS)).complete == GROUPS
    harness.fault("status", method="GET", status=502)
    with pytest.raises(ProviderError):
        harness.driver.observe(ObserveRequest(GROUPS))
    assert len(asked(harness)) == 4


def test_a_refused_token_ends_an_observation_at_once(harness: HetznerHarness) -> None:
    types = frozenset({"placement_group", "ssh_key", "vm"})
    with pytest.raises(ProviderError):
        harness.connect("wrong").observe(ObserveRequest(types))
    assert len(asked(harness)) == 1


def test_no_connection_means_that_nothing_was_sent() -> None:
    with hetzner() as gone:
        driver = gone.connect()
    with pytest.raises(ProviderError) as error:
        driver.submit(poweroff("1"))
    assert (error.value.code, error.value.transient) == (ErrorCode.CONNECTION, True)
    assert not error.value.ambiguous


@contextmanager
def stand_in(status: int, body: bytes, **headers: str) -> Iterator[HetznerDriver]:
    """A driver that reaches something other than the API, which always gives the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - a name set by http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    driver = HetznerDriver(access("hetzner", f"http://127.0.0.1:{server.server_port}", TOKEN))
    try:
        yield driver
    finally:
        driver.close()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"<html>no such site</html>"), (200, b"[]"), (200, b"{}"), (204, b""), (302, b"")],
)
def test_an_answer_that_is_not_the_apis_says_nothing_of_an_object(status: int, body: bytes) -> None:
    with stand_in(status, body, Location="/elsewhere") as driver:
        with pytest.raises(ProviderError) as error:
            driver.observe(ObserveRequest(frozenset(), (("vm", "1"),)))
        assert error.value.code is not ErrorCode.NOT_FOUND


def test_a_redirected_change_is_not_taken_for_done() -> None:
    with stand_in(302, b"", Location="/elsewhere") as driver:
        with pytest.raises(ProviderError, match="redirect") as error:
            driver.submit(poweroff("1"))
        assert error.value.ambiguous


def test_the_wait_that_a_provider_asks_for_is_passed_on() -> None:
    body = b'{"error": {"code": "rate_limit_exceeded", "message": "slow down", "details": null}}'
    with stand_in(429, body, **{"Retry-After": "30"}) as driver:
        with pytest.raises(ProviderError) as error:
            driver.submit(poweroff("1"))
        assert (error.value.code, error.value.retry_after) == (ErrorCode.RATE_LIMITED, 30.0)


def test_a_token_that_the_provider_echoes_is_taken_out() -> None:
    body = (
        b'{"error": {"code": "unauthorized", "message": "bad token '
        + TOKEN.encode()
        + b'", "details": null}}'
    )
    with stand_in(401, body) as driver:
        with pytest.raises(ProviderError) as error:
            driver.submit(poweroff("1"))
        assert TOKEN not in f"{error.value} {error.value.args}"

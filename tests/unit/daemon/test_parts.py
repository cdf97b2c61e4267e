"""Promises of the daemon's small parts: pauses, what is said once, what is due, and what is never logged."""

from __future__ import annotations

import io
import json
import logging
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from reconciler.daemon.config import DaemonConfig
from reconciler.daemon.health import Health, HealthServer
from reconciler.daemon.labels import label
from reconciler.daemon.logs import configure, get_logger
from reconciler.daemon.metrics import Metrics
from reconciler.daemon.notices import Notices
from reconciler.daemon.notify import notify
from reconciler.daemon.observe_schedule import MOST_PAUSE, Endpoints
from reconciler.errors import ConfigurationError
from reconciler.executor.access.budget import RequestBudget
from reconciler.executor.observe.endpoint import Coverage
from reconciler.manifest.source.state import SourceSpec
from reconciler.redaction import REDACTED, Redactor

SECRET = "s3cret-token-value"


def looking(**given: object) -> Endpoints:
    return Endpoints(interval=100.0, chance=lambda: 0.5)


def test_an_endpoint_is_looked_at_when_new_and_again_when_the_look_is_old() -> None:
    endpoints = looking()
    assert endpoints.due({"a", "b"}, 0.0) == {"a", "b"}
    endpoints.seen(Coverage("a"), 0.0)
    assert endpoints.due({"a", "b"}, 99.0) == {"b"}
    assert endpoints.due({"a"}, 100.0) == {"a"}
    assert endpoints.due({"a"}, 1.0, soon=True) == {"a"}


def test_an_endpoint_that_cannot_be_seen_is_left_alone_even_when_others_are_wanted_soon() -> None:
    endpoints = looking()
    endpoints.seen(Coverage("a", trouble="no answer", blind=True), 0.0)
    endpoints.seen(Coverage("b"), 0.0)
    assert endpoints.due({"a", "b"}, 4.0, soon=True) == {"b"}
    assert endpoints.due({"a"}, 5.0) == {"a"}
    endpoints.seen(Coverage("a", trouble="no answer", blind=True), 5.0)
    assert endpoints.due({"a"}, 14.0) == frozenset()
    assert endpoints.due({"a"}, 15.0) == {"a"}
    assert endpoints.coverage()["a"].blind


def test_the_longest_an_endpoint_is_left_alone_is_bounded_and_one_good_look_ends_it() -> None:
    endpoints = looking()
    for moment in range(50):
        endpoints.seen(Coverage("a", trouble="no answer", blind=True), float(moment))
    assert endpoints.due({"a"}, 49.0 + MOST_PAUSE) == {"a"}
    endpoints.seen(Coverage("a"), 50.0)
    assert endpoints.due({"a"}, 51.0, soon=True) == {"a"}


def test_what_was_doubted_is_looked_at_next_and_what_is_gone_is_forgotten() -> None:
    endpoints = looking()
    endpoints.seen(Coverage("a"), 0.0)
    endpoints.doubt("a")
    assert endpoints.due({"a"}, 1.0) == {"a"}
    endpoints.keep([])
    assert endpoints.coverage() == {}


def test_a_thing_is_news_once_until_it_changes_or_is_over() -> None:
    notices = Notices()
    assert not notices.is_news("source", None)
    assert notices.is_news("source", "broken")
    assert not notices.is_news("source", "broken")
    assert notices.is_news("source", "broken otherwise")
    assert notices.is_news("source", None)
    assert not notices.is_news("source", None)


def test_of_many_things_only_the_new_and_the_ended_are_told() -> None:
    notices = Notices()
    assert notices.news("blocked", {"a": 1, "b": 1}) == (["a", "b"], [])
    assert notices.news("report", {"a": 1}) == (["a"], [])
    assert notices.news("blocked", {"a": 1, "b": 2}) == (["b"], [])
    assert notices.news("blocked", {"b": 2}) == ([], ["a"])
    assert notices.news("blocked", {"a": 1, "b": 2}) == (["a"], [])


@pytest.fixture
def log() -> Iterator[tuple[io.StringIO, Redactor]]:
    """Logging as the daemon sets it up, into a text; everything is as before afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream, redactor = io.StringIO(), Redactor()
    configure("info", "json", redactor, stream)
    yield stream, redactor
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_log_line_is_json_with_time_level_and_event_first(log: tuple[io.StringIO, Redactor]) -> None:
    stream, _ = log
    get_logger("test").info("step done", resource="vm/web-1")
    (line,) = lines(stream)
    assert list(line) == ["timestamp", "level", "event", "resource"]
    assert line["level"] == "info"


def test_what_libraries_log_comes_out_the_same_way_and_their_chatter_does_not(
    log: tuple[io.StringIO, Redactor],
) -> None:
    stream, _ = log
    for name in ("proxmoxer.core", "urllib3.connectionpool", "hcloud", "apscheduler.scheduler"):
        logging.getLogger(name).info("chatter of %s", name)
    logging.getLogger("urllib3").warning("retrying %s", "once")
    assert [line["event"] for line in lines(stream)] == ["retrying once"]


def test_no_secret_is_logged_wherever_it_hides(log: tuple[io.StringIO, Redactor]) -> None:
    stream, redactor = log
    redactor.learn([SECRET, f"user@pve!token={SECRET}2", "ab"])
    logger = get_logger("test")
    message = f"token {SECRET}"
    logger.info(message, a=SECRET, b={"deep": [SECRET, {SECRET: 1}]}, c=ValueError(SECRET), d="ab")
    logging.getLogger("library").warning("sent %s", f"Bearer {SECRET}2")
    try:
        raise_with(SECRET)
    except ConfigurationError:
        logger.exception("failed")
    text = stream.getvalue()
    assert SECRET not in text
    assert text.count(REDACTED) >= 8
    assert lines(stream)[0]["d"] == REDACTED
    assert "table" in redactor.clean("table")  # a short value is redacted only where it is all there is


def raise_with(text: str) -> None:
    raise ConfigurationError(text)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("source_poll", 0),
        ("reconcile_interval", -1),
        ("port", 70_000),
        ("max_destroy", -1),
        ("log_level", "loud"),
        ("sources", (SourceSpec(paths=("-",)),)),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(setting: str, value: object) -> None:
    given: dict[str, object] = {"home": Path("home"), "sources": (), setting: value}
    with pytest.raises(ConfigurationError):
        DaemonConfig(**given)  # type: ignore[arg-type]  # the values are wrong on purpose


def test_a_source_is_never_named_with_its_credentials() -> None:
    spec = SourceSpec(git="https://user:password@git.example.com/fleet.git", branch="main", subfolder="eu")
    assert label(spec) == "https://git.example.com/fleet.git@main//eu"


def test_readiness_needs_the_database_and_a_reconcile_and_health_does_not() -> None:
    health = Health(Metrics())
    assert health.answer("/healthz")[0] == 200
    assert health.answer("/readyz")[0] == 503
    health.metrics.snapshot.database_up = True
    assert health.answer("/readyz")[0] == 503
    health.reconciled = True
    assert health.answer("/readyz")[0] == 200
    assert health.answer("/else")[0] == 404


def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    health = Health(Metrics())
    server = HealthServer(health, 0)
    with pytest.raises(ConfigurationError, match=str(server.port)):
        HealthServer(health, server.port)
    server.close()


def test_metrics_show_when_a_credential_expires() -> None:
    metrics = Metrics()
    metrics.snapshot.expires_at = {"token": 1_800_000_000.0}
    line = 'reconciler_credential_expires_timestamp_seconds{credential="token"} 1.8e+09'
    assert line in metrics.text().decode().splitlines()


def test_metrics_show_requests_and_what_is_left_of_the_budget() -> None:
    metrics = Metrics()
    budget = RequestBudget(100)
    budget.before()
    metrics.snapshot.budgets = {"cloud": budget, "unlimited": RequestBudget()}
    text = metrics.text().decode()
    assert 'reconciler_provider_requests_total{endpoint="cloud"} 1.0' in text
    assert 'reconciler_request_budget_remaining{endpoint="cloud"} 99.0' in text
    assert 'reconciler_request_budget_remaining{endpoint="unlimited"}' not in text


def test_systemd_is_told_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{folder}/notify")
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        notify("READY=1")
        assert systemd.recv(100) == b"READY=1"
    notify("WATCHDOG=1")  # nobody listens any more, and nothing comes of it
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")

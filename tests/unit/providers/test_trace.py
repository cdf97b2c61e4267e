"""The trace tells everything of a request but its secrets, and is nobody's failure."""

from __future__ import annotations

import base64
import html
import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ConfigurationError
from reconciler.providers.driver import Access
from reconciler.providers.trace import Exchange, Trace, during
from reconciler.providers.trace.file import MOST_BODY
from reconciler.redaction import REDACTED

SECRET = "s3cret & more: +/=\"'\n✓"
NOW = datetime(2026, 11, 28, 12, 0, 0, 123_456, tzinfo=UTC)
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\nZXkt\n-----END OPENSSH PRIVATE KEY-----"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")


class NoMeter:
    def before(self) -> None: ...

    def after(self, limit: int | None, remaining: int | None, reset: float | None) -> None: ...


class Rig:
    """A trace in a file, and what was said of it."""

    def __init__(self, stack: ExitStack, file: Path) -> None:
        self.file = file
        self.said: list[str] = []
        opened = stack.enter_context(Trace.open(file, self.said.append))
        assert opened is not None
        self.trace = opened
        self.access = Access("hz", "https://x", UUID(int=1), "", NoMeter(), trace=opened.at("hz"))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def told(self, **of: Any) -> dict[str, Any]:
        """The line of one exchange."""
        assert self.access.trace is not None
        self.access.trace.write(
            Exchange(**{"at": NOW, "method": "GET", "path": "/", "milliseconds": 1.26, **of})
        )
        return self.lines()[-1]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(stack, tmp_path / "trace.jsonl")


def test_a_line_has_all_that_the_documentation_says(rig: Rig) -> None:
    with during("server.create"):
        line = rig.told(
            method="POST",
            path="/v1/servers?page=2",
            status=201,
            request='{"name": "web-1"}',
            answer=b'{"server": {"id": 7}}',
        )
    assert line == {
        "at": "2026-11-28T12:00:00.123+00:00",
        "endpoint": "hz",
        "operation": "server.create",
        "method": "POST",
        "path": "/v1/servers?page=2",
        "status": 201,
        "reason": None,
        "ms": 1.3,
        "request": {"name": "web-1"},
        "answer": {"server": {"id": 7}},
        "error": None,
    }
    assert rig.told()["operation"] is None


NAMES = (
    *("password", "cipassword", "root_password", "Password", "user_data", "userData", "ticket", "vncticket"),
    *("CSRFPreventionToken", "private_key", "privateKey", "token", "api-key", "client_secret", "wss_url"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_sounds_like_a_secret_is_masked_wherever_it_is(rig: Rig, name: str) -> None:
    for value in ("hunter2", ["hunter2"], {"deep": "hunter2"}, 12345):
        line = rig.told(answer=json.dumps({"data": [{name: value, "id": 1}]}))
        assert line["answer"] == {"data": [{name: REDACTED, "id": 1}]}
    sent = urlencode({name: "hunter2", "memory": "512"})
    line = rig.told(path=f"/x?{sent}", request=sent, request_kind="application/x-www-form-urlencoded")
    assert line["request"] == {name: REDACTED, "memory": "512"}
    for text in (
        f'<p>{name}: "hunter2"</p>',
        f'{{"{name}": "hunter2',
        f"{name}=hunter2",
        f"a\n{name}: hunter2\n",
    ):
        rig.told(answer=text, error=text, reason=text)
        rig.told(answer=json.dumps({"file": text}))
    assert "hunter2" not in rig.file.read_text()


def test_whether_a_secret_is_there_is_told(rig: Rig) -> None:
    assert rig.told(answer='{"root_password": null, "reset_password": true}')["answer"] == {
        "root_password": None,
        "reset_password": True,
    }


def test_a_known_secret_is_masked_in_every_spelling(rig: Rig) -> None:
    rig.trace.hide(SECRET, "ab", "123456", "root@pam!ci=of-the-token", "root@pam:of-the-user")
    form = {"description": SECRET, "sshkeys": quote(SECRET, safe=""), "x": "ab", "y": "table"}
    line = rig.told(
        path=f"/x?comment={quote(SECRET)}&short=ab",
        request=urlencode(form),
        request_kind="application/x-www-form-urlencoded",
        answer=json.dumps({"note": f"<{SECRET}>", "n": 123456, "m": 7, "of-the-user": ["of-the-token"]}),
        error=f"GET {quote(SECRET, safe='')} failed",
        reason="no such of-the-token",
    )
    assert line["request"] == {"description": REDACTED, "sshkeys": REDACTED, "x": REDACTED, "y": "table"}
    assert line["answer"] == {"note": f"<{REDACTED}>", "n": REDACTED, "m": 7, REDACTED: [REDACTED]}
    assert line["path"] == f"/x?comment={REDACTED}&short={REDACTED}"
    for text in (html.escape(SECRET), base64.b64encode(SECRET.encode()).decode(), json.dumps(SECRET)):
        assert rig.told(answer=f"<p>{text}</p>")["answer"].strip('<p>/"') == REDACTED
    text = rig.file.read_text()
    assert "s3cret" not in text
    assert "of-the-" not in text


def test_a_private_key_is_masked_and_a_public_one_is_not(rig: Rig) -> None:
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 one@example"
    line = rig.told(answer=json.dumps({"public_key": public, "text": f"a {PRIVATE} b", "cut": PRIVATE[:60]}))
    assert line["answer"] == {"public_key": public, "text": f"a {REDACTED} b", "cut": REDACTED}
    assert rig.told(answer=PRIVATE)["answer"] == REDACTED


def test_a_long_body_is_cut_after_it_was_masked(rig: Rig) -> None:
    answer = rig.told(answer=json.dumps({"password": "x" * 100_000, "a": "y" * 100_000}))["answer"]
    assert answer.startswith('{"password": "[secret]", "a": "yyy')
    assert len(answer) < MOST_BODY + 40
    assert answer.endswith(" more characters)")


@given(st.text(), st.binary(max_size=200), st.sampled_from(["", "application/json", "text/html"]))
def test_whatever_is_answered_is_one_line_of_json(text: str, content: bytes, kind: str) -> None:
    line = (
        Trace(os.open(os.devnull, os.O_WRONLY), Path(), print)
        .at("hz")
        ._line(Exchange(NOW, "GET", f"/x?{text}", 1, 200, text, text, text, kind, content, kind))
    )
    assert "\n" not in json.dumps(line)


def test_the_file_is_for_its_owner_alone_and_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text('{"earlier": true}\n')
    file.chmod(0o644)
    with ExitStack() as stack:
        Rig(stack, file).told()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().splitlines()) == 2
    with Trace.open(None, print) as none:
        assert none is None


def test_a_file_that_is_not_ones_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "", "missing/file"):
        with (
            pytest.raises(ConfigurationError, match="no trace can be written"),
            Trace.open(tmp_path / name, print),
        ):
            pass


@as_root
def test_somebody_elses_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "theirs"
    file.write_text("")
    file.chmod(0o666)
    os.chown(file, 65534, 65534)
    with pytest.raises(ConfigurationError, match="belongs to user 65534"), Trace.open(file, print):
        pass
    assert stat.S_IMODE(file.stat().st_mode) == 0o666


def test_a_trace_that_cannot_be_written_says_so_once_and_raises_nothing(rig: Rig) -> None:
    device = os.open("/dev/full", os.O_WRONLY)
    full = Trace(device, Path("/dev/full"), rig.said.append)
    for _ in range(3):
        full.at("hz").write(Exchange(NOW, "GET", "/", 1))
    full.close()
    assert rig.said == ["the trace in /dev/full ends here, all else goes on: No space left on device"]


def test_what_is_answered_after_the_end_is_written_nowhere(tmp_path: Path) -> None:
    with ExitStack() as stack:
        rig = Rig(stack, tmp_path / "trace.jsonl")
    taken = os.open(tmp_path / "another", os.O_WRONLY | os.O_CREAT)  # most likely with the same number
    rig.trace.append("late")
    os.close(taken)
    assert (rig.lines(), rig.said, (tmp_path / "another").read_text()) == ([], [], "")


class Provider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            return
        self.send_response(500, "VM 100 is locked")
        self.end_headers()
        self.wfile.write(b'{"ticket": "hunter2"}')

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def provider() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_session_is_watched_and_behaves_as_it_did(rig: Rig, provider: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        rig.access.watch(session)
        headers = {"Authorization": "Bearer hunter2", "Cookie": "PVEAuthCookie=hunter2"}
        answer = session.post(f"{provider}/vm?x=1", json={"password": "hunter2"}, headers=headers)
        assert answer.json() == {"ticket": "hunter2"}
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.post(f"{provider}/cut", data={"a": "b"})
        with pytest.raises(requests.ConnectionError):
            session.get("http://127.0.0.1:1/nobody?token=hunter2")
    first, second, third = rig.lines()
    assert (first["path"], first["status"], first["reason"]) == ("/vm?x=1", 500, "VM 100 is locked")
    assert first["request"] == {"password": REDACTED}
    assert (second["status"], second["request"], second["answer"]) == (200, {"a": "b"}, None)
    assert "IncompleteRead" in second["error"]
    assert (third["status"], third["path"]) == (None, f"/nobody?token={REDACTED}")
    assert "refused" in third["error"]
    assert "hunter2" not in rig.file.read_text()

"""Answers `POST /hook`: checks whose request it is, finds the sources that it is about, and wakes them.

Nobody is believed before the signature was checked, over the very bytes that came. A request that is
nobody's is answered 401, counted, and logged once a minute at most. A push that concerns no source here is
answered 202: a hook of a whole organisation sends many such, and GitLab switches off a hook whose answers are
errors.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.daemon.hook.concerned import concerned
from reconciler.daemon.hook.push import Push, is_push, read_push
from reconciler.daemon.hook.signature import Proof
from reconciler.daemon.hook.waking import Waking
from reconciler.daemon.logs import get_logger
from reconciler.daemon.metrics import Metrics
from reconciler.manifest.source.state import SourceSpec

MOST_READ = 1 << 20
"""Bytes of a body that are kept and read. A longer one is checked as it comes, and wakes every source."""
MOST_BYTES = 25 << 20
"""What is taken at all: GitHub's bound on what it sends."""
_PIECE = 1 << 16
_LOG_SECONDS = 60.0

_log = get_logger(__name__)


class Stream(Protocol):
    """Where a body comes from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a line for the forge's page of deliveries; `outcome` is what metrics count it as."""

    status: int
    text: str
    outcome: str


class Hook:
    """`sources`: each with its label. `wake` is called with the label of one to look at, in any thread."""

    def __init__(
        self, sources: Iterable[tuple[str, SourceSpec]], wake: Callable[[str], None], metrics: Metrics
    ) -> None:
        self._sources = tuple(sources)
        self._waking = Waking(wake)
        self._metrics = metrics
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._refused = 0  # since the last line about it
        self._logged_at = -_LOG_SECONDS

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on a request is signed with one of these; without any, none is taken."""
        self._secrets = tuple(secrets)

    def answer(self, headers: Mapping[str, str], body: Stream, client: str) -> Answer:
        """What a request comes to. `headers` by their names in lower case; `client` for the log."""
        found = self._answer(headers, body, client)
        self._metrics.hooks.labels(found.outcome).inc()
        return found

    def _answer(self, headers: Mapping[str, str], body: Stream, client: str) -> Answer:
        if not self._secrets:
            return Answer(503, "the hook's secret is not known yet; send it again later", "not_ready")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return Answer(411, "a Content-Length is needed", "unreadable")
        if len(length) > 10 or int(length) > MOST_BYTES:
            return Answer(413, f"more than {MOST_BYTES} bytes are not taken", "unreadable")
        proof = Proof(headers, self._secrets)
        if proof.header is None:
            return self._refuse(client, "it carries no signature that is known here")
        kept = _received(body, int(length), proof)
        if not proof.holds():
            return self._refuse(client, f"its {proof.header} was not made with the hook's credential")
        if not is_push(headers):
            return Answer(202, "this is about no push; nothing to do", "unconcerned")
        try:
            push = read_push(headers, kept) if kept is not None else Push()
        except ValueError as error:
            return Answer(400, f"the body cannot be read: {error}", "unreadable")
        return self._wake(push)

    def _wake(self, push: Push) -> Answer:
        names = sorted(concerned(push, self._sources))
        if not names:
            return Answer(202, "no source here is of that repository and branch", "unconcerned")
        for name in names:
            self._waking.pushed(name)
        _log.info("a push was told of", sources=names, refs=list(push.refs)[:5])
        return Answer(202, f"looking at {', '.join(names)}", "woken")

    def _refuse(self, client: str, why: str) -> Answer:
        with self._lock:
            self._refused += 1
            count, now = self._refused, time.monotonic()
            say = now - self._logged_at >= _LOG_SECONDS
            if say:
                self._refused, self._logged_at = 0, now
        if say:
            _log.warning("a hook was refused", client=client, problem=why, count=count)
        return Answer(401, why, "refused")


def _received(body: Stream, length: int, proof: Proof) -> bytes | None:
    """The whole body, given to the proof as it comes; None where it is too long to be kept."""
    pieces: list[bytes] = []
    left = length
    while left > 0 and (piece := body.read(min(left, _PIECE))):
        proof.add(piece)
        left -= len(piece)
        if length <= MOST_READ:
            pieces.append(piece)
    return b"".join(pieces) if length <= MOST_READ else None

"""Watching a `requests.Session`: the adapters that send for it are wrapped, so that nothing passes unseen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import BaseAdapter

from reconciler.providers.trace.file import EndpointTrace, Exchange


def watch(session: requests.Session, trace: EndpointTrace) -> None:
    """Trace all that is sent through this session from now on."""
    for prefix, adapter in tuple(session.adapters.items()):
        session.mount(prefix, _Watched(adapter, trace))


class _Watched(BaseAdapter):
    """Sends by another adapter. An answer that is no stream is read here, and not a moment later."""

    def __init__(self, inner: BaseAdapter, trace: EndpointTrace) -> None:
        super().__init__()
        self._inner = inner
        self._trace = trace

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        at, began = datetime.now(UTC), time.perf_counter()
        answer: requests.Response | None = None
        error: Exception | None = None
        try:
            answer = self._inner.send(request, stream, timeout, verify, cert, proxies)
            if not stream:
                _ = answer.content
        except Exception as caught:
            error = caught
            raise
        finally:
            took = (time.perf_counter() - began) * 1000
            self._trace.write(_exchange(request, answer, error, at, took, unread=stream))
        return answer

    def close(self) -> None:
        self._inner.close()


def _exchange(
    request: requests.PreparedRequest,
    answer: requests.Response | None,
    error: Exception | None,
    at: datetime,
    milliseconds: float,
    *,
    unread: bool,
) -> Exchange:
    sent = request.body
    return Exchange(
        at=at,
        method=request.method or "",
        path=request.path_url,
        milliseconds=milliseconds,
        status=answer.status_code if answer is not None else None,
        reason=_told(answer) if answer is not None else None,
        error=f"{type(error).__name__}: {error}" if error is not None else None,
        request=sent if isinstance(sent, (bytes, str)) or sent is None else "(a stream)",
        request_kind=str(request.headers.get("Content-Type", "")),
        answer=None if answer is None or error is not None else "(a stream)" if unread else answer.content,
        answer_kind=answer.headers.get("Content-Type", "") if answer is not None else "",
    )


def _told(answer: requests.Response) -> str | None:
    """The reason phrase where it says more than the status: Proxmox VE puts its errors there."""
    try:
        usual = HTTPStatus(answer.status_code).phrase
    except ValueError:
        usual = ""
    reason = str(answer.reason or "")
    return reason if reason.lower() != usual.lower() else None

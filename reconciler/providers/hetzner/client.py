"""One endpoint's connection: `hcloud`, with everything that it decides by itself taken out of its hands.

The library would repeat any request, a creation too, after a timeout or a conflict, would wait for ever for
an answer, and tells nobody what the provider says of the rate limit. Here a request is sent once, within a
bound, through the request budget. Requests go through the library's public `request`, method and path as
the plan showed them, so what is previewed is what is sent; its bound models, which fetch on attribute
access, are not used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import Any

import requests
from hcloud import APIException, Client
from requests.utils import get_environ_proxies

from reconciler import __version__
from reconciler.errors import ErrorCode, ProviderError
from reconciler.providers.driver import Access
from reconciler.providers.hetzner import errors
from reconciler.providers.sessions import close_session

_GET_ATTEMPTS = 2

# The library changes the warning filters of the process while it makes a client, and puts back what it found:
# two threads at once would find each other's.
_making = Lock()


class HetznerClient:
    """Raw JSON in and out; every failure is a ProviderError. For one thread."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._last: requests.Response | None = None
        self.requests = 0
        url = access.url.rstrip("/")
        with _making:
            self._client = Client(
                access.credential,
                api_endpoint=url,
                application_name="reconciler",
                application_version=__version__,
                timeout=access.timeout,
            )
        # The library has no parameter for these; a test pins them.
        inner = self._client._client
        inner._retry_max_retries = 0
        self._session = inner._session
        # Only proxies and the CA bundle come from the environment: a netrc entry would replace the token.
        self._session.trust_env = False
        self._session.proxies = dict(get_environ_proxies(url))
        self._session.verify = str(access.ca_file) if access.ca_file else _environment_ca()
        self._session.hooks["response"].append(self._seen)
        access.watch(self._session)

    def close(self) -> None:
        """Close the connections; the next request opens them again."""
        close_session(self._session)

    def named(self, method: str, path: str) -> str:
        """A request as messages name it."""
        return f"{self._access.endpoint}: {method} {path}"

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read; a transient failure is tried once more, because reading twice harms nobody."""
        for attempt in range(1, _GET_ATTEMPTS + 1):
            try:
                return self._send("GET", path, params=dict(params or {}))
            except ProviderError as error:
                again = error.transient and error.code is not ErrorCode.RATE_LIMITED
                if not again or attempt == _GET_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a change, once."""
        return self._send(method, path, json=dict(body)) if body else self._send(method, path)

    def _send(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        name = self.named(method, path)
        self._access.meter.before()
        self.requests += 1
        self._last = None
        try:
            answer = self._client.request(method, path, allow_redirects=False, **content)
        except APIException as error:
            problem = errors.from_api(error, self._status(), name, method, self._retry_after())
            raise self._clean(problem) from None
        except requests.RequestException as error:
            raise self._clean(errors.from_network(error, name, method)) from None
        if self._redirected():
            raise errors.malformed(name, method, "a redirect, not an answer: is the endpoint's URL right?")
        if not isinstance(answer, dict):
            raise errors.malformed(name, method, "the answer is not a JSON object")
        return answer

    def _seen(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._last = response
        headers = response.headers
        self._access.meter.after(
            _whole(headers.get("RateLimit-Limit")),
            _whole(headers.get("RateLimit-Remaining")),
            _number(headers.get("RateLimit-Reset")),
        )

    def _status(self) -> int:
        return self._last.status_code if self._last is not None else 0

    def _redirected(self) -> bool:
        return self._last is not None and self._last.is_redirect

    def _retry_after(self) -> float | None:
        return _number(self._last.headers.get("Retry-After")) if self._last is not None else None

    def _clean(self, error: ProviderError) -> ProviderError:
        if self._access.credential in error.message:
            error.message = error.message.replace(self._access.credential, "***")
            error.args = (error.message,)
        return error


def _environment_ca() -> str | bool:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else int(number)

"""The connection to one Proxmox VE endpoint: the only place that speaks through proxmoxer.

proxmoxer is given an explicit timeout, is kept from following redirects and from taking a page for an
answer, and its log (which names request bodies, passwords among them) is silenced. One request a call.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import nullcontext
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.core import AuthenticationError, ResourceException

from reconciler.errors import ConfigurationError, CredentialError, ErrorCode, ProviderError
from reconciler.providers.driver import Access, Wire
from reconciler.providers.proxmox import errors, tickets
from reconciler.providers.sessions import close_session

_IDLE_LIMIT = 4.0
"""Seconds after which a kept connection is not used again: the server cuts idle ones after five."""


class _NotJson(Exception):
    """Raised by the response hook, so that proxmoxer never sees what is no API answer."""


def _quiet(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def silence(names: tuple[str, ...] = ("proxmoxer.core", "proxmoxer.backends.https")) -> None:
    """Drop whatever these loggers say below a warning, however their levels are set later."""
    for name in names:
        logger = logging.getLogger(name)
        if _quiet not in logger.filters:
            logger.addFilter(_quiet)


silence()


class ProxmoxClient:
    """One endpoint, one thread. Nothing is sent before the first call.

    `granted` and `nodes` are what the last look was told: what the login may do, and which nodes are online.
    They spare whoever asks right after it the same questions.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._host, self._port = _address(access)
        self._login = _credential(access)
        self._api: Any = None
        self._used = 0.0
        self._ahead = 0.0
        self.requests = 0
        self.granted: Mapping[str, Any] | None = None
        self.nodes: Mapping[str, bool] | None = None

    @property
    def user(self) -> str:
        """Who logs in: `USER@REALM`, or `USER@REALM!TOKENID`."""
        token = self._login.get("token_name")
        return self._login["user"] + (f"!{token}" if token else "")

    def now(self) -> float:
        """The server's clock, in Unix seconds, by its last answer; our own where it sent no date."""
        return time.time() + self._ahead

    def call(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> Wire:
        """The `data` of one answer. Raises ProviderError, `ambiguous` if a write may have taken effect."""
        where = f"{self.access.endpoint} {method} {path}"
        api = self._connected(where)
        segments = "/".join(quote(segment, safe=":@!") for segment in path.strip("/").split("/"))
        send = getattr(api(segments), method.lower())
        self.access.meter.before()
        self.requests += 1
        try:
            return send(**(params or {}))
        except ResourceException as error:
            said = error.errors if isinstance(error.errors, Mapping) else None
            raise errors.answered(where, method, error.status_code, str(error.content), said) from None
        except (_NotJson, KeyError, TypeError, AttributeError) as error:
            what = str(error) if isinstance(error, _NotJson) else "JSON of another shape"
            raise errors.not_an_answer(where, method, what) from None
        except AuthenticationError as error:
            raise _rejected(where, error) from None
        except requests.RequestException as error:
            raise errors.not_delivered(where, method, error) from None
        finally:
            self._used = time.monotonic()
            self.access.meter.after(None, None, None)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Wire:
        """As `call` with GET; tried once more if it failed for a passing reason."""
        try:
            return self.call("GET", path, params)
        except ProviderError as error:
            if not error.transient or error.code is ErrorCode.RATE_LIMITED:
                raise
        return self.call("GET", path, params)

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        if self._api is not None:
            close_session(self._api._store["session"])

    def _connected(self, where: str) -> Any:
        if self._api is None:
            self._api = self._connect(where)
        elif time.monotonic() - self._used > _IDLE_LIMIT:
            self.close()
        return self._api

    def _connect(self, where: str) -> Any:
        """Made at the first call, because with a password it asks for a ticket."""
        verify: bool | str = str(self.access.ca_file) if self.access.ca_file else True
        asks = "password" in self._login
        if asks:
            self.access.meter.before()
            self.requests += 1
        tracing = tickets.traced(self.access, self._login["user"]) if asks else nullcontext()
        try:
            with tracing:
                api = ProxmoxAPI(
                    self._host, port=self._port, verify_ssl=verify, timeout=self.access.timeout, **self._login
                )
        except AuthenticationError as error:
            raise _rejected(where, error) from None
        except (KeyError, TypeError, ValueError):
            raise errors.not_an_answer(where, "GET", "no ticket") from None
        except requests.RequestException as error:
            raise errors.not_delivered(where, "GET", error) from None
        finally:
            if asks:
                self.access.meter.after(None, None, None)
        session = api._store["session"]
        session.hooks["response"] = [self._dated, _check]
        self.access.watch(session)
        if asks:
            tickets.trace_renewals(self.access, self._login["user"], session.auth)
        return api

    def _dated(self, response: requests.Response, *_args: object, **_kwargs: object) -> None:
        ahead = _ahead_of_ours(response.headers.get("Date"))
        self._ahead = self._ahead if ahead is None else ahead


def _ahead_of_ours(date: str | None) -> float | None:
    """By how many seconds a server's clock is ahead; None where its date says nothing."""
    try:
        return parsedate_to_datetime(date or "").timestamp() - time.time()
    except ValueError:
        return None


def tasks_of(answer: Wire) -> tuple[str, ...]:
    """The task that an answer names; none where what was asked for is done."""
    return (answer,) if isinstance(answer, str) and answer.startswith("UPID:") else ()


def _rejected(where: str, error: AuthenticationError) -> ProviderError:
    status = tickets.rejected_with(error)
    if status != 401:
        return errors.answered(where, "GET", status, "the login failed")
    return ProviderError(
        f"{where}: the user name or password was rejected",
        code=ErrorCode.UNAUTHORIZED,
        hint="set the endpoint's credential again; an API token does not expire with a session",
    )


def _check(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    what = _fault(response)
    if what is not None:
        response.close()
        raise _NotJson(f"{what} (status {response.status_code})")


def _fault(response: requests.Response) -> str | None:
    """What is wrong with an answer that does not call itself an error."""
    if response.status_code >= 400:
        return None
    if response.status_code >= 300:
        return "a redirect"
    kind = response.headers.get("Content-Type", "")
    if not kind.startswith(("application/json", "text/javascript")):
        return f"a page of type {kind or 'unknown'}"
    try:
        response.json()
    except ValueError:
        return "broken JSON"
    return None


def _address(access: Access) -> tuple[str, int]:
    url = urlsplit(access.url)
    if url.scheme != "https" or not url.hostname or url.path.strip("/") not in ("", "api2/json"):
        raise ConfigurationError(
            f"endpoint {access.endpoint}: `{access.url}` is not a Proxmox VE address",
            hint="write it as https://host:8006",
        )
    return (f"[{url.hostname}]" if ":" in url.hostname else url.hostname), url.port or 8006


def _credential(access: Access) -> dict[str, str]:
    """proxmoxer's arguments from `USER@REALM!TOKENID=SECRET` or `USER@REALM:PASSWORD`."""
    name, equals, secret = access.credential.partition("=")
    user, bang, token = name.partition("!")
    if equals and bang and "@" in user and ":" not in name and token and secret:
        return {"user": user, "token_name": token, "token_value": secret}
    account, colon, password = access.credential.partition(":")
    if colon and "@" in account and password:
        return {"user": account, "password": password}
    raise CredentialError(
        f"endpoint {access.endpoint}: the credential has neither of the two forms that are understood",
        hint="USER@REALM!TOKENID=SECRET for an API token, or USER@REALM:PASSWORD",
    )

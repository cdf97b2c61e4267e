"""Proxmox VE's errors, sorted into our classes.

Nearly everything that goes wrong there is a 500 whose text says what happened, so the text decides. A
recognised text means that the server refused: nothing took effect. Whatever is not recognised leaves it
open whether a write took effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from urllib3.exceptions import NewConnectionError

from reconciler.errors import ErrorCode, ProviderError


@dataclass(frozen=True, slots=True)
class _Text:
    pattern: str
    code: ErrorCode
    transient: bool = False


_TEXTS = (
    _Text(r"already exists|already defined", ErrorCode.ALREADY_EXISTS),
    _Text(r"can't lock file|can't acquire (\S+ )?lock|lock .*got timeout", ErrorCode.LOCKED, True),
    _Text(r"\bis locked\b|\(lock(ed)?: ", ErrorCode.LOCKED, True),
    _Text(r"protection mode enabled", ErrorCode.PROTECTED),
    _Text(r"detected modified configuration|checksum mismatch \(file change", ErrorCode.CONFLICT),
    _Text(r"no quorum|not ready", ErrorCode.UNAVAILABLE, True),
    _Text(r"storage '.*' is not (online|available|active)", ErrorCode.UNAVAILABLE, True),
    _Text(r"not enough|no space left|out of space|insufficient|quota exceeded", ErrorCode.NO_CAPACITY),
    _Text(r"permission|only root|user != root", ErrorCode.FORBIDDEN),
    # What is asked for is missing, or only something that it names is: a snapshot, a storage, a parent.
    _Text(r"configuration file '[^']*' does not exist|unable to find configuration", ErrorCode.NOT_FOUND),
    _Text(r"failed: pool '[^']*' does not exist|^pool '[^']*' does not exist", ErrorCode.NOT_FOUND),
    _Text(r"no such (vm|ct|guest|pool|task)\b", ErrorCode.NOT_FOUND),
    _Text(r"does not exist|no such|not found|unable to find", ErrorCode.INVALID),
    _Text(r"is running|already running|not running|is a template|is paused", ErrorCode.CONFLICT),
    _Text(r"can't migrate running|is not empty|contains .*members", ErrorCode.CONFLICT),
    _Text(r"hotplug problem|cloud-init drive is already attached", ErrorCode.CONFLICT),
    _Text(
        r"can't clone|uses local storage|linked clone feature|hostname lookup .* failed", ErrorCode.INVALID
    ),
    _Text(r"shrink|unable to parse|invalid|validation error|not supported|parameter", ErrorCode.INVALID),
    _Text(r"value too (large|small)|supports only|not compatible with|illegal characters", ErrorCode.INVALID),
    _Text(
        r"cannot set [\w-]+ if|please set the machine type|different from storage format", ErrorCode.INVALID
    ),
    _Text(r"(read-only|required) option|not set - aborting|has to be defined", ErrorCode.INVALID),
    _Text(r"content type|storage '[^']*' is disabled|must start with|same storage", ErrorCode.INVALID),
    _Text(r"you can't move|can't (update|remove|modify|delete) ", ErrorCode.INVALID),
)
_STATUSES = {
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    429: ErrorCode.RATE_LIMITED,
    501: ErrorCode.INVALID,
}


def answered(
    where: str, method: str, status: int, text: str, errors: Mapping[str, str] | None = None
) -> ProviderError:
    """An answer with an error status. `text` is its reason phrase, `errors` its texts by parameter."""
    details = "; ".join(f"{name}: {' '.join(str(said).split())}" for name, said in (errors or {}).items())
    message = f"{where}: {status} {text}" + (f" ({details})" if details else "")
    writes = method != "GET"
    if status in _STATUSES:
        return ProviderError(message, code=_STATUSES[status], transient=status == 429)
    if status == 400:
        taken = "already exists" in details or "already exists" in text
        return ProviderError(message, code=ErrorCode.ALREADY_EXISTS if taken else ErrorCode.INVALID)
    if status == 595:  # the node could not be reached: nothing was passed on
        return ProviderError(message, code=ErrorCode.UNAVAILABLE, transient=True)
    if status == 500 and (known := _recognised(f"{text} {details}")) is not None:
        return ProviderError(message, code=known.code, transient=known.transient)
    if status >= 500:
        code = ErrorCode.TIMEOUT if status in (504, 596) else ErrorCode.UNAVAILABLE
        permanent = status == 500 and writes
        return ProviderError(message, code=code, transient=not permanent, ambiguous=writes)
    return ProviderError(message, code=ErrorCode.OTHER)


def _recognised(text: str) -> _Text | None:
    return next((each for each in _TEXTS if re.search(each.pattern, text, re.IGNORECASE)), None)


def not_an_answer(where: str, method: str, what: str) -> ProviderError:
    """Something that is no API answer at all: a page of a proxy, a redirect, a body cut short."""
    return ProviderError(
        f"{where}: {what} instead of an answer",
        code=ErrorCode.UNAVAILABLE,
        transient=True,
        ambiguous=method != "GET",
        hint="check that the endpoint's URL is the API's own and that no proxy answers in its place",
    )


def not_delivered(where: str, method: str, error: requests.RequestException) -> ProviderError:
    """A request that failed on its way, told apart by whether it can have arrived."""
    unsent = isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError))
    if isinstance(error, requests.exceptions.SSLError):
        return ProviderError(
            f"{where}: the certificate or the TLS handshake was refused",
            code=ErrorCode.CONNECTION,
            hint="copy the cluster's /etc/pve/pve-root-ca.pem, and name it in the endpoint's spec.ca_file",
        )
    if isinstance(error, requests.Timeout):
        return ProviderError(
            f"{where}: no answer in time",
            code=ErrorCode.TIMEOUT,
            transient=True,
            ambiguous=method != "GET" and not unsent,
        )
    unsent = unsent or _never_connected(error)
    return ProviderError(
        f"{where}: {'no connection' if unsent else 'the connection broke'} ({type(error).__name__})",
        code=ErrorCode.CONNECTION,
        transient=True,
        ambiguous=method != "GET" and not unsent,
    )


def _never_connected(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)

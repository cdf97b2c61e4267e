"""Sorting what `hcloud` and the network raise into our error classes.

A message names endpoint, method, path and the provider's own words; the token is taken out should it ever
be among them.
"""

from __future__ import annotations

import requests
from hcloud import APIException
from urllib3.exceptions import NewConnectionError

from reconciler.errors import ErrorCode, ProviderError

# What the API says: our class, and whether the same request may succeed later.
_CODES: dict[str, tuple[ErrorCode, bool]] = {
    "unauthorized": (ErrorCode.UNAUTHORIZED, False),
    "forbidden": (ErrorCode.FORBIDDEN, False),
    "not_found": (ErrorCode.NOT_FOUND, False),
    "uniqueness_error": (ErrorCode.ALREADY_EXISTS, False),
    "conflict": (ErrorCode.CONFLICT, True),
    "locked": (ErrorCode.LOCKED, True),
    "protected": (ErrorCode.PROTECTED, False),
    "rate_limit_exceeded": (ErrorCode.RATE_LIMITED, True),
    "resource_limit_exceeded": (ErrorCode.LIMIT_EXCEEDED, False),
    "resource_unavailable": (ErrorCode.NO_CAPACITY, True),
    "placement_error": (ErrorCode.NO_CAPACITY, True),
    "no_space_left_in_location": (ErrorCode.NO_CAPACITY, True),
    "server_not_stopped": (ErrorCode.CONFLICT, False),
    # An address or object that another one still holds and is about to give back.
    "ip_not_available": (ErrorCode.CONFLICT, True),
    "no_subnet_available": (ErrorCode.CONFLICT, True),
    "resource_in_use": (ErrorCode.CONFLICT, True),
    "must_be_unassigned": (ErrorCode.CONFLICT, True),
    "floating_ip_assigned": (ErrorCode.CONFLICT, True),
    "primary_ip_assigned": (ErrorCode.CONFLICT, True),
    "primary_ip_already_assigned": (ErrorCode.CONFLICT, True),
    "timeout": (ErrorCode.TIMEOUT, True),
}
# Of those, what another object of the project is about to give back, which the provider takes its time for.
_PATIENT = frozenset({"ip_not_available", "primary_ip_assigned", "primary_ip_already_assigned"})
# By status where the answer is not the API's own. No 404: a proxy's is no word of the provider's that an
# object does not exist.
_STATUS: dict[int, str] = {
    401: "unauthorized",
    403: "forbidden",
    429: "rate_limit_exceeded",
    504: "timeout",
}


def from_api(
    error: APIException, status: int, request: str, method: str, wait: float | None
) -> ProviderError:
    """An answer that is not a success, or no answer of the API's at all (a proxy's page)."""
    if isinstance(error.code, str):
        code, transient = _CODES.get(error.code, _by_status(status))
        text = f"{error.message} ({error.code}{_fields(error.details)})"
    else:
        code, transient = _by_status(status)
        text = f"status {status} with something that is not an answer of the API"
    if error.correlation_id:
        text += f", correlation id {error.correlation_id}"
    # What a broken backend or a proxy answers says nothing of what became of the request.
    unsure = status >= 500 or status < 400
    return ProviderError(
        f"{request}: {text}",
        code=code,
        transient=transient,
        ambiguous=unsure and method != "GET",
        retry_after=wait,
        patient=error.code in _PATIENT,
        hint=_hint(code),
    )


def from_network(error: requests.RequestException, request: str, method: str) -> ProviderError:
    """A request without an answer; only where no connection came about has surely nothing happened."""
    timeout = isinstance(error, requests.Timeout)
    sent = not (_not_connected(error) or isinstance(error, requests.ConnectTimeout))
    reason = "no answer in time" if timeout else f"the connection failed ({type(error).__name__})"
    return ProviderError(
        f"{request}: {reason}",
        code=ErrorCode.TIMEOUT if timeout else ErrorCode.CONNECTION,
        transient=True,
        ambiguous=sent and method != "GET",
    )


def malformed(request: str, method: str, what: str) -> ProviderError:
    """A success whose answer cannot be read."""
    return ProviderError(
        f"{request}: {what}",
        code=ErrorCode.UNAVAILABLE,
        transient=True,
        ambiguous=method != "GET",
    )


def _by_status(status: int) -> tuple[ErrorCode, bool]:
    if status in _STATUS:
        return _CODES[_STATUS[status]]
    if status >= 500 or status < 400:
        return ErrorCode.UNAVAILABLE, True
    return ErrorCode.INVALID, False


def _fields(details: object) -> str:
    """The names of refused fields. Their values may be secret and stay out."""
    fields = details.get("fields") if isinstance(details, dict) else None
    names = [str(item["name"]) for item in fields or () if isinstance(item, dict) and "name" in item]
    return f": {', '.join(names)}" if names else ""


def _hint(code: ErrorCode) -> str | None:
    match code:
        case ErrorCode.UNAUTHORIZED:
            return "the API token is not valid (any more): store a new one for this endpoint"
        case ErrorCode.FORBIDDEN:
            return "the API token may not do this: it needs to be a read and write token"
        case ErrorCode.LIMIT_EXCEEDED:
            return "ask Hetzner to raise the project's limits, or free something"
        case ErrorCode.PROTECTED:
            return "set `protected: false` in its manifest first"
    return None


def _not_connected(error: requests.RequestException) -> bool:
    if not isinstance(error, requests.ConnectionError) or isinstance(error, requests.exceptions.ProxyError):
        return False
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError) or "CERTIFICATE_VERIFY" in str(
        cause
    )

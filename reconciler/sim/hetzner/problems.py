"""Refusals in the API's own shape: a status, a code for machines, a sentence for people, and details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# The status that goes with each code, as the API's table of error codes lists them.
STATUS_OF_CODE = {
    "json_error": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "resource_limit_exceeded": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "uniqueness_error": 409,
    "conflict": 409,
    "deprecated_api_endpoint": 410,
    "resource_unavailable": 412,
    "primary_ip_version_mismatch": 412,
    "locked": 423,
    "protected": 423,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "unavailable": 503,
    "timeout": 504,
}

# The code that an injected status is given; a status outside the table is a broken backend.
CODE_OF_STATUS = {
    400: "json_error",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "deprecated_api_endpoint",
    412: "resource_unavailable",
    422: "invalid_input",
    423: "locked",
    429: "rate_limit_exceeded",
    502: "bad_gateway",
    503: "unavailable",
    504: "timeout",
}


class ApiError(Exception):
    """A request that the API refuses. Codes not in the table are an operation's own, with status 422."""

    def __init__(
        self, code: str, message: str, details: dict[str, Any] | None = None, *, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.status = status or STATUS_OF_CODE.get(code, 422)

    def payload(self) -> dict[str, Any]:
        """The body of the answer: `error` with code, message and details."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


def invalid(field: str, message: str) -> ApiError:
    """`invalid_input` for one field."""
    return invalid_fields([(field, message)])


def invalid_fields(problems: Sequence[tuple[str, str]]) -> ApiError:
    """`invalid_input` for (field, message) pairs; the sentence says of a field alone what is wrong."""
    by_field: dict[str, list[str]] = {}
    for field, message in problems:
        by_field.setdefault(field, []).append(message)
    fields = [{"name": name, "messages": messages} for name, messages in by_field.items()]
    sentence = f"invalid input in field '{problems[0][0]}': {problems[0][1]}"
    if len(by_field) > 1:
        sentence = "invalid input in fields " + ", ".join(f"'{name}'" for name in by_field)
    return ApiError("invalid_input", sentence, {"fields": fields})


def not_unique(field: str, message: str) -> ApiError:
    """`uniqueness_error` (409) for one field; which resource has the value already is not said."""
    return ApiError("uniqueness_error", message, {"fields": [{"name": field}]})


def not_found(kind: str, reference: object) -> ApiError:
    """`not_found` (404); the message says "ID" of a name too."""
    return ApiError("not_found", f"{kind} with ID '{reference}' not found")

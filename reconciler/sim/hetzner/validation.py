"""Request bodies: small composable checks that name the field and what is wrong with it.

A check is a function of (field path, value) that yields (field, message) pairs. Fields that the API does
not know are refused, so that a client that sends what was never documented is found out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.sim.hetzner.labels import label_problems
from reconciler.sim.hetzner.problems import invalid_fields

Problems = Iterator[tuple[str, str]]
Check = Callable[[str, Any], Problems]

PRIVATE_RANGES = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")

labels: Check = label_problems


def check(body: Any, shape: Check) -> dict[str, Any]:
    """The body as an object of that shape; raises `ApiError` (invalid_input) listing every problem."""
    value = {} if body is None else body
    problems = list(shape("", value))
    if problems:
        raise invalid_fields(problems)
    result: dict[str, Any] = value
    return result


def record(required: Mapping[str, Check] | None = None, /, **optional: Check) -> Check:
    """An object with these fields and no others."""
    needed = dict(required or {})
    known = needed | optional

    def problems(path: str, value: Any) -> Problems:
        if not isinstance(value, dict):
            yield path or "body", "must be an object"
            return
        prefix = f"{path}." if path else ""
        for name in needed:
            if name not in value:
                yield prefix + name, "is required"
        for name, item in value.items():
            if name not in known:
                yield prefix + name, "unknown field"
            else:
                yield from known[name](prefix + name, item)

    return problems


def text(*, low: int = 0, high: int | None = None, choices: tuple[str, ...] = ()) -> Check:
    """A string that is one of `choices`, where there are any, with `low` to `high` characters."""

    def problems(path: str, value: Any) -> Problems:
        if not isinstance(value, str):
            yield path, "must be a string"
        elif choices and value not in choices:
            yield path, f"must be one of {', '.join(choices)}"
        elif len(value) < low:
            yield path, "is too short"
        elif high is not None and len(value) > high:
            yield path, "is too long"

    return problems


def whole(*, low: int | None = None, high: int | None = None) -> Check:
    """An integer from `low` to `high`, both included; a boolean is none."""

    def problems(path: str, value: Any) -> Problems:
        if isinstance(value, bool) or not isinstance(value, int):
            yield path, "must be an integer"
        elif low is not None and value < low:
            yield path, f"must be at least {low}"
        elif high is not None and value > high:
            yield path, f"must be at most {high}"

    return problems


def flag(path: str, value: Any) -> Problems:
    """True or false, and no string for either."""
    if not isinstance(value, bool):
        yield path, "must be a boolean"


def reference(path: str, value: Any) -> Problems:
    """An id or a name."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        yield path, "must be an ID or a name"


def many(item: Check, *, high: int | None = None) -> Check:
    """An array of at most `high` items; a problem's field has the item's index (`rules.0.port`)."""

    def problems(path: str, value: Any) -> Problems:
        if not isinstance(value, list):
            yield path, "must be an array"
            return
        if high is not None and len(value) > high:
            yield path, f"must have at most {high} items"
        for index, entry in enumerate(value):
            yield from item(f"{path}.{index}", entry)

    return problems


def nullable(inner: Check) -> Check:
    """What `inner` accepts, or null."""

    def problems(path: str, value: Any) -> Problems:
        if value is not None:
            yield from inner(path, value)

    return problems


def hostname(path: str, value: Any) -> Problems:
    """A server's name: RFC 1123."""
    if not isinstance(value, str) or not _HOSTNAME.fullmatch(value):
        yield path, "must be a valid hostname"


def address4(path: str, value: Any) -> Problems:
    """An IPv4 address without a prefix length."""
    try:
        ipaddress.IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        yield path, "must be an IPv4 address"


def network4(path: str, value: Any) -> Problems:
    """An IPv4 network in CIDR notation with empty host bits."""
    try:
        ipaddress.IPv4Network(value if isinstance(value, str) and "/" in value else "")
    except ValueError:
        yield path, "must be an IPv4 network in CIDR notation"


def private_network(shortest: int) -> Check:
    """An RFC 1918 network whose prefix is at most `shortest` bits long."""

    def problems(path: str, value: Any) -> Problems:
        bad = list(network4(path, value))
        if bad:
            yield from bad
            return
        network = ipaddress.IPv4Network(value)
        if not any(network.subnet_of(private) for private in PRIVATE_RANGES):
            yield path, "must be a private range of RFC 1918"
        elif network.prefixlen > shortest:
            yield path, f"must be at least a /{shortest}"

    return problems

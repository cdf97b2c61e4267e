"""Attribute values and call parameters as people read them, and as JSON. Secrets never appear in either."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.plan import Call, ExternalId, MarkValue, Param, ReservedId
from reconciler.model.values import Entry, ExternalRef, SecretRef, Value

LONGEST = 72
"""Characters of a value that are shown in a list; more only where everything is asked for."""

_SINGULAR = {"cores": "core", "bytes": "byte", "operations/s": "operation/s"}

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def shown(value: Value | Param, *, whole: bool = False) -> str:
    """One line. `whole`: however long it is."""
    match value:
        case None:
            return "(none)"
        case bool():
            return "true" if value else "false"
        case SecretRef():
            return f"(secret: credential/{value.credential})"
        case ExternalRef():
            return f"{value.type} with id {value.external_id}"
        case tuple():
            return "[" + ", ".join(shown(item, whole=whole) for item in value) + "]"
        case str():
            return _text(value, whole=whole)
        case _:
            return str(value)


def _text(value: str, *, whole: bool) -> str:
    if not value:
        return '""'
    if whole:
        return value.replace("\n", "\\n")
    lines = value.splitlines()
    first = lines[0] if lines else ""
    if len(first) > LONGEST:
        half = LONGEST // 2
        first = f"{first[:half]}…{first[-half:]}"
    return f"{first} … ({len(lines)} lines)" if len(lines) > 1 else first


def with_unit(value: Value | None, name: str, catalog: Catalog | None, *, whole: bool = False) -> str:
    """A value and the unit that its attribute definition gives it."""
    definition = catalog.definitions.get(name) if catalog else None
    text = shown(value, whole=whole)
    if definition is None or definition.unit is None or value is None or isinstance(value, SecretRef):
        return text
    return united(text, definition.unit)


def united(text: str, unit: str | None) -> str:
    """`2 cores`, `1 core`, `8 GiB`; the value alone where it has no unit."""
    if unit is None:
        return text
    return f"{text} {_SINGULAR.get(unit, unit) if text == '1' else unit}"


def as_json(value: Value | Param) -> Json:
    """A value as JSON: decimals as text, so that nothing is rounded; references and placeholders by name."""
    match value:
        case None | bool() | int() | str():
            return value
        case Address():
            return str(value)
        case Decimal():
            return str(value)
        case SecretRef():
            return {"credential": value.credential}
        case ExternalRef():
            return {"type": value.type, "external_id": value.external_id}
        case Entry():
            return str(value)
        case ExternalId() | ReservedId() | MarkValue():
            return str(value)
        case tuple():
            return [as_json(item) for item in value]
        case _:
            return value.isoformat()


def request_line(call: Call, *, filled: bool = False) -> str:
    """`POST /servers/{id}/actions/poweron`; filled: with what stands for each name in the path."""
    if not filled:
        return f"{call.method} {call.path}"
    return f"{call.method} {call.path.format(**{name: shown(value) for name, value in call.path_params})}"


def request_lines(calls: Iterable[Call]) -> list[str]:
    """Requests in their order, equal ones that follow one another counted together."""
    found: list[tuple[str, int]] = []
    for text in map(request_line, calls):
        if found and found[-1][0] == text:
            found[-1] = (text, found[-1][1] + 1)
        else:
            found.append((text, 1))
    return [text if count == 1 else f"{text} ({count} times)" for text, count in found]

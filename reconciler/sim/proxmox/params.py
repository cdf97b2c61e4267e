"""Parameter tables and their verification, with the texts that Proxmox VE answers.

A table maps a parameter's name to what it may hold; `net[n]` stands for net0 up to its count. The tables
beside each operation are this simulator's own; a test holds them against the published API tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sim.proxmox.failure import bad_parameters

TRUE = frozenset({"1", "on", "yes", "true"})
FALSE = frozenset({"0", "off", "no", "false"})
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
MISSING = "property is missing and it is not optional"

Check = Callable[[str], str | None]
"""Looks at a string value; returns what is wrong with it, or None."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `kind`: string, integer, number or boolean; `count`: how many `name[n]` there are.

    `root_only`: nobody but root@pam itself may switch it on or set it.
    """

    kind: str = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    min_length: int | None = None
    pattern: str | None = None
    requires: str | None = None
    check: Check | None = None
    count: int = 0
    root_only: bool = False


Table = Mapping[str, Param]
TEXT = Param()
BOOLEAN = Param("boolean")
INTEGER = Param("integer")
NUMBER = Param("number")
DIGEST = Param(max_length=40)
ROOT_BOOLEAN = Param("boolean", root_only=True)
ROOT_TEXT = Param(root_only=True)


@dataclass(frozen=True, slots=True)
class Schema:
    """A table with each `name[n]` written out, ready to verify a call against."""

    names: Mapping[str, Param]
    required: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> Schema:
        """Write out each `name[n]` of a table, from `name0` to one below its count."""
        names: dict[str, Param] = {}
        for name, param in table.items():
            if name.endswith("[n]"):
                names |= {f"{name[:-3]}{number}": param for number in range(param.count)}
            else:
                names[name] = param
        return cls(names, tuple(name for name, param in names.items() if param.required))

    def verify(self, raw: Mapping[str, Any], *, root: bool) -> dict[str, Any]:
        """The values as int, float and str (booleans as 1 and 0); raises the 400 naming all that is wrong.

        `root`: whether the caller is root@pam itself. What is root's alone is looked at last.
        """
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for name, given in raw.items():
            param = self.names.get(name)
            if param is None:
                errors[name] = UNKNOWN
                continue
            try:
                values[name] = convert(param, given)
            except ValueError as error:
                errors[name] = str(error)
            if param.requires and param.requires not in raw:
                errors[param.requires] = f"missing property - '{name}' requires this property"
        errors |= {name: MISSING for name in self.required if name not in raw}
        if errors:
            raise bad_parameters(errors)
        for name, value in values.items():
            if value and self.names[name].root_only and not root:
                raise bad_parameters({name: "Only root may use this option."})
        return values


def convert(param: Param, given: Any) -> Any:
    """One value, typed; ValueError carries the text for the error map."""
    if isinstance(given, list):
        given = "\0".join(str(part) for part in given)
    text = ("1" if given else "0") if isinstance(given, bool) else str(given)
    value = _typed(param.kind, text)
    if isinstance(value, str):
        _check_text(param, value)
    else:
        _check_bounds(param, value)
    if param.enum and text not in param.enum:
        raise ValueError(f"value '{text}' does not have a value in the enumeration '{', '.join(param.enum)}'")
    return value


def _typed(kind: str, text: str) -> int | float | str:
    if kind == "string":
        return text
    if kind == "boolean":
        lowered = text.lower()
        if lowered in TRUE or lowered in FALSE:
            return int(lowered in TRUE)
    elif re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    elif kind == "number" and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    raise ValueError(f"type check ('{kind}') failed - got '{text}'")


def _check_text(param: Param, value: str) -> None:
    if param.max_length is not None and len(value) > param.max_length:
        raise ValueError(f"value may only be {param.max_length} characters long")
    if param.min_length is not None and len(value) < param.min_length:
        raise ValueError(f"value must be at least {param.min_length} characters long")
    if param.pattern is not None and not re.fullmatch(param.pattern, value):
        raise ValueError("value does not match the regex pattern")
    problem = param.check(value) if param.check else None
    if problem:
        raise ValueError(f"invalid format - {problem}")


def _check_bounds(param: Param, value: int | float) -> None:
    if param.minimum is not None and value < param.minimum:
        raise ValueError(f"value must have a minimum value of {param.minimum:g}")
    if param.maximum is not None and value > param.maximum:
        raise ValueError(f"value must have a maximum value of {param.maximum:.12g}")

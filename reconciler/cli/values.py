"""Plain values from the command line, without the library that Typer builds a validator with for each.

A text, a path, a number or one of some words, typed as it has to be, is itself. All else (what is
wrong, above all) goes to Typer, which says what is wrong as it always does: what it refuses is never taken.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

_NOT_PLAIN = object()
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
"""What a variable of the environment usually says of a flag."""


def quicken(command: Any) -> None:
    """Give each parameter of a command, and of its commands, a quick way for plain values.

    Those that Typer adds when a line is read (--help, completion) are given it then.
    """
    all_of = command.get_params

    def get_params(ctx: Any) -> Any:
        found = all_of(ctx)
        for parameter in found:
            _quicken(parameter)
        return found

    command.get_params = get_params
    inner = getattr(command, "commands", {})
    for each in inner.values() if isinstance(inner, dict) else ():  # others quicken theirs as they make them
        quicken(each)


def _quicken(parameter: Any) -> None:
    """Once. What another version of Typer makes, without a description, is left as it is."""
    slow = getattr(parameter, "get_runtime_param", None)
    described = getattr(parameter, "type_descriptor", None)
    if described is None or slow is None or isinstance(getattr(slow, "__self__", None), _Quick):
        return
    parameter.get_runtime_param = _Quick(_reader(described), slow).itself


class _Quick:
    """Stands where Typer has a validator, and asks for that only where a value is not plain."""

    def __init__(self, read: Callable[[Any], Any], slow: Callable[[], Any]) -> None:
        self._read = read
        self._slow = slow

    def itself(self) -> _Quick:
        """What a parameter asks for."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of what was typed. Raises what Typer raises."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        read = self._read(value)
        return self._slow().coerce(value, param=param, ctx=ctx) if read is _NOT_PLAIN else read


def _reader(described: Any) -> Callable[[Any], Any]:
    """What reads a value of this description, or gives `_NOT_PLAIN`."""
    annotation, info = described.annotation, described.parameter_info
    if info.parser is not None or described.file_annotation is not None:
        return lambda _: _NOT_PLAIN
    if get_origin(annotation) is list:
        return _each(_one(get_args(annotation)[0], info))
    return _one(annotation, info)


def _each(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def several(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return _NOT_PLAIN
        found = [read(item) for item in value]
        return _NOT_PLAIN if any(item is _NOT_PLAIN for item in found) else found

    return several


def _one(annotation: Any, info: Any) -> Callable[[Any], Any]:
    if annotation is str:
        return lambda value: value if isinstance(value, str) else _NOT_PLAIN
    if annotation is bool:
        return lambda value: value if isinstance(value, bool) else _FLAGS.get(value, _NOT_PLAIN)
    if get_origin(annotation) is Literal:
        words = get_args(annotation)
        return lambda value: value if isinstance(value, str) and value in words else _NOT_PLAIN
    if annotation is Path:
        return lambda value: _path(value, info)
    if annotation is int:
        return lambda value: _number(value, info)
    return lambda _: _NOT_PLAIN


def _path(value: Any, info: Any) -> Any:
    """A path of which nothing is asked, but that what is there can be read."""
    wishes = (info.exists, info.resolve_path, info.writable, info.allow_dash, info.path_type)
    if not isinstance(value, (str, Path)) or any(wishes) or not (info.file_okay and info.dir_okay):
        return _NOT_PLAIN
    return Path(value) if os.access(value, os.R_OK) or not os.path.lexists(value) else _NOT_PLAIN


def _number(value: Any, info: Any) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or info.clamp:
        return _NOT_PLAIN
    low, high = info.min, info.max
    return value if (low is None or value >= low) and (high is None or value <= high) else _NOT_PLAIN

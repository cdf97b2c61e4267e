"""Reads the parts of a manifest that have a fixed form (metadata, lifecycle, inventory) through pydantic.

pydantic knows the forms and we know the places: whatever it refuses is traced back to the node it came
from. No value is ever repeated in a message, since any of them might be a misplaced secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from reconciler.manifest.findings import Scope, position
from reconciler.manifest.yaml.nodes import Mapping, Node, Position, Scalar, Sequence

_Form = TypeVar("_Form", bound=BaseModel)


class Form(BaseModel):
    """The base of the fixed forms: nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def plain(node: Node) -> Any:
    """A node's values without their places."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.node) for entry in node.entries}


def read_form(form: type[_Form], node: Mapping, scope: Scope, path: str) -> _Form | None:
    """The form that a mapping fills in, or None with problems. `path` is what to call it: `metadata`."""
    empty = list(_empty_entries(node, path))
    for name, at in empty:
        scope.report("empty_value", f"{name} has no value", at, "remove the line, or write a value")
    if empty:
        return None
    try:
        return form.model_validate(plain(node))
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False, include_context=False):
            _report(item["type"], item["msg"], item["loc"], form, node, scope, path)
        return None


def _empty_entries(node: Node, path: str) -> Iterator[tuple[str, Position]]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            if isinstance(entry.node, Scalar) and entry.node.value is None:
                yield f"{path}.{entry.key}", entry.position
            else:
                yield from _empty_entries(entry.node, f"{path}.{entry.key}")
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if isinstance(item, Scalar) and item.value is None:
                yield f"{path}[{index}]", position(item)
            else:
                yield from _empty_entries(item, f"{path}[{index}]")


def _report(
    kind: str,
    message: str,
    loc: Items[int | str],
    form: type[BaseModel],
    top: Mapping,
    scope: Scope,
    path: str,
) -> None:
    node, at = find(top, loc)
    name = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    if kind == "missing":
        scope.report("required", f"{name} is missing", at)
    elif kind == "extra_forbidden":
        hint = scope.suggestion(str(loc[-1]), form.model_fields) if len(loc) == 1 else None
        scope.report("unknown_key", f"{name} is not known", at, hint or _known_keys(form, loc))
    elif kind == "string_type" and isinstance(node, Scalar):
        scope.report("type", f"{name} must be a text", at, "put the value in quotes")
    else:
        words = message.removeprefix("Value error, ").replace("Input should be", "it should be")
        scope.report("value", f"{name}: {words[:1].lower()}{words[1:]}", at)


def _known_keys(form: type[BaseModel], loc: Items[int | str]) -> str | None:
    return f"known here: {', '.join(sorted(form.model_fields))}" if len(loc) == 1 else None


def find(top: Mapping, loc: Items[int | str]) -> tuple[Node, Position]:
    """The node at a path, as deep as it exists, and the place of its key, or of itself in a list."""
    node: Node = top
    at = position(top)
    for step in loc:
        if isinstance(node, Mapping):
            entry = next((each for each in node.entries if each.key == step), None)
            if entry is None:
                break
            node, at = entry.node, entry.position
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            at = position(node)
        else:
            break
    return node, at

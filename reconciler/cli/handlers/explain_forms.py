"""`explain` for what has a fixed form: `lifecycle`, and the kinds that are no resources."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import chain

from reconciler.cli.terminal.output import reading_width
from reconciler.errors import ConfigurationError
from reconciler.manifest.schema.document import json_schema
from reconciler.manifest.schema.forms import Schema, inventory_forms
from reconciler.model.catalog import Catalog
from reconciler.report.lines import Line, line

_LIFECYCLE = "What may happen to a resource; written beside `spec`, not in it."
NAMED = (
    "What a manifest does not name is left as it is: attributes, tags, references, lists of parts. "
    "`null` says that there shall be none (for tags and lists also `{}` and `[]`, for texts an empty "
    "one); where the provider cannot take an attribute off again that is an error. What is named in a "
    "list of parts, or in `tags`, is all that there shall be. What the manifest that was applied last "
    "named and this one names no more is taken off, where it can be; attributes that have a default "
    "get it, parts that hold data stay."
)
"""The rule of what belongs to a manifest, said once."""


def form_lines(word: str, catalog: Catalog) -> Iterator[Line] | None:
    """The lines for a word that names a form or, after a dot, one of its fields; None if it names none.

    Raises ConfigurationError for a field that the form has not.
    """
    name, _, field = word.partition(".")
    wanted = name.lower()
    if wanted == "lifecycle":
        definition = json_schema(catalog, "VirtualMachine")["definitions"]["lifecycle"]
        if field:
            return _one(name, field, definition)
        return chain(_lines("lifecycle", _LIFECYCLE, definition), [line()], wrapped(NAMED, ""))
    for kind, (_, description) in inventory_forms().items():
        if wanted == kind.lower():
            form = json_schema(catalog, kind)["definitions"][kind]["properties"]["spec"]
            return _one(kind, field, form) if field else _lines(kind, description, form)
    return None


def form_names() -> list[str]:
    """What `form_lines` knows: the inventory's kinds, as they are written, and `lifecycle`."""
    return [*inventory_forms(), "lifecycle"]


def _one(title: str, name: str, form: Schema) -> Iterator[Line]:
    if name not in form["properties"]:
        raise ConfigurationError(
            f"{title} has no field {name}", hint=f"it has: {', '.join(sorted(form['properties']))}"
        )
    return _field_lines(name, form["properties"][name], required=name in form.get("required", ()))


def _lines(title: str, description: str, form: Schema) -> Iterator[Line]:
    yield line((title, "bold"))
    yield from wrapped(description, "")
    yield line()
    required = form.get("required", ())
    for name, field in form["properties"].items():
        yield from _field_lines(name, field, required=name in required)


def _field_lines(name: str, field: Schema, *, required: bool) -> Iterator[Line]:
    yield from _field(name, field, "  ", required=required)
    for inner, setting in field.get("properties", {}).items():
        yield from _field(inner, setting, "      ", required=False)


def _field(name: str, field: Schema, indent: str, *, required: bool) -> Iterator[Line]:
    yield line(
        indent,
        (name, "cyan"),
        (f"  <{_type(field)}>" if _type(field) else "", "dim"),
        ("  required", "yellow") if required else "",
    )
    yield from wrapped(field.get("description", ""), f"{indent}    ")


def wrapped(text: str, indent: str) -> Iterator[Line]:
    """Lines of a description, none wider than is well read."""
    for part in textwrap.wrap(text, reading_width() - len(indent)):
        yield line(indent, part)


def _type(field: Schema) -> str:
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    kind = field.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)

"""From the API's JSON to `Observed`: what all types share.

Pure. Values come out canonical; what the API leaves out or gives as null has no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from reconciler.catalog import core_part, load_part
from reconciler.model.catalog import AttributeDefinition
from reconciler.model.resource import Observed
from reconciler.model.values import Attributes, Cardinality, DataType, ExternalRef, Value, canonical
from reconciler.providers.hetzner.kinds import name_of
from reconciler.providers.hetzner.labels import mark_of, tags_of

Json = dict[str, Any]


@cache
def _definitions() -> dict[str, AttributeDefinition]:
    parts = (core_part(), load_part("reconciler.providers.hetzner"))
    return {item.name: item for part in parts for item in part.definitions}


def attributes(**values: Any) -> Attributes:
    """Canonical values by attribute name; None means no value."""
    return {name: _value(name, value) for name, value in values.items() if value is not None}


def _value(name: str, value: Any) -> Value:
    definition = _definitions()[name]
    if definition.data_type is DataType.DATETIME:
        value = datetime.fromisoformat(value)
    if definition.cardinality is not Cardinality.ONE:
        value = tuple(value)
    return canonical(value, definition.cardinality, definition.format)


def reference(resource_type: str, number: int | None) -> ExternalRef | None:
    return None if number is None else ExternalRef(resource_type, str(number))


def references(resource_type: str, numbers: Iterable[int]) -> tuple[ExternalRef, ...]:
    return tuple(ExternalRef(resource_type, str(number)) for number in sorted(numbers))


def resource(
    resource_type: str,
    data: Json,
    values: Attributes,
    *,
    state: str = "available",
    parts: Sequence[Observed] = (),
    busy: bool = False,
) -> Observed:
    """An object with its name, labels and mark."""
    labels = data["labels"]
    return Observed(
        type=resource_type,
        external_id=str(data["id"]),
        name=data["name"],
        state=state,
        attributes={**values, **attributes(**{name_of(resource_type): data["name"]})},
        tags=tags_of(labels),
        mark=mark_of(labels),
        parts=tuple(parts),
        busy=busy,
    )


def part(resource_type: str, name: str, values: Attributes) -> Observed:
    """A part: it has no id of its own."""
    return Observed(type=resource_type, external_id="", name=name, state="available", attributes=values)

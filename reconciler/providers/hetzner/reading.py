"""From the API's JSON to `Observed`: what all types share.

Pure. Values come out canonical; what the API leaves out or gives as null has no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from reconciler.catalog import core_part, load_part
from reconciler.model.catalog import AttributeDefinition
from reconciler.model.resource import Observed
from reconciler.model.values import Attributes, Cardinality, DataType, ExternalRef, Value, canonical
from reconciler.providers.hetzner.labels import mark_of, tags_of
from reconciler.providers.hetzner.wire import Wire

Json = dict[str, Any]


@cache
def _definitions() -> dict[str, AttributeDefinition]:
    parts = (core_part(), load_part("reconciler.providers.hetzner"))
    return {item.name: item for part in parts for item in part.definitions}


_SCALARS = frozenset({str, int, bool})
_REMEMBERED = 16_384
"""Values: most of a large fleet's are the same few (locations, images, sizes, what is on or off)."""


def attributes(**values: Any) -> Attributes:
    """Canonical values by attribute name; None means no value. A reference is given as the API's number."""
    return {
        name: _known_value(name, value) if type(value) in _SCALARS else _value(name, value)
        for name, value in values.items()
        if value is not None
    }


@lru_cache(_REMEMBERED, typed=True)  # 1 and True are equal, and not the same value
def _known_value(name: str, value: str | int | bool) -> Value:
    return _value(name, value)


def _value(name: str, value: Any) -> Value:
    definition = _definitions()[name]
    if definition.data_type is DataType.DATETIME:
        value = datetime.fromisoformat(value)
    items = (value,) if definition.cardinality is Cardinality.ONE else tuple(value)
    if definition.reference_types:
        (target,) = definition.reference_types
        items = tuple(ExternalRef(target, str(number)) for number in items)
    value = items[0] if definition.cardinality is Cardinality.ONE else items
    return canonical(value, definition.cardinality, definition.format)


def observed(
    wire: Wire,
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
        type=wire.resource_type,
        external_id=str(data["id"]),
        name=data["name"],
        state=state,
        attributes={**values, **attributes(**{wire.name: data["name"]})},
        tags=tags_of(labels),
        mark=mark_of(labels),
        parts=tuple(parts),
        busy=busy,
    )


def observed_part(resource_type: str, name: str, values: Attributes) -> Observed:
    """A part: it has no id of its own."""
    return Observed(type=resource_type, external_id="", name=name, state="available", attributes=values)

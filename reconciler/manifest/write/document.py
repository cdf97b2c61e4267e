"""What is wanted of a resource as the document that would say so: plain data, as YAML has it.

It is what `manifest.read` takes apart, the other way about. Defaults are left out, secrets are where they are
found, and references are whole addresses. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from reconciler.manifest.read.envelope import API_VERSION
from reconciler.manifest.write.resource import lifecycle_of
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired
from reconciler.model.values import SecretRef, Value


def as_document(desired: Desired, catalog: Catalog) -> dict[str, Any]:
    """The whole document, its keys in the usual order."""
    kind = catalog.resource_types[desired.type].kind
    metadata: dict[str, Any] = {"name": desired.address.name}
    if desired.names_tags:
        metadata["tags"] = dict(sorted(desired.tags.items()))
    document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata}
    document["spec"] = dict(_spec(desired, catalog))
    adopted = {} if desired.adopt is None else {"adopt": desired.adopt}
    if lifecycle := {**lifecycle_of(desired.lifecycle), **adopted}:
        document["lifecycle"] = lifecycle
    for name, targets in (("depends_on", desired.depends_on), ("member_of", desired.member_of)):
        if targets:
            document[name] = [str(target) for target in targets]
    return document


def _spec(desired: Desired, catalog: Catalog) -> Iterator[tuple[str, Any]]:
    yield "endpoint", desired.endpoint
    places = {"location": desired.location, "datacenter": desired.datacenter}
    yield from ((name, place) for name, place in places.items() if place is not None)
    yield from ((n, value) for n, value in attributes(desired).items() if places.get(n) is None)
    for part_type in sorted(desired.collections):
        kind = catalog.resource_types[part_type]
        parts = [part for part in desired.parts if part.type == part_type]
        yield kind.collection or part_type, [as_part(part, catalog) for part in parts]


def as_part(part: Desired, catalog: Catalog) -> dict[str, Any]:
    """One part as it stands in its parent's list. Its name is written where it is no attribute of its own."""
    rules = catalog.attributes(part.type, part.provider_type)
    return ({} if "name" in rules else {"name": part.address.name}) | attributes(part)


def attributes(item: Desired) -> dict[str, Any]:
    """The attributes that a person wrote, as they would be written again."""
    written = {name: plain(item.attributes[name]) for name in item.attributes if name in item.explicit}
    return dict(sorted((written | dict.fromkeys(item.unset)).items()))


def plain(value: Value) -> Any:
    """A canonical value as YAML has it."""
    match value:
        case SecretRef():
            return {"from": f"credential/{value.credential}"}
        case tuple():
            return [plain(each) for each in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case bool() | int():
            return value
        case Address():
            return str(value)
        case _:
            return str(value)

"""What the samples of all types are made with. It names none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.model.resource import Desired
from reconciler.model.values import Value
from reconciler.providers.hetzner import HetznerDriver
from tests.contract import harness
from tests.contract.harness import catalog_of, wanted

PROVIDER = "hetzner"
CATALOG = catalog_of(HetznerDriver.catalog)
Parts = Mapping[str, Sequence[Mapping[str, Value]]]


def want(
    address: str, parts: Parts | None = None, tags: Mapping[str, str] | None = None, **values: Value
) -> Desired:
    return wanted(CATALOG, PROVIDER, address, values, parts=parts, tags=tags)


def changed(desired: Desired, tags: Mapping[str, str] | None = None, **values: Value) -> Desired:
    return harness.changed(CATALOG, desired, tags, **values)


def with_parts(desired: Desired, parts: Parts) -> Desired:
    """The same resource with other parts of the named types."""
    inner = want(str(desired.address), parts)
    kept = tuple(part for part in desired.parts if part.type not in parts)
    return replace(desired, parts=(*kept, *inner.parts), collections=desired.collections | inner.collections)


def without(desired: Desired, *names: str) -> Desired:
    return replace(desired, attributes={k: v for k, v in desired.attributes.items() if k not in names})

"""A hash of all that the meaning of a manifest rests on besides its own text.

A document that was read before need not be read again while this stays the same: the catalog decides what an
attribute is, and which endpoints there are decides where a resource without an `endpoint` goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.catalog import Catalog
from reconciler.model.values import digest


def context_hash(catalog: Catalog, endpoints: Mapping[str, str]) -> bytes:
    """The same for equal catalogs and endpoints, in whatever order they come."""
    return digest(_content(catalog, endpoints))


def _content(catalog: Catalog, endpoints: Mapping[str, str]) -> Iterator[str]:
    for table in (catalog.provider_types, catalog.resource_types, catalog.definitions):
        for name in sorted(table):
            yield repr(table[name])
    for offer in sorted(catalog.offers):
        yield repr(catalog.offers[offer])
    for key in sorted(catalog.rules):
        for name in sorted(catalog.rules[key]):
            yield repr(catalog.rules[key][name])
    yield from (f"{name}={endpoints[name]}" for name in sorted(endpoints))

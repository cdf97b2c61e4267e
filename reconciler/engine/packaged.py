"""The catalog that this version and the installed drivers ship: what is needed where there is no database."""

from __future__ import annotations

from functools import cache

from reconciler.catalog import merge
from reconciler.engine.drivers import catalog_parts
from reconciler.model.catalog import Catalog


@cache
def packaged() -> Catalog:
    """What this version and the installed drivers ship. Raises CatalogError where parts contradict."""
    return merge(catalog_parts())

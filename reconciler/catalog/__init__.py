"""Catalog files: reading the data that drivers ship, and merging the parts into one `Catalog`.

It reads packaged data and nothing else; it makes no decision about resources.
"""

from reconciler.catalog.files import CatalogPart, core_part, load_part, packaged_part, read_part
from reconciler.catalog.merge import merge

__all__ = ["CatalogPart", "core_part", "load_part", "merge", "packaged_part", "read_part"]

"""What a resource in a manifest may rest on: the catalog, the endpoints, the places, the credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a resource may rest on. The `broken_…` were declared with problems, so nothing is said of them."""

    catalog: Catalog
    endpoints: Mapping[str, str]
    credentials: frozenset[str]
    places: Mapping[str, frozenset[str]]  # by `location`, `datacenter`
    location_of: Mapping[str, str]  # datacenter → location
    providers_in: Mapping[str, frozenset[str]]  # datacenter → providers; none: open to all
    provider_of: Mapping[str, str]  # endpoint → provider
    broken_endpoints: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()  # credentials that this source may put into no resource

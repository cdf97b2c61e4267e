"""Finding drivers by entry point: an installed distribution may bring one for any provider type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import cast

from reconciler.catalog import CatalogPart, core_part
from reconciler.errors import CatalogError, PlanError
from reconciler.providers.driver import Driver

GROUP = "reconciler.drivers"


@cache
def drivers() -> Mapping[str, type[Driver]]:
    """The installed drivers by provider type. Raises CatalogError for one that is not what it says."""
    found: dict[str, type[Driver]] = {}
    for entry in entry_points(group=GROUP):
        driver = cast("type[Driver]", entry.load())
        provider_type = driver.catalog.provider_type
        if provider_type is None or provider_type.name != entry.name:
            raise CatalogError(
                f"the driver {entry.value} is registered as {entry.name}, but its catalog differs"
            )
        found[entry.name] = driver
    return found


def catalog_parts() -> Sequence[CatalogPart]:
    """The core's part of the catalog and that of every installed driver."""
    return [core_part(), *(driver.catalog for _, driver in sorted(drivers().items()))]


def driver_class(provider_type: str) -> type[Driver]:
    """Raises PlanError if no driver is installed for the provider type."""
    try:
        return drivers()[provider_type]
    except KeyError:
        raise PlanError(
            f"no driver is installed for the provider type `{provider_type}`",
            hint=f"installed: {', '.join(sorted(drivers()))}; drivers of others are installed with pip",
        ) from None

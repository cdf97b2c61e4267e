"""Finding drivers by entry point: an installed distribution may bring one for any provider type.

A driver comes with its provider's library, which is most of what starting costs. So each is imported when an
endpoint of its type is met; its catalog is data, and is read without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from reconciler.catalog import CatalogPart, core_part, packaged_part
from reconciler.errors import CatalogError, PlanError
from reconciler.providers.driver import Driver

GROUP = "reconciler.drivers"


class _Drivers(Mapping[str, type[Driver]]):
    """The installed drivers by provider type, each imported when it is looked up."""

    def __init__(self, entries: Mapping[str, EntryPoint]) -> None:
        self._entries = entries
        self._loaded: dict[str, type[Driver]] = {}

    def __getitem__(self, provider_type: str) -> type[Driver]:
        if provider_type not in self._loaded:
            self._loaded[provider_type] = _driver(self._entries[provider_type])
        return self._loaded[provider_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def catalog(self, provider_type: str) -> CatalogPart:
        """What the driver has as its catalog: the file of its package, if there is one."""
        part = packaged_part(self._entries[provider_type].module)
        return self[provider_type].catalog if part is None else _checked(self._entries[provider_type], part)


def _driver(entry: EntryPoint) -> type[Driver]:
    driver = cast("type[Driver]", entry.load())
    part, own = packaged_part(entry.module), _checked(entry, driver.catalog)
    if part is not None and part != own:
        raise CatalogError(
            f"the driver {entry.value} has another catalog than the catalog.yaml of its package",
            hint=f'have it say: catalog = load_part("{entry.module}"), or give the file another name',
        )
    return driver


def _checked(entry: EntryPoint, part: CatalogPart) -> CatalogPart:
    """The same. Raises CatalogError where it is not of the provider type that the entry point names."""
    if part.provider_type is None or part.provider_type.name != entry.name:
        raise CatalogError(f"the driver {entry.value} is registered as {entry.name}, but its catalog differs")
    return part


def drivers() -> Mapping[str, type[Driver]]:
    """The installed drivers by provider type.

    Looking one up imports it, and raises CatalogError for one that is not what it says.
    """
    return _installed()


@cache
def _installed() -> _Drivers:
    return _Drivers({entry.name: entry for entry in entry_points(group=GROUP)})


def catalog_parts() -> Sequence[CatalogPart]:
    """The core's part of the catalog and that of every installed driver.

    Raises CatalogError for a driver's that is not of its provider type.
    """
    installed = _installed()
    return [core_part(), *(installed.catalog(name) for name in sorted(installed))]


def driver_class(provider_type: str) -> type[Driver]:
    """Raises PlanError if no driver is installed for the provider type."""
    try:
        return drivers()[provider_type]
    except KeyError:
        raise PlanError(
            f"no driver is installed for the provider type `{provider_type}`",
            hint=f"installed: {', '.join(sorted(drivers()))}; drivers of others are installed with pip",
        ) from None

"""A fleet as values: the groups of `tests.bench.fleet`, each made from the first one's parsed manifest.

Parsing is measured elsewhere (`make bench`). A group is a network, ten machines and ten volumes; a network
has a subnet and a machine an attachment besides. One group is made at a time, so that it takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from reconciler.errors import Location
from reconciler.manifest.load import load_offline
from reconciler.manifest.source.files import SourceFile
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Mark, Observed
from reconciler.model.values import Element, ExternalRef, Format, SecretRef, Value
from tests.bench.fleet import GROUP, write_fleet

ENDPOINT, PROVIDER, PROVIDER_TYPE, LOCATION = "bench", "bench", "hetzner", "fsn1"
SLICE = 480 * GROUP
"""Resources at one endpoint, from one source: no project of one provider has many more."""
TYPES = ("network", "vm", "volume")
_STATES = {"vm": "running"}  # of the rest: available


def first_group(catalog: Catalog) -> tuple[Desired, ...]:
    """The resources of group 0, as they are parsed."""
    with TemporaryDirectory() as folder:
        write_fleet(Path(folder), GROUP, "https://bench")
        files = [SourceFile(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    return tuple(load_offline(files, catalog).desired.values())


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a fleet, with an endpoint and a source of its own: `size` resources from group `first` on."""

    number: int
    first: int
    size: int

    @property
    def endpoint(self) -> str:
        """The endpoint's name, and the source's."""
        return f"{ENDPOINT}-{self.number}"

    def items(self, catalog: Catalog) -> Iterator[Desired]:
        """Its resources, one after another."""
        for group in groups(catalog, self.size, self.endpoint, self.first):
            yield from group


def slices(size: int) -> Iterator[Slice]:
    """A fleet of `size` resources, by endpoint."""
    for number, start in enumerate(range(0, size, SLICE)):
        yield Slice(number, start // GROUP, min(SLICE, size - start))


def groups(
    catalog: Catalog, size: int, endpoint: str = ENDPOINT, start: int = 0
) -> Iterator[tuple[Desired, ...]]:
    """The groups of `size` resources from group number `start` on, one after another."""
    first = first_group(catalog)
    for number in range(-(-size // GROUP)):
        yield tuple(_renamed(item, start + number, endpoint) for item in first[: size - number * GROUP])


def _renamed(item: Desired, number: int, endpoint: str) -> Desired:
    def moved(address: Address) -> Address:
        (kind, name), *rest = address.segments
        return Address(((kind, name.replace("00000", f"{number:05}")), *rest))

    def value(given: Value) -> Value:
        if isinstance(given, tuple):
            return tuple(moved(each) if isinstance(each, Address) else each for each in given)
        return moved(given) if isinstance(given, Address) else given

    return replace(
        item,
        address=moved(item.address),
        endpoint=endpoint,
        attributes={name: value(given) for name, given in item.attributes.items()},
        tags={key: text.replace("00000", f"{number:05}") for key, text in item.tags.items()},
        parts=tuple(_renamed(part, number, endpoint) for part in item.parts),
        origin=Location(f"group-{number:05}.yaml", item.origin.line if item.origin else 0, 1),
    )


def external_id(address: Address) -> str:
    """The number that the provider gave a root: none is used twice within a type."""
    words = address.name.split("-")[1:]
    return str(int("".join(words)) + 1)


def observed(item: Desired, catalog: Catalog, owner: UUID, uid: Callable[[Address], UUID | None]) -> Observed:
    """A root as the provider shows it; with a mark where it has a row that waits for its object."""
    known = uid(item.address)
    return _observed(item, catalog, Mark(owner, known) if known else None)


def _observed(item: Desired, catalog: Catalog, mark: Mark | None) -> Observed:
    def seen(name: str, value: Value) -> Value:
        if catalog.definitions[name].format is not Format.REFERENCE or isinstance(value, SecretRef):
            return value
        return tuple(map(reference, value)) if isinstance(value, tuple) else reference(value)

    def reference(target: Element) -> Element:
        assert isinstance(target, Address)
        return ExternalRef(target.type, external_id(target))

    return Observed(
        type=item.type,
        external_id=external_id(item.address) if item.address.parent is None else "",
        name=item.address.name,
        state=_STATES.get(item.type, "available"),
        attributes={name: seen(name, value) for name, value in item.attributes.items()},
        tags=item.tags,
        mark=mark,
        parts=tuple(_observed(part, catalog, None) for part in item.parts),
    )

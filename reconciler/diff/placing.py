"""Which row and address each observed part has, and what is recorded of what no provider tells.

A part that has an id of its own keeps its row and its address wherever it goes. Any other is known by its
key; its address is the one that its manifest gives to that key, else the one it had, else a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.diff.identity import Match
from reconciler.diff.parts import part_key
from reconciler.model.address import Address, as_name
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.resource import Desired, Management, Observed, Recorded
from reconciler.model.values import Attributes, Element, ExternalRef, Format, Value, canonical


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A part that was observed: the row that it has already, if any, its address and its attributes."""

    root_id: int
    observed: Observed
    attributes: Attributes
    row: Recorded | None
    address: Address


def resolved(observed: Observed, targets: Mapping[ExternalRef, Address], catalog: Catalog) -> Attributes:
    """The attributes with references as addresses; a target that is not in our books stays as it is."""

    def known(item: Element) -> Element:
        return targets.get(item, item) if isinstance(item, ExternalRef) else item

    found: dict[str, Value] = {}
    for name, value in observed.attributes.items():
        definition = catalog.definitions[name]
        if value == "":
            continue  # an empty text is no value
        if definition.format is not Format.REFERENCE:
            found[name] = value
        elif isinstance(value, tuple):
            found[name] = canonical(tuple(map(known, value)), definition.cardinality)
        else:
            found[name] = known(value) if isinstance(value, ExternalRef) else value
    return found


def kept_for_life(root: Recorded, catalog: Catalog) -> Attributes:
    """What an object keeps for life is still so where its provider no longer tells it (a deleted image)."""
    rules = catalog.attributes(root.type, root.provider_type)
    return {
        name: value
        for name, value in root.attributes.items()
        if name in rules and rules[name].required and rules[name].mutability is Mutability.REPLACE
    }


def needs_manifest(match: Match, provider_type: str, catalog: Catalog) -> bool:
    """Whether its manifest says something that no provider shows: its parts' names, or its tags."""
    if match.row is None or match.management is not Management.MANAGED:
        return False
    offer = catalog.offer(match.observed.type, provider_type)
    return bool(match.observed.parts) or (offer is not None and not offer.tags)


def tags_of(
    observed: Observed, root: Recorded, desired: Desired | None, catalog: Catalog
) -> Mapping[str, str]:
    """The tags as observed; where the provider keeps none, those that the manifest gives."""
    offer = catalog.offer(observed.type, root.provider_type)
    if offer is None or offer.tags:
        return observed.tags
    return desired.tags if desired is not None and desired.names_tags else root.tags


def place_parts(
    root: Recorded,
    observed: Observed,
    desired: Desired | None,
    catalog: Catalog,
    targets: Mapping[ExternalRef, Address],
) -> list[PlacedPart]:
    """The parts that were observed, each with the row it has and under the address its manifest gives it.

    `desired`: None where no manifest speaks of the root. `targets`: what is referred to.
    """
    if not observed.parts and not observed.detached:
        return []
    placing = _Placing(root, desired, catalog)
    known = _by_id(root, (*observed.parts, *observed.detached))
    attached = {part.external_id for part in observed.parts}
    detached = [each for each in observed.detached if each.external_id in known.keys() - attached]
    moved = {part.external_id for part in observed.parts if placing.is_moved(part, known)}
    moved |= {part.external_id for part in detached}
    taken = {row.id for row in known.values()}
    names = {str(known[external_id].address) for external_id in moved}
    parts: list[PlacedPart] = []
    for part in (*observed.parts, *detached):
        row = known.get(part.external_id)
        attributes = resolved(part, targets, catalog)
        if row is not None and part.external_id in moved:
            # How it was set is not told of what is detached; it is what it will be again.
            kept = row.attributes if part in detached else {}
            parts.append(PlacedPart(root.id, part, {**kept, **attributes}, row, row.address))
            continue
        row, address = placing.place(part, attributes, taken - {row.id if row else 0}, names)
        names.add(str(address))
        if row is not None:
            taken.add(row.id)
        parts.append(PlacedPart(root.id, part, attributes, row, address))
    return parts


def _by_id(root: Recorded, parts: Iterable[Observed]) -> dict[str, Recorded]:
    """The rows of parts that have an id of their own, which they keep wherever they go."""
    rows = {(row.type, row.external_id): row for row in root.parts if row.external_id}
    return {
        part.external_id: rows[part.type, part.external_id]
        for part in parts
        if part.external_id and (part.type, part.external_id) in rows
    }


@dataclass(frozen=True, slots=True)
class _Placing:
    """Where the parts of one root go."""

    root: Recorded
    desired: Desired | None
    catalog: Catalog

    def is_moved(self, part: Observed, known: Mapping[str, Recorded]) -> bool:
        """Whether a part is elsewhere than it was recorded: it keeps its address then."""
        row = known.get(part.external_id)
        key = self._key_of(part.type)
        return row is not None and key(row.attributes) != key(part.attributes)

    def place(
        self, part: Observed, attributes: Attributes, taken: set[int], names: set[str]
    ) -> tuple[Recorded | None, Address]:
        """The row that this part already has, if any, and its address, which is none of `names`."""
        key_of = self._key_of(part.type)
        key = key_of(attributes)
        wanted = next(
            (
                item.address
                for item in (self.desired.parts if self.desired is not None else ())
                if item.type == part.type and key_of(item.attributes) == key
            ),
            None,
        )
        free = [item for item in self.root.parts if item.type == part.type and item.id not in taken]
        same = next((item for item in free if key_of(item.attributes) == key), None)
        if same is not None and (self.desired is None or str(same.address) not in names):
            return same, wanted if wanted and str(wanted) not in names else same.address
        base = address = wanted or self.root.address.part(part.type, as_name(part.name))
        number = 2
        while str(address) in names:
            address = self.root.address.part(part.type, f"{base.name}-{number}")
            number += 1
        return next((item for item in free if item.address == address), None), address

    def _key_of(self, part_type: str) -> Callable[[Attributes], tuple[str, ...]]:
        kind = self.catalog.resource_types[part_type]
        rules = self.catalog.attributes(part_type, self.root.provider_type)
        return lambda attributes: part_key(kind, rules, attributes)

"""What a step brought, as the rows that its resource shall have: worked out from what was seen, in one piece.

It is for the ordinary end of a step: one object that is ours, seen whole. The database compares these rows
with those that are there and writes the difference (`step_done`). Everything else is `record_observation`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from reconciler.diff.identity import Match, Row, identify
from reconciler.diff.placing import kept_for_life, place_parts, resolved, tags_of
from reconciler.diff.seen import content_hash
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, Mutability
from reconciler.model.observation import Observation
from reconciler.model.resource import Desired, Management, Observed, Presence, Recorded
from reconciler.model.values import Attributes, ExternalRef, Format
from reconciler.store.database.session import Transaction
from reconciler.store.database.values import elements
from reconciler.store.recorded.unrecordable import flaw


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a resource, as the functions of `sql/schema/28_steps.sql` take them: `seen_item` and so on.

    The root is item 0, its parts follow; what hangs on them names them by number. `name` and `hash` are the
    root's own name at its provider and the hash of all that was seen.
    """

    name: str
    hash: bytes
    items: tuple[tuple[object, ...], ...]
    attributes: tuple[tuple[object, ...], ...]
    tags: tuple[tuple[object, ...], ...]
    pending: tuple[tuple[object, ...], ...]
    ties: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """The root or a part, with all that it shall have. `row`: the part's row, if it has one already."""

    observed: Observed
    attributes: Attributes
    tags: Mapping[str, str]
    address: Address
    row: int | None


def seen_as_ours(
    seen: Observation, before: Recorded, external_id: str, owner: UUID, catalog: Catalog
) -> Observed | None:
    """The one object that was seen, if it is that of the resource, ours, and can be recorded as it is."""
    row = Row(
        id=before.id,
        uid=before.uid,
        type=before.type,
        external_id=external_id,
        address=before.address,
        management=before.management,
        presence=Presence.PRESENT,
        state=before.state,
        recorded_hash=before.recorded_hash,
    )
    found = identify(seen, [row], owner, before.provider_type, catalog)
    match found.matches:
        case [Match(observed=observed, row=Row(), management=Management.MANAGED)]:
            pass
        case _:
            return None
    states = {item.state for item in (observed, *observed.parts)}  # the database knows which there are
    return observed if flaw(observed, catalog, states) is None else None


def references_in(observed: Observed) -> frozenset[ExternalRef]:
    """The objects that it refers to by the provider's ids."""
    return frozenset(
        item
        for each in (observed, *observed.parts, *observed.detached)
        for value in each.attributes.values()
        for item in (value if isinstance(value, tuple) else (value,))
        if isinstance(item, ExternalRef)
    )


def objects_of(
    tx: Transaction, endpoint: str, objects: Collection[ExternalRef]
) -> dict[ExternalRef, Address]:
    """Who these objects at an endpoint are, as far as they are in our books."""
    listed = sorted(objects, key=lambda each: (each.type, each.external_id))
    rows = tx.rows(
        "observations.addresses_by_external_id",
        endpoint=endpoint,
        types=[each.type for each in listed],
        external_ids=[each.external_id for each in listed],
    )
    return {ExternalRef(row.type, row.external_id): Address.parse(row.address) for row in rows}


def rows_of(
    before: Recorded,
    observed: Observed,
    desired: Desired | None,
    targets: Mapping[ExternalRef, Address],
    dropped: frozenset[str],
    catalog: Catalog,
) -> Rows:
    """The rows. `before`: as it was recorded, `desired`: what its manifest says.

    `targets`: who the objects are that it refers to. `dropped`: tags that were taken off, where the provider
    keeps none.
    """
    attributes = {**kept_for_life(before, catalog), **resolved(observed, targets, catalog)}
    tags = {k: v for k, v in tags_of(observed, before, desired, catalog).items() if k not in dropped}
    items = [_Item(observed, attributes, tags, before.address, before.id)]
    for part in place_parts(before, observed, desired, catalog, targets):
        row = part.row.id if part.row is not None else None
        items.append(_Item(part.observed, part.attributes, part.observed.tags, part.address, row))
    named = list(enumerate(items))
    return Rows(
        name=observed.name,
        hash=content_hash(observed),
        items=tuple(
            (
                n,
                item.row,
                item.observed.type,
                str(item.address),
                item.address.name,
                item.observed.state,
                item.observed.external_id or None,
                _kept(item, before.provider_type, catalog),
            )
            for n, item in named
        ),
        attributes=tuple(row for n, item in named for row in _values(n, item)),
        tags=tuple((n, *pair) for n, item in named for pair in sorted(item.tags.items())),
        pending=tuple((n, name) for n, item in named for name in sorted(item.observed.pending)),
        ties=tuple(tie for n, item in named for tie in _ties(n, item, catalog)),
    )


def _kept(item: _Item, provider_type: str, catalog: Catalog) -> list[str]:
    """Write-only attributes: what was last written stays on record, since no provider gives it back."""
    rules = catalog.attributes(item.observed.type, provider_type)
    return sorted(name for name, rule in rules.items() if rule.mutability is Mutability.WRITE_ONLY)


def _values(n: int, item: _Item) -> Iterator[tuple[object, ...]]:
    for name, value in item.attributes.items():
        for ordinal, element in elements(value):
            yield (n, name, ordinal, *element)


def _ties(n: int, item: _Item, catalog: Catalog) -> Iterator[tuple[object, ...]]:
    """What its references tie it to, as far as that is in our books."""
    for name, value in item.attributes.items():
        definition = catalog.definitions[name]
        if definition.format is Format.REFERENCE and definition.relationship:
            for target in value if isinstance(value, tuple) else (value,):
                if isinstance(target, Address):
                    yield (n, definition.relationship, str(target))

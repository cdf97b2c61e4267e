"""What differs between two moments of the past, or one of them and now: compared value by value.

The work follows what was written in between and not the fleet; a value that changed and changed back is no
difference. What belongs to the book-keeping of a provider (a digest) is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.values import Value
from reconciler.store import catalog_reading
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark
from reconciler.store.history.past import (
    Past,
    PastRow,
    Tie,
    ids_called,
    ids_changed,
    past_as_of,
    rows_as_of,
    tags_as_of,
    ties_as_of,
    with_parts,
)

Action = Literal["added", "removed", "changed"]
_COLUMNS = (
    *("address", "endpoint", "state", "external_id", "management", "presence", "location", "datacenter"),
    *("source", "prevent_destroy", "on_remove", "allow_downtime", "replace_policy", "create_before_destroy"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after. `what`: resource (a column of its own), attribute, tag or relationship.

    A relationship is named by its type and its parent's address, and has that address on one side.
    """

    what: Literal["resource", "attribute", "tag", "relationship"]
    name: str
    before: Value | None
    after: Value | None


@dataclass(frozen=True, slots=True)
class ResourceDifference:
    """A resource or part that differs. `parts`: how many parts came or went with it."""

    address: str
    type: str
    endpoint: str
    action: Action
    differences: tuple[Difference, ...]
    parts: int = 0


@dataclass(frozen=True, slots=True)
class PastDiff:
    """All that differs, by address. `until` is None for now."""

    since: Mark
    until: Mark | None
    found: tuple[ResourceDifference, ...]
    catalog: Catalog

    def of(self, action: Action) -> tuple[ResourceDifference, ...]:
        """Those of one kind."""
        return tuple(item for item in self.found if item.action == action)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked about: these addresses with their parts, resources with these tags, or at an endpoint."""

    addresses: tuple[Address, ...] = ()
    labels: Mapping[str, str | None] = field(default_factory=dict)
    endpoint: str | None = None

    def fits(self, tags: Mapping[str, str], endpoint: str) -> bool:
        """Whether a root with these tags, at that endpoint, is asked about."""
        labelled = all(key in tags and value in (None, tags[key]) for key, value in self.labels.items())
        return labelled and self.endpoint in (None, endpoint)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two moments. `whole` is the root of each part; `names` are the addresses of parents."""

    past: Past
    whole: Mapping[int, int]
    tags: Mapping[int, Mapping[str, str]]
    ties: Mapping[int, frozenset[tuple[str, str]]]

    def is_chosen(self, row: PastRow, chosen: Chosen) -> bool:
        """By the tags of its root."""
        return chosen.fits(self.tags.get(self.whole.get(row.id, row.id), {}), row.endpoint)


def past_diff(tx: Transaction, since: Mark, until: Mark | None, chosen: Chosen) -> PastDiff:
    """What differs at `until` from what was at `since`, whichever is the earlier."""
    catalog = catalog_reading.load(tx)
    first, last = (until, since) if until is not None and until.id < since.id else (since, until)
    ids = ids_changed(tx, first, last)
    if chosen.addresses:
        named = frozenset[int]().union(*(ids_called(tx, address) for address in chosen.addresses))
        ids &= with_parts(tx, since, named) | with_parts(tx, until, named) | named
    before, after = (_side(tx, mark, ids, catalog) for mark in (since, until))
    found = {
        row_id: item
        for row_id in ids
        if (item := _compared(row_id, before, after, chosen, catalog)) is not None
    }
    return PastDiff(since, until, tuple(_folded(found, before, after)), catalog)


def _side(tx: Transaction, mark: Mark | None, ids: Collection[int], catalog: Catalog) -> _Side:
    if not ids:
        return _Side(Past(mark, {}), {}, {}, {})
    past = past_as_of(tx, mark, ids, catalog)
    ties = [tie for tie in ties_as_of(tx, mark, ids) if tie.child in past.rows]
    whole = {tie.child: tie.parent for tie in ties if tie.relationship == "contains"}
    parents = {tie.parent for tie in ties}
    names = {row.id: row.address for row in rows_as_of(tx, mark, parents)}
    roots = {*past.rows, *whole.values()}
    return _Side(past, whole, tags_as_of(tx, mark, roots), _by_child(ties, names))


def _by_child(ties: Sequence[Tie], names: Mapping[int, str]) -> dict[int, frozenset[tuple[str, str]]]:
    """Relationship and parent's address, by the child; containment is in the addresses already."""
    found: dict[int, set[tuple[str, str]]] = {}
    for tie in ties:
        if tie.relationship != "contains" and tie.parent in names:
            found.setdefault(tie.child, set()).add((tie.relationship, names[tie.parent]))
    return {child: frozenset(items) for child, items in found.items()}


def _compared(
    row_id: int, before: _Side, after: _Side, chosen: Chosen, catalog: Catalog
) -> ResourceDifference | None:
    """How a resource differs, if it is asked about; what is not ours at either time counts by name only."""
    was, now = before.past.rows.get(row_id), after.past.rows.get(row_id)
    row = now or was
    if row is None:
        return None
    sides = [(side, item) for side, item in ((before, was), (after, now)) if item is not None]
    if not any(side.is_chosen(item, chosen) for side, item in sides):
        return None
    if not chosen.addresses and all(item.management == "unmanaged" for _, item in sides):
        return None
    action: Action = "added" if was is None else "removed" if now is None else "changed"
    found = tuple(_differences(row_id, before, after, catalog))
    if action == "changed" and not found:
        return None
    return ResourceDifference(row.address, row.type, row.endpoint, action, found)


def _differences(row_id: int, before: _Side, after: _Side, catalog: Catalog) -> Iterator[Difference]:
    was, now = before.past.rows.get(row_id), after.past.rows.get(row_id)
    if was is not None and now is not None:
        for column in _COLUMNS:
            old, new = getattr(was, column), getattr(now, column)
            if old != new:
                yield Difference("resource", column, old, new)
    had, has = (side.past.attributes.get(row_id, {}) for side in (before, after))
    for name in sorted(had.keys() | has.keys()):
        known = catalog.definitions.get(name)
        if had.get(name) != has.get(name) and not (known is not None and known.bookkeeping):
            yield Difference("attribute", name, had.get(name), has.get(name))
    old_tags, new_tags = (side.past.tags.get(row_id, {}) for side in (before, after))
    for key in sorted(old_tags.keys() | new_tags.keys()):
        if old_tags.get(key) != new_tags.get(key):
            yield Difference("tag", key, old_tags.get(key), new_tags.get(key))
    tied, ties = (side.ties.get(row_id, frozenset()) for side in (before, after))
    for relationship, parent in sorted(tied ^ ties):
        gone = (relationship, parent) in tied
        yield Difference("relationship", relationship, parent if gone else None, None if gone else parent)


def _folded(
    found: Mapping[int, ResourceDifference], before: _Side, after: _Side
) -> Iterator[ResourceDifference]:
    """By address; a part that came or went with its root is only counted there."""
    whole = {**before.whole, **after.whole}
    along = {
        row_id: whole[row_id]
        for row_id, item in found.items()
        if row_id in whole
        and (root := found.get(whole[row_id])) is not None
        and root.action == item.action != "changed"
    }
    counts = list(along.values())
    for row_id, item in sorted(found.items(), key=lambda pair: (pair[1].address, pair[0])):
        if row_id not in along:
            yield replace(item, parts=counts.count(row_id))

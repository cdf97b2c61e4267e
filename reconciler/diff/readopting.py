"""Which objects are taken back that carry our mark and that no row knows, as after a backup was restored.

Pure. A mark alone says that an object was made by this installation, and for which resource; not what that
resource was called. So it is taken back where the mark names a row whose own object is gone, or where exactly
one manifest wants an object of that type, endpoint and name and has none. Anything else stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from reconciler.diff.identity import Row
from reconciler.model.address import Address
from reconciler.model.catalog import MARKED, Catalog
from reconciler.model.observation import Observation
from reconciler.model.resource import Management, Observed, Presence

_TWIN = "another object carries the very same mark"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A root that a manifest wants at the endpoint; `name` is its object's there."""

    address: Address
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The managed row that has an address, and whether it has an object."""

    id: int
    presence: Presence


@dataclass(frozen=True, slots=True)
class Readoption:
    """An object that is taken back. `row`: the row whose object it is from now on; None: it gets one.

    `gone`: a row that gives way to it, because it has the address and its own object is gone. `stray`: the
    row under which it was kept in quarantine.
    """

    observed: Observed
    address: Address
    row: int | None
    gone: int | None
    stray: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that carries our mark and stays as it is, and why."""

    observed: Observed
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at an endpoint: its rows, what manifests want there, who has the wanted addresses.

    `uids`: of those on the marks, the ones that any row has, a deleted one too.
    """

    rows: tuple[Row, ...]
    wanted: tuple[Wanted, ...]
    holders: Mapping[Address, Holder]
    uids: Collection[UUID]


def marked_strangers(
    observation: Observation, rows: Iterable[Row], owner: UUID, provider_type: str, catalog: Catalog
) -> list[Observed]:
    """The objects that carry our mark and that no row of ours has for its own."""
    known = {(row.type, row.external_id): row for row in rows if row.external_id is not None}

    def is_stranger(item: Observed) -> bool:
        offer = catalog.offer(item.type, provider_type)
        if item.mark is None or item.mark.owner != owner or offer is None or offer.identity not in MARKED:
            return False
        row = known.get((item.type, item.external_id))
        return row is None or (row.stray and row.management is Management.QUARANTINED)

    return [item for item in observation.resources if is_stranger(item)]


def readoptable(
    strangers: Iterable[Observed], observation: Observation, known: Known
) -> tuple[list[Readoption], list[Kept]]:
    """What of the strangers that carry our mark is taken back, and what is not."""
    strangers = list(strangers)
    carried = Counter(item.mark.resource for item in observation.resources if item.mark)
    named = Counter((item.type, item.name) for item in strangers)
    by_uid = {row.uid: row for row in known.rows}
    stray = {(row.type, row.external_id): row.id for row in known.rows if row.stray}
    taken: list[Readoption] = []
    kept: list[Kept] = []
    for item in strangers:
        uid = item.mark.resource if item.mark else None
        there = stray.get((item.type, item.external_id))
        if uid is None or carried[uid] > 1:
            kept.append(Kept(item, _TWIN))
        elif (row := by_uid.get(uid)) is not None:
            kept += _as_row(item, row, there, taken)
        elif uid in known.uids:
            kept.append(Kept(item, "its mark is of a resource that was deleted, or is elsewhere"))
        elif named[item.type, item.name] > 1:
            kept.append(Kept(item, "another one of that name carries a mark of ours too"))
        else:
            kept += _as_wanted(item, known, there, taken)
    return taken, kept


def carried_twice(objects: Iterable[Observed]) -> frozenset[UUID]:
    """The resources that the marks of several objects name, wherever those are."""
    marks = Counter(item.mark.resource for item in objects if item.mark)
    return frozenset(uid for uid, count in marks.items() if count > 1)


def without_twins(
    taken: Iterable[Readoption], twice: Collection[UUID]
) -> tuple[list[Readoption], list[Kept]]:
    """What is still taken back where others carry the marks `twice`, and what therefore is not."""
    items = list(taken)
    twins = [item for item in items if item.observed.mark and item.observed.mark.resource in twice]
    return [item for item in items if item not in twins], [Kept(item.observed, _TWIN) for item in twins]


def _as_row(item: Observed, row: Row, stray: int | None, taken: list[Readoption]) -> Iterator[Kept]:
    """It replaced the object that is recorded, if that one is gone for certain."""
    if row.type != item.type or row.management is not Management.MANAGED or row.fresh:
        yield Kept(item, f"it carries the mark of {row.address}, which is in doubt itself or at work")
    elif row.presence is not Presence.ABSENT:
        yield Kept(item, f"it carries the mark of {row.address}, whose own object is there or unseen")
    else:
        taken.append(Readoption(item, row.address, row.id, None, stray))


def _as_wanted(item: Observed, known: Known, stray: int | None, taken: list[Readoption]) -> Iterator[Kept]:
    """It was made for a resource that is not recorded, which one manifest still wants."""
    wanted = [each for each in known.wanted if (each.type, each.name) == (item.type, item.name)]
    if len(wanted) != 1:
        why = "no manifest wants an object of that name" if not wanted else "several manifests want that name"
        yield Kept(item, why)
        return
    holder = known.holders.get(wanted[0].address)
    if holder is not None and holder.presence is not Presence.ABSENT:
        yield Kept(item, f"{wanted[0].address} has another object already, or one that was not seen")
        return
    taken.append(Readoption(item, wanted[0].address, None, holder.id if holder else None, stray))

"""Whose is what was seen: matching observed objects with recorded resources. Pure, and careful.

The rules: an object is ours if a row says so by its external id and it carries our mark for that row; a row
that never learnt its object's id is found again by the mark alone; whatever carries our mark in any other
way is quarantined, never guessed at, for as long as that is so: once owner, resource and id agree again, or
nothing is left to doubt, the quarantine is over. Absence is concluded only where the object itself was
denied, or from a complete list that showed at least one object of ours of the same type. See docs/safety.md,
properties 2, 7, 12 and 30.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.catalog import MARKED, Catalog, Identity
from reconciler.model.observation import Observation
from reconciler.model.resource import Management, Observed, Presence


@dataclass(frozen=True, slots=True)
class Row:
    """What matching needs of a recorded root. `fresh`: newer than the observation, so left alone by it.

    `sent_by`: of one that may have been made, the login that was to make it.
    `stray`: no operation of ours ever was on it; it is recorded only because it carried our mark.
    """

    id: int
    uid: UUID
    type: str
    external_id: str | None
    address: Address
    management: Management
    presence: Presence
    state: str
    recorded_hash: bytes | None
    fresh: bool = False
    sent_by: str | None = None
    stray: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """An observed object, the row it belongs to (None: it has none yet), and whose it is."""

    observed: Observed
    row: Row | None
    management: Management


@dataclass(slots=True)
class Identified:
    """`gone`: positively absent. `unknown`: could not be seen. `trouble`: why absence was not concluded."""

    matches: list[Match] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)
    trouble: str | None = None


def identify(
    observation: Observation,
    rows: Iterable[Row],
    owner: UUID,
    provider_type: str,
    catalog: Catalog,
    *,
    accept_empty: bool = False,
    login: str | None = None,
) -> Identified:
    """Match an observation with the rows of its endpoint and types.

    `accept_empty`: a person has confirmed that the endpoint really holds nothing of ours. `login` says who
    looked: that what may have been made is not there is believed of the login that was to make it, or of
    one that was shown something of ours; another project's token would find nothing either.
    """
    known = list(rows)
    by_external = {(row.type, row.external_id): row for row in known if row.external_id is not None}
    waiting = _waiting(observation, known, owner)
    found = Identified()
    seen: set[int] = set()
    for observed in observation.resources:
        row = by_external.get((observed.type, observed.external_id)) or _by_mark(observed, waiting, owner)
        if row is not None:
            seen.add(row.id)
        found.matches.append(Match(observed, row, _whose(observed, row, owner, provider_type, catalog)))
    missing = [row for row in known if row.id not in seen and _expected(row)]
    shown = {match.observed.type for match in found.matches if match.management is Management.MANAGED}
    believed = {row.id for row in missing if accept_empty or shown or (login and row.sent_by == login)}
    _sort_missing(found, missing, observation, observation.complete if accept_empty else shown, believed)
    return found


def _expected(row: Row) -> bool:
    """Whether a look could have shown it: an object that is known, or one that may have been made."""
    return not row.fresh and (row.external_id is not None or row.presence is Presence.UNKNOWN)


def _waiting(observation: Observation, rows: Iterable[Row], owner: UUID) -> dict[UUID, Row]:
    """Rows that wait for their object: created, but the answer with the external id was lost.

    Also rows of operations under way, which may have made the object this very moment; but not where the
    object that they know is still shown. Where two objects carry one mark (somebody copied ours), the mark
    does not tell which is the row's.
    """
    carried = Counter(
        item.mark.resource for item in observation.resources if item.mark and item.mark.owner == owner
    )
    shown = {(item.type, item.external_id) for item in observation.resources}
    return {
        row.uid: row
        for row in rows
        if (row.fresh or row.external_id is None)
        and carried[row.uid] == 1
        and (row.type, row.external_id) not in shown
    }


def _by_mark(observed: Observed, waiting: dict[UUID, Row], owner: UUID) -> Row | None:
    if observed.mark is None or observed.mark.owner != owner:
        return None
    row = waiting.get(observed.mark.resource)
    return row if row is not None and row.type == observed.type else None


def _whose(
    observed: Observed, row: Row | None, owner: UUID, provider_type: str, catalog: Catalog
) -> Management:
    mark = observed.mark
    if row is None:
        ours = mark is not None and mark.owner == owner
        return Management.QUARANTINED if ours else Management.UNMANAGED
    if row.management is Management.UNMANAGED:
        return Management.UNMANAGED
    offer = catalog.offer(observed.type, provider_type)
    if offer is None or offer.identity not in MARKED:
        return row.management  # with no mark to go by, a quarantine ends by a person's word only
    if mark is not None and (mark.owner, mark.resource) == (owner, row.uid):
        return Management.MANAGED
    if row.stray and (mark is None or mark.owner != owner):
        return Management.UNMANAGED  # the copy of our mark was taken off again
    if mark is None and offer.identity is Identity.KEY:
        return Management.MANAGED  # there is one object of that key; its mark is written again
    return Management.QUARANTINED


def _sort_missing(
    found: Identified,
    missing: list[Row],
    observation: Observation,
    anchored: Collection[str],
    believed: Collection[int],
) -> None:
    """`anchored`: the types of which something of ours was seen, so that their lists can be believed.

    `believed`: the rows that may have been made and of which this login would have shown that they were.
    """
    unseen = {(item.type, item.external_id) for item in observation.unseen}
    for row in missing:
        if (row.type, row.external_id) in observation.absent:
            found.gone.append(row)
        elif (row.type, None) in unseen or (row.type, row.external_id) in unseen:
            found.unknown.append(row)
        elif row.type in observation.complete:
            if (
                row.type in anchored
                or row.management is Management.UNMANAGED
                or (row.external_id is None and row.id in believed)
            ):
                found.gone.append(row)
            elif row.external_id is None:
                found.unknown.append(row)
                found.trouble = (
                    f"{row.address} may have been made by a request whose answer was lost, and this login, "
                    "which did not send it, is shown nothing of ours: another project's token would look the "
                    "same, and a second one would be made there; with the right token it resolves itself"
                )
            elif row.presence is not Presence.ABSENT:
                # What was seen to be gone does not come into doubt again.
                found.unknown.append(row)
                found.trouble = (
                    f"no {row.type} of ours was seen, though some are recorded: an empty answer, another "
                    "project's token and a lost permission look the same, so all of them count as unknown"
                )

"""Resources as they were: one with all that is kept of it as of a mark, many as rows and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Recorded
from reconciler.report.lines import Page, Piece, line
from reconciler.report.marks import instant, mark_json, mark_text
from reconciler.report.plain import age, moment, styled
from reconciler.report.resource import ResourceReport, contents_json, part_at
from reconciler.report.resource_page import contents, pairs
from reconciler.store import catalog_reading
from reconciler.store.database.session import Transaction
from reconciler.store.history.marks import Mark
from reconciler.store.history.past import (
    Past,
    PastRow,
    ids_called,
    past_as_of,
    rows_as_of,
    ties_as_of,
    wanted_as_of,
    with_parts,
)
from reconciler.store.views import RelationshipView

PAST_COLUMNS = (
    *("ADDRESS", "STATE", "ENDPOINT", "ID", "LOCATION", "AGE", "TAGS"),
    *("DATACENTER", "MANAGEMENT", "PRESENCE", "SOURCE"),
)
PAST_WIDE = 4
"""How many of the columns, the last ones, only a wide listing shows."""


@dataclass(frozen=True, slots=True)
class PastReport:
    """One address as of a mark. `row`: None where nothing was there; `asked`: the time that was said."""

    mark: Mark
    asked: datetime | None
    address: Address
    row: PastRow | None
    desired: Desired | None
    recorded: Recorded | None
    catalog: Catalog
    relationships: tuple[RelationshipView, ...] = ()


def past_report(tx: Transaction, mark: Mark, asked: datetime | None, address: Address) -> PastReport:
    """Raises PlanError where neither a manifest nor a provider had anything at the address then."""
    catalog = catalog_reading.load(tx)
    past = past_as_of(tx, mark, with_parts(tx, mark, ids_called(tx, address)), catalog)
    row = row_at(past, str(address))
    root = wanted_as_of(tx, mark, [address.root], catalog).get(address.root)
    desired = part_at(root, address) if address.parent is not None else root
    if row is None and desired is None:
        raise PlanError(
            f"nothing was known of {address} at {instant(mark.taken_at)}",
            hint="`reconciler get all --at` with the same time lists what was recorded",
        )
    recorded = past.recorded(row.id) if row else None
    ties = _ties(tx, mark, row) if row else ()
    return PastReport(mark, asked, address, row, desired, recorded, catalog, ties)


def row_at(past: Past, address: str) -> PastRow | None:
    """What was at an address: ours, or else what was not."""
    found = [row for row in past.rows.values() if row.address == address]
    return min(found, key=lambda row: (row.management == "unmanaged", row.id), default=None)


def _ties(tx: Transaction, mark: Mark, row: PastRow) -> tuple[RelationshipView, ...]:
    ties = ties_as_of(tx, mark, [row.id])
    others = {tie.parent for tie in ties} | {tie.child for tie in ties}
    names = {other.id: other.address for other in rows_as_of(tx, mark, others)}
    return tuple(
        RelationshipView(names[tie.parent], tie.relationship, names[tie.child])
        for tie in ties
        if tie.parent in names and tie.child in names
    )


def past_page(found: PastReport) -> Page:
    """As of when, then what it was, and what was wanted of it where that differed."""
    known = ResourceReport(
        found.address, None, found.desired, found.recorded, found.catalog, found.relationships
    )
    head = [line((str(found.address), "bold"), f"  {mark_text(found.mark, found.asked)}")]
    return chain(head, pairs(_head(found)), contents(known))


def _head(found: PastReport) -> Iterator[tuple[str, Piece]]:
    row, recorded, desired = found.row, found.recorded, found.desired
    if row is None:
        yield "State", ("wanted, and nothing was there yet", "yellow")
    else:
        yield "State", styled(row.state)
        yield "Presence", (row.presence, "" if row.presence == "present" else "yellow")
        yield "Management", (row.management, "" if row.management == "managed" else "yellow")
        yield "Endpoint", f"{row.endpoint} ({row.provider}, {row.provider_type})"
        yield "Id", row.external_id or ""
        yield "Location", row.location or ""
        yield "Datacenter", row.datacenter or ""
        yield "Contained in", row.contained_in or ""
        yield "Recorded since", f"{moment(row.created_at)} UTC"
    tags = recorded.tags if recorded else desired.tags if desired else {}
    yield "Tags", ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    yield "Manifest", str(desired.origin) if desired and desired.origin else ""
    yield "Source", (row.source or "") if row else ""


@dataclass(frozen=True, slots=True)
class PastItem:
    """A row of a listing, with its tags then."""

    mark: Mark
    row: PastRow
    tags: dict[str, str]


def past_row(item: PastItem) -> tuple[Piece, ...]:
    """The cells of `PAST_COLUMNS`. The age is what it was then."""
    row = item.row
    presence = "" if row.presence == "present" else row.presence
    return (
        (row.address, "bold"),
        styled(row.state),
        row.endpoint,
        row.external_id or "",
        row.location or "",
        age(row.created_at, item.mark.taken_at),
        ",".join(f"{key}={value}" for key, value in item.tags.items()),
        row.datacenter or "",
        row.management,
        (presence, "yellow"),
        row.source or "",
    )


def past_json(tx: Transaction, mark: Mark, items: Sequence[PastItem]) -> list[dict[str, Any]]:
    """What `get -o json` gives of the present, as far as it is kept, and `as_of`: the mark; no secret."""
    ids = with_parts(tx, mark, [item.row.id for item in items])
    past = past_as_of(tx, mark, ids, catalog_reading.load(tx))
    return [
        {
            "address": item.row.address,
            "type": item.row.type,
            "provider_type": item.row.provider_type,
            "provider": item.row.provider,
            "endpoint": item.row.endpoint,
            "state": item.row.state,
            "management": item.row.management,
            "presence": item.row.presence,
            "external_id": item.row.external_id,
            "contained_in": item.row.contained_in,
            "source": item.row.source,
            "location": item.row.location,
            "datacenter": item.row.datacenter,
            "prevent_destroy": item.row.prevent_destroy,
            "created_at": item.row.created_at,
            "id": item.row.id,
            "tags": item.tags,
            **contents_json(past.recorded(item.row.id)),
            "as_of": mark_json(mark),
        }
        for item in items
    ]

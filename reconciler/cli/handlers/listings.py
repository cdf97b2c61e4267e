"""What `get` can list: for each thing its columns, how it is read, and what is in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.report.lines import Piece
from reconciler.report.plain import age, moment, short_commit, styled
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.desired import sources
from reconciler.store.desired.pins import Pin, live_pins
from reconciler.store.desired.sources import SourceView


@dataclass(frozen=True, slots=True)
class Listing:
    """One thing that `get` can list: its columns, those of `-o wide` last, and what names a row."""

    load: Callable[[Transaction, int], Iterable[Any]]
    columns: tuple[str, ...]
    row: Callable[[Any], tuple[Piece, ...]]
    name: Callable[[Any], str]
    wide: int = 0  # columns at the end that only `-o wide` shows
    data: Callable[[Transaction, Sequence[Any]], list[dict[str, Any]]] = lambda _, items: list(
        map(asdict, items)
    )


RESOURCE_COLUMNS = (
    *("ADDRESS", "STATE", "ENDPOINT", "ID", "LOCATION", "AGE", "TAGS"),
    *("DATACENTER", "MANAGEMENT", "PRESENCE", "SEEN", "VERSION", "SOURCE"),
)


def resource_row(item: views.ResourceView) -> tuple[Piece, ...]:
    """The cells of `RESOURCE_COLUMNS`. A presence is told only where it is not `present`."""
    now = datetime.now(UTC)
    presence = "" if item.presence == "present" else item.presence
    return (
        (item.address, "bold"),
        styled(item.state),
        item.endpoint,
        item.external_id or "",
        item.location or "",
        age(item.created_at, now),
        ",".join(f"{key}={value}" for key, value in item.tags.items()),
        item.datacenter or "",
        item.management,
        (presence, "yellow"),
        age(item.observed_at, now),
        str(item.version),
        item.source or "",
    )


def _plan_row(item: views.PlanView) -> tuple[Piece, ...]:
    needed = item.needs_approval and item.status == "saved"
    approval = f"by {item.approved_by}" if item.approved_by else "needed" if needed else ""
    return (
        str(item.id),
        item.hash[:12],
        styled(item.status),
        str(item.steps),
        (approval, "magenta" if approval == "needed" else ""),
        item.actor,
        age(item.created_at),
        item.source or "",
    )


_ENDPOINT_COLUMNS = (
    *("NAME", "PROVIDER", "TYPE", "MANAGED", "LAST LOOK", "SEEN", "URL"),
    *("CREDENTIAL", "DRIFT", "LIMIT", "MESSAGE"),
)


def _endpoint_row(item: views.EndpointView) -> tuple[Piece, ...]:
    return (
        (item.name, "bold"),
        item.provider,
        item.provider_type,
        str(item.managed),
        styled(item.outcome),
        age(item.observed_at),
        item.url,
        item.credential or "",
        item.drift_policy,
        str(item.request_limit_per_hour or ""),
        " ".join((item.message or "").split()),
    )


def _operation_row(item: views.OperationView) -> tuple[Piece, ...]:
    took = age(item.intended_at, item.finished_at) if item.finished_at else ""
    return (
        moment(item.intended_at),
        (item.address, "bold"),
        item.operation,
        styled(item.status),
        took,
        item.actor,
        " ".join((item.error_message or "").split()),
        str(item.plan_id or ""),
        str(item.id),
    )


def _hold_row(item: views.HoldView) -> tuple[Piece, ...]:
    tag = f"tag {item.tag_key}={item.tag_value}" if item.tag_key else None
    scopes = [
        item.address,
        f"endpoint {item.endpoint}" if item.endpoint else None,
        f"type {item.resource_type}" if item.resource_type else None,
        tag,
    ]
    return (
        str(item.id),
        (" and ".join(filter(None, scopes)) or "everything", "bold"),
        item.owner,
        item.reason,
        age(item.since),
        moment(item.until),
    )


def _pin_row(item: Pin) -> tuple[Piece, ...]:
    return (
        (str(item.address), "bold"),
        f"revision {item.back_to}",
        short_commit(item.back_to_commit) if item.back_to_commit else "",
        moment(item.back_to_at),
        age(item.since),
        item.owner,
        item.source,
    )


def _pin_data(item: Pin) -> dict[str, Any]:
    """Without the manifest's hashes, which say nothing to anybody else."""
    shown = ("source", "revision", "back_to", "back_to_commit", "back_to_at", "path", "owner", "since")
    found = {"address": str(item.address)} | {name: getattr(item, name) for name in shown}
    return found | {"wanted": item.is_wanted}


def _source_row(item: SourceView) -> tuple[Piece, ...]:
    where = " ".join(filter(None, (item.url or item.kind, item.branch and f"branch {item.branch}")))
    return (
        (item.name, "bold"),
        item.kind,
        str(item.declared),
        str(item.managed),
        short_commit(item.commit) if item.commit else "",
        age(item.read_at),
        where + (f"//{item.subfolder}" if item.subfolder else ""),
        str(item.revision or ""),
        item.repository or "",
    )


def _revision_row(item: views.RevisionView) -> tuple[Piece, ...]:
    return (
        str(item.id),
        short_commit(item.commit or ""),
        item.author or "",
        (item.message or "").strip().split("\n")[0],
        age(item.created_at),
        item.source,
        item.actor,
    )


LISTINGS: dict[str, Listing] = {
    "plans": Listing(
        views.plans,
        ("ID", "HASH", "STATUS", "STEPS", "APPROVAL", "BY", "AGE", "SOURCE"),
        _plan_row,
        lambda item: str(item.id),
        wide=1,
    ),
    "sources": Listing(
        lambda tx, _: sources.sources(tx),
        (*("NAME", "KIND", "DECLARED", "MANAGED", "COMMIT", "READ", "WHERE"), *("REVISION", "REPOSITORY")),
        _source_row,
        lambda item: str(item.name),
        wide=2,
    ),
    "endpoints": Listing(
        lambda tx, _: views.endpoints(tx),
        _ENDPOINT_COLUMNS,
        _endpoint_row,
        lambda item: str(item.name),
        wide=4,
    ),
    "providers": Listing(
        lambda tx, _: views.providers(tx),
        ("NAME", "TYPE", "ENDPOINTS", "MANAGED", "DISPLAY NAME"),
        lambda item: (
            (item.name, "bold"),
            item.type,
            str(item.endpoints),
            str(item.managed),
            item.display_name,
        ),
        lambda item: str(item.name),
    ),
    "operations": Listing(
        views.operations,
        ("BEGAN", "ADDRESS", "OPERATION", "STATUS", "TOOK", "BY", "ERROR", "PLAN", "ID"),
        _operation_row,
        lambda item: str(item.id),
        wide=2,
    ),
    "holds": Listing(
        lambda tx, _: views.holds(tx),
        ("ID", "WHAT", "BY", "REASON", "AGE", "UNTIL"),
        _hold_row,
        lambda item: str(item.id),
    ),
    "pins": Listing(
        lambda tx, _: live_pins(tx),
        ("ADDRESS", "BACK TO", "COMMIT", "READ", "SINCE", "BY", "SOURCE"),
        _pin_row,
        lambda item: str(item.address),
        wide=1,
        data=lambda _, items: list(map(_pin_data, items)),
    ),
    "revisions": Listing(
        views.revisions,
        ("ID", "COMMIT", "AUTHOR", "MESSAGE", "AGE", "SOURCE", "BY"),
        _revision_row,
        lambda item: str(item.id),
        wide=1,
    ),
}

"""`get` and `history`: lists of what is recorded, as tables or as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.cli.choosing import type_named
from reconciler.cli.opening import opened, parsed
from reconciler.cli.output import (
    Format,
    Piece,
    age,
    moment,
    note,
    print_json,
    print_table,
    print_yaml,
    results,
)
from reconciler.cli.resource_data import resource_data
from reconciler.cli.settings import Settings
from reconciler.cli.spans import past
from reconciler.cli.values import short_commit
from reconciler.errors import ConfigurationError, PlanError
from reconciler.store import views
from reconciler.store.database.session import Transaction
from reconciler.store.desired import sources
from reconciler.store.desired.sources import SourceView

STATE_STYLES = {
    "running": "green",
    "available": "green",
    "stopped": "dim",
    "missing": "red",
    "quarantined": "bold red",
    "creating": "yellow",
    "updating": "yellow",
    "deleting": "yellow",
    "pending": "yellow",
}
OUTCOME_STYLES = {
    "done": "green",
    "applied": "green",
    "complete": "green",
    "failed": "red",
    "ambiguous": "bold red",
    "partial": "yellow",
    "interrupted": "yellow",
    "saved": "cyan",
    "expired": "dim",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One thing that `get` can list: its columns, those of `-o wide` last, and what names a row."""

    load: Callable[[Transaction, int], Iterable[Any]]
    columns: Sequence[str]
    row: Callable[[Any], Sequence[Piece]]
    name: Callable[[Any], str]
    wide: int = 0  # columns at the end that only `-o wide` shows
    data: Callable[[Transaction, Sequence[Any]], list[dict[str, Any]]] = lambda _, items: list(
        map(asdict, items)
    )


def get(
    settings: Settings, what: str, output: Format, labels: list[str], endpoint: str | None, most: int
) -> None:
    with opened(settings) as store, store.read() as tx:
        listing = _LISTINGS.get(what)
        if listing is not None and (labels or endpoint):
            raise ConfigurationError(f"--label and --endpoint choose resources, and {what} are none")
        if endpoint is not None and endpoint not in (names := [e.name for e in views.endpoints(tx)]):
            raise ConfigurationError(
                f"there is no endpoint `{endpoint}`", hint=f"there are: {', '.join(names) or 'none'}"
            )
        listing = listing or _resource_listing(tx, what, labels, endpoint)
        items = list(listing.load(tx, most))
        data = listing.data(tx, items) if output in ("json", "yaml") else []
    _print(listing, items, data, output, what)


def _print(listing: Listing, items: list[Any], data: list[dict[str, Any]], output: Format, what: str) -> None:
    match output:
        case "json":
            print_json(data)
        case "yaml":
            print_yaml(data)
        case "name":
            for item in items:
                results().print(listing.name(item))
        case _:
            if not items:
                note(f"There is nothing to show for `{what}`.")
                return
            shown = len(listing.columns) - (0 if output == "wide" else listing.wide)
            print_table(listing.columns[:shown], [listing.row(item)[:shown] for item in items])


def _resource_listing(tx: Transaction, what: str, labels: list[str], endpoint: str | None) -> Listing:
    """Resources: `all`, `unmanaged`, a type in any of its spellings, or an address."""
    address = what if "/" in what else None
    kind = None if what in ("all", "unmanaged") or address else resource_type(tx, what)

    def load(tx: Transaction, _most: int) -> Iterable[views.ResourceView]:
        found = views.resources(
            tx, resource_type=kind, address=address, endpoint=endpoint, unmanaged=what == "unmanaged"
        )
        if address and not found:
            found = views.resources(tx, address=address, endpoint=endpoint, unmanaged=True)
        if address and not found:
            raise PlanError(f"nothing is recorded at {address}", hint="`reconciler get all` lists what is")
        return [item for item in found if all(_labelled(item, label) for label in labels)]

    return Listing(
        load, _RESOURCE_COLUMNS, _resource_row, lambda item: str(item.address), wide=6, data=resource_data
    )


def resource_type(tx: Transaction, word: str) -> str:
    """A type by its name, its kind or a plural of either. Raises ConfigurationError with what there is."""
    types = views.resource_types(tx)
    name = type_named(word, types)
    if name is not None:
        return name
    raise ConfigurationError(
        f"`{word}` is neither a resource type nor anything else to list",
        hint=f"types: {', '.join(types)}; else: all, {', '.join(_LISTINGS)}, unmanaged",
    )


def _labelled(item: views.ResourceView, label: str) -> bool:
    key, equals, value = label.partition("=")
    return key in item.tags and (not equals or item.tags[key] == value)


_RESOURCE_COLUMNS = (
    *("ADDRESS", "STATE", "ENDPOINT", "ID", "LOCATION", "AGE", "TAGS"),
    *("DATACENTER", "MANAGEMENT", "PRESENCE", "SEEN", "VERSION", "SOURCE"),
)


def _resource_row(item: views.ResourceView) -> Sequence[Piece]:
    now = datetime.now(UTC)
    presence = "" if item.presence == "present" else item.presence
    return (
        (item.address, "bold"),
        (item.state, STATE_STYLES.get(item.state, "")),
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


def _styled(word: str | None) -> Piece:
    return (word or "", OUTCOME_STYLES.get(word or "", ""))


def _plan_row(item: views.PlanView) -> Sequence[Piece]:
    needed = item.needs_approval and item.status == "saved"
    approval = f"by {item.approved_by}" if item.approved_by else "needed" if needed else ""
    return (
        str(item.id),
        item.hash[:12],
        _styled(item.status),
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


def _endpoint_row(item: views.EndpointView) -> Sequence[Piece]:
    return (
        (item.name, "bold"),
        item.provider,
        item.provider_type,
        str(item.managed),
        _styled(item.outcome),
        age(item.observed_at),
        item.url,
        item.credential or "",
        item.drift_policy,
        str(item.request_limit_per_hour or ""),
        " ".join((item.message or "").split()),
    )


def _operation_row(item: views.OperationView) -> Sequence[Piece]:
    took = age(item.intended_at, item.finished_at) if item.finished_at else ""
    return (
        moment(item.intended_at),
        (item.address, "bold"),
        item.operation,
        _styled(item.status),
        took,
        item.actor,
        " ".join((item.error_message or "").split()),
        str(item.plan_id or ""),
        str(item.id),
    )


def _hold_row(item: views.HoldView) -> Sequence[Piece]:
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


def _source_row(item: SourceView) -> Sequence[Piece]:
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


def _revision_row(item: views.RevisionView) -> Sequence[Piece]:
    return (
        str(item.id),
        (item.commit or "")[:10],
        item.author or "",
        (item.message or "").strip().split("\n")[0],
        age(item.created_at),
        item.source,
        item.actor,
    )


_LISTINGS: dict[str, Listing] = {
    "plans": Listing(
        views.plans,
        ("ID", "HASH", "STATUS", "STEPS", "APPROVAL", "BY", "AGE", "SOURCE"),
        _plan_row,
        lambda item: str(item.id),
        wide=1,
    ),
    "sources": Listing(
        lambda tx, _: sources.sources(tx),
        (
            *("NAME", "KIND", "DECLARED", "MANAGED", "COMMIT", "READ", "WHERE"),
            *("REVISION", "REPOSITORY"),
        ),
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
    "revisions": Listing(
        views.revisions,
        ("ID", "COMMIT", "AUTHOR", "MESSAGE", "AGE", "SOURCE", "BY"),
        _revision_row,
        lambda item: str(item.id),
        wide=1,
    ),
}


def history(settings: Settings, address: str | None, since: str | None, most: int, output: Format) -> None:
    """The newest `most` changes, the oldest of them first, as a log is read."""
    start = past(since) if since else None
    if address is not None:
        address = str(parsed(address))
    with opened(settings) as store, store.read() as tx:
        items = list(reversed(views.history(tx, most, address, start)))
    if output == "json":
        print_json([asdict(item) for item in items])
    elif output == "yaml":
        print_yaml([asdict(item) for item in items])
    elif not items:
        note(f"Nothing is recorded{f' of {address}' if address else ''}.")
    else:
        print_table(("TIME (UTC)", "ADDRESS", "CHANGE", "BY", "WHY"), map(history_row, items))


def history_row(item: views.HistoryView) -> Sequence[Piece]:
    commit = f" ({short_commit(item.commit)})" if item.commit else ""
    reason = item.reason or ""
    why = reason if reason.startswith(item.cause) else f"{item.cause}: {reason}" if reason else item.cause
    return (
        moment(item.changed_at),
        (item.address, "bold"),
        history_change(item),
        item.actor,
        f"{why}{commit}",
    )


def history_change(item: views.HistoryView) -> str:
    """`memory_mb 4096 → 8192`; what came or went has one side only."""
    label = f"{item.what} {item.name}" if item.what in ("tag", "relationship") else item.name
    before, after = (_short(side) for side in (item.before, item.after))
    if item.what == "resource":
        return f"recorded: {after}" if item.name == "insert" else f"object {after}"
    if item.before is None:
        return f"{label} {after}"
    return f"{label} {before} → {after if item.after is not None else '(none)'}"


def _short(text: str | None) -> str:
    flat = " ".join((text or "").split())
    return f"{flat[:28]}…{flat[-28:]}" if len(flat) > 60 else flat or '""'

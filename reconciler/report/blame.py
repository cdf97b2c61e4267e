"""Whose each value is: who made every attribute and tag of a resource and its parts what it is, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Recorded
from reconciler.model.values import Value
from reconciler.report.history import author_name, when_text
from reconciler.report.history_phrases import human
from reconciler.report.lines import Table
from reconciler.report.plain import short_commit
from reconciler.report.resource import resource_report
from reconciler.report.values import as_json, shown, united
from reconciler.store.database.session import Transaction
from reconciler.store.history import changes as rows
from reconciler.store.history.changes import Change, Changeset, ManifestPlace, OperationFacts

FAR_BACK = 100_000
"""Changes of one resource that are gone through for the last of each attribute."""


@dataclass(frozen=True, slots=True)
class Blame:
    """One value and what made it so. `what`: attribute or tag. Without a change, it is older than is known.

    `label` is the name for people, the part's name before it. `place` is where the manifest stood then.
    """

    address: str
    what: str
    name: str
    label: str
    value: Value
    text: str
    change: Change | None = None
    made: Changeset | None = None
    operation: OperationFacts | None = None
    place: ManifestPlace | None = None

    @property
    def how(self) -> str:
        """`manifest`, `made` (with its object), `drift`, `healed`, `prompt`, or another cause in its word."""
        if self.made is None:
            return "unknown"
        if self.operation is not None and self.operation.action in ("create", "replace"):
            return "made"
        if self.operation is not None:
            return "healed" if self.operation.reason == "drift" else "manifest"
        if self.made.cause == "observation":
            return "drift"
        return "prompt" if self.made.cause == "manual" and self.made.reason is None else self.made.cause


def blame(tx: Transaction, address: Address) -> tuple[Blame, ...]:
    """By part and name, the root's first. Raises PlanError where nothing is recorded at the address."""
    report = resource_report(tx, address)
    if report.recorded is None:
        return ()
    values = [item for each in _all(report.recorded) for item in _values(each, address, report.catalog)]
    ids = [each.id for each in _all(report.recorded)]
    last = {(c.address, c.what, c.name): c for c in rows.last_of(tx, ids, FAR_BACK)}
    sets = rows.changesets(tx, (c.key for c in last.values()))
    facts = rows.operations(tx, (s.operation_id for s in sets.values()))
    wanted = [
        (name, s.revision_id)
        for c in last.values()
        if (s := sets[c.key]).revision_id is not None
        for name in (c.address, str(address.root))
    ]
    places = rows.manifests(tx, wanted)
    return tuple(_blamed(item, last, sets, facts, places, str(address.root)) for item in values)


def _all(item: Recorded) -> tuple[Recorded, ...]:
    return (item, *item.parts)


def _values(item: Recorded, about: Address, catalog: Catalog) -> Iterator[Blame]:
    address = str(item.address)
    part = "" if item.address == about else address.removeprefix(f"{about}/").replace("/", " ") + " "
    for name, value in sorted(item.attributes.items()):
        definition = catalog.definitions.get(name)
        if definition is not None and definition.bookkeeping:
            continue
        unit = definition.unit if definition else None
        yield Blame(address, "attribute", name, f"{part}{name}", value, _text(value, unit))
    for key, tag in sorted(item.tags.items()):
        yield Blame(address, "tag", key, f"{part}tag {key}", tag, tag)


def _text(value: Value, unit: str | None) -> str:
    _, text, unit = human(None, shown(value), unit)
    return united(text or "", unit)


def _blamed(
    item: Blame,
    last: dict[tuple[str, str, str], Change],
    sets: dict[rows.Key, Changeset],
    facts: dict[Any, OperationFacts],
    places: dict[tuple[str, int], ManifestPlace],
    root: str,
) -> Blame:
    change = last.get((item.address, item.what, item.name))
    if change is None:
        return item
    made = sets[change.key]
    operation = facts.get(made.operation_id) if made.operation_id else None
    place = None
    if made.revision_id is not None:
        place = places.get((item.address, made.revision_id)) or places.get((root, made.revision_id))
    return Blame(
        item.address, item.what, item.name, item.label, item.value, item.text, change, made, operation, place
    )


def blame_table(items: tuple[Blame, ...], now: datetime | None = None) -> Table:
    """A row for each value."""
    at = now or datetime.now(UTC)
    found = (
        (
            (item.label, "bold"),
            item.text,
            when_text(item.made.changed_at, at) if item.made else "",
            ", ".join(_because(item)),
        )
        for item in items
    )
    return Table(("WHAT", "VALUE", "SINCE (UTC)", "BY"), tuple(found))


def _because(item: Blame) -> Iterator[str]:
    made = item.made
    if made is None:
        yield "longer ago than is known"
        return
    match item.how:
        case "drift":
            yield "seen by a look"
            return
        case "prompt":
            yield f"{made.db_user} at a SQL prompt"
            return
        case "healed":
            yield f"set right after drift by {made.actor}"
            return
        case "made":
            yield "made with it"
    yield author_name(made.author) if made.author else made.actor
    if made.commit:
        yield f"commit {short_commit(made.commit)}"
    if item.place is not None:
        yield f"{item.place.path or item.place.file}:{item.place.line}"


def blame_json(items: tuple[Blame, ...]) -> list[dict[str, Any]]:
    """Each value with what made it so; null where that is not known."""
    return [
        {
            "address": item.address,
            "what": item.what,
            "name": item.name,
            "value": as_json(item.value),
            "how": item.how,
            "changed_at": item.made.changed_at if item.made else None,
            "before": item.change.before if item.change else None,
            "actor": item.made.actor if item.made else None,
            "db_user": item.made.db_user if item.made else None,
            "cause": item.made.cause if item.made else None,
            "author": item.made.author if item.made else None,
            "commit": item.made.commit if item.made else None,
            "revision_id": item.made.revision_id if item.made else None,
            "file": item.place.file if item.place else None,
            "path": item.place.path if item.place else None,
            "line": item.place.line if item.place else None,
            "operation_id": item.made.operation_id if item.made else None,
            "approved_by": item.operation.approved_by if item.operation else None,
        }
        for item in items
    ]

"""Whose each value is: who made every attribute and tag of a resource and its parts what it is, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reconciler.engine.written import Manifest, where_written
from reconciler.manifest.read.written import Written
from reconciler.manifest.yaml.nodes import Position
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, TypeAttribute
from reconciler.model.resource import Recorded
from reconciler.model.values import Value
from reconciler.report.history import author_name, when_text
from reconciler.report.history_phrases import human
from reconciler.report.lines import Table
from reconciler.report.plain import short_commit
from reconciler.report.provider_tasks import by_whom, of_change, tasks_json
from reconciler.report.resource import ResourceReport, resource_report
from reconciler.report.values import as_json, shown, united
from reconciler.store.database.session import Transaction
from reconciler.store.history import changes as rows
from reconciler.store.history.changes import (
    Change,
    Changeset,
    ManifestPlace,
    ObservedTask,
    OperationFacts,
)

_OF_A_MANIFEST = frozenset(("manifest", "made"))
FAR_BACK = 100_000
"""Changes of one resource that are gone through for the last of each attribute."""


@dataclass(frozen=True, slots=True)
class Blame:
    """One value and what made it so. `what`: attribute or tag. Without a change, it is older than is known.

    `label` is the name for people, the part's name before it. `place` is where the manifest stood then.
    `tasks` are those of the provider that may have made what a look found. `written` is the line and column
    of the value's own key there. `is_written`: whether the document had it; None where that text is not to
    be had any more, or nobody wrote it.
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
    tasks: tuple[ObservedTask, ...] = ()
    written: Position | None = None
    is_written: bool | None = None

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
    tasks = rows.observed_tasks(tx, (s.key for s in sets.values() if s.cause == "observation"))
    wanted = [
        (name, s.revision_id)
        for c in last.values()
        if (s := sets[c.key]).revision_id is not None
        for name in (c.address, str(address.root))
    ]
    places = rows.manifests(tx, wanted)
    root = str(address.root)
    blamed = (_blamed(item, last, sets, facts, places, root) for item in values)
    told = (
        replace(item, tasks=tuple(of_change(tasks.get((item.change.key, root), ()), item.change)))
        if item.change is not None
        else item
        for item in blamed
    )
    return _located(told, places, root, report)


def _located(
    items: Iterable[Blame],
    places: dict[tuple[str, int], ManifestPlace],
    root: str,
    report: ResourceReport,
) -> tuple[Blame, ...]:
    """With each value's own line, where the document that was applied can still be read."""
    found: list[Blame] = []
    read: dict[tuple[str, int], Written | None] = {}
    for item in items:
        made, place = item.made, item.place
        if made is None or place is None or made.revision_id is None or item.how not in _OF_A_MANIFEST:
            found.append(item)
            continue
        key = (item.address, made.revision_id)
        if key not in read:
            top, part = (
                places.get((root, made.revision_id)),
                None if item.address == root else places.get(key),
            )
            is_known = top is not None and (item.address == root or part is not None)
            read[key] = (
                where_written(Manifest(top, part, made.commit), _rules(item.address, report))
                if top is not None and is_known
                else None
            )
        texts = read[key]
        at = texts.get((item.what, item.name)) if texts is not None else None
        found.append(replace(item, written=at, is_written=None if texts is None else at is not None))
    return tuple(found)


def _rules(address: str, report: ResourceReport) -> Mapping[str, TypeAttribute]:
    assert report.recorded is not None  # noqa: S101 - there would be nothing to blame anybody for
    return report.catalog.attributes(Address.parse(address).type, report.recorded.provider_type)


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
            yield from by_whom(item.tasks) or ["seen by a look"]
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
        line, _ = item.written or (item.place.line, 1)
        yield f"{item.place.path or item.place.file}:{line}"
        if item.is_written is False:
            yield "not written there: by default, by its endpoint or another value"


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
            "line": (item.written[0] if item.written else item.place.line) if item.place else None,
            "column": item.written[1] if item.written else None,
            "is_written": item.is_written,
            "operation_id": item.made.operation_id if item.made else None,
            "approved_by": item.operation.approved_by if item.operation else None,
            "provider_tasks": tasks_json(item.tasks),
        }
        for item in items
    ]

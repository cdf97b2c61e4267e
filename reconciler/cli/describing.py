"""`describe`: everything that is known of one resource, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from rich.text import Text

from reconciler.cli.listing import OUTCOME_STYLES, STATE_STYLES, history_row
from reconciler.cli.opening import opened, parsed
from reconciler.cli.output import Piece, age, line, moment, results, table
from reconciler.cli.settings import Settings
from reconciler.cli.values import with_unit
from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired, Lifecycle, Recorded
from reconciler.model.values import SecretRef, Value
from reconciler.store import catalog_reading, views
from reconciler.store.database.session import Transaction
from reconciler.store.desired.rows import load_desired
from reconciler.store.recorded.resources import load_recorded, load_recorded_by_id

_OPERATIONS, _CHANGES = 5, 10
_Side = TypeVar("_Side", Desired, Recorded)


@dataclass(frozen=True, slots=True)
class _Found:
    """One address from every side. `desired` and `recorded` are of the part, if it is a part's address."""

    address: Address
    view: views.ResourceView | None
    desired: Desired | None
    recorded: Recorded | None
    catalog: Catalog


def describe(settings: Settings, text: str) -> None:
    """Print it. Raises PlanError where neither a manifest nor a provider has anything at the address."""
    address = parsed(text)
    with opened(settings) as store, store.read() as tx:
        found = _find(tx, address)
        for lines in (_head, _lifecycle, _attributes, _parts):
            _print(lines(found))
        _print(_ties(tx, address))
        _print(_operations(tx, address))
        _print(_history(tx, address))


def _print(lines: Iterable[Text]) -> None:
    for text in lines:
        results().print(text)


def _find(tx: Transaction, address: Address) -> _Found:
    catalog = catalog_reading.load(tx)
    name = str(address)
    seen = views.resources(tx, address=name) or views.resources(tx, address=name, unmanaged=True)
    desired = load_desired(tx, [address.root], catalog).get(address.root)
    recorded = load_recorded(tx, [address.root], catalog).get(address.root)
    if recorded is None and seen:
        recorded = next(iter(load_recorded_by_id(tx, [seen[0].id], catalog)), None)
    if not seen and (desired is None or (address.parent and _part(desired, address) is None)):
        raise PlanError(f"nothing is known of {address}", hint="`reconciler get all` lists what is recorded")
    if address.parent is not None:
        desired, recorded = _part(desired, address), _part(recorded, address)
    return _Found(address, seen[0] if seen else None, desired, recorded, catalog)


def _part(root: _Side | None, address: Address) -> _Side | None:
    if root is None:
        return None
    return next((part for part in root.parts if part.address == address), None)


def _pairs(pairs: Iterable[tuple[str, Piece]], indent: str = "") -> Iterator[Text]:
    shown = [(name, value) for name, value in pairs if value and value != ("", "")]
    width = max((len(name) for name, _ in shown), default=0) + 3
    for name, value in shown:
        yield line(indent, (f"{name + ':':<{width}}", "dim"), value)


def _title(text: str) -> Iterator[Text]:
    yield Text()
    yield line((text, "bold"))


def _head(found: _Found) -> Iterator[Text]:
    yield line((str(found.address), "bold"))
    yield from _pairs([*_state(found.view), *_origin(found)])


def _state(view: views.ResourceView | None) -> Iterator[tuple[str, Piece]]:
    if view is None:
        yield "State", ("wanted, and nothing is there yet", "yellow")
        return
    yield "State", (view.state, STATE_STYLES.get(view.state, ""))
    yield "Presence", (view.presence, "" if view.presence == "present" else "yellow")
    yield "Management", (view.management, "" if view.management == "managed" else "yellow")
    yield "Endpoint", f"{view.endpoint} ({view.provider}, {view.provider_type})"
    yield "Id", view.external_id or ""
    yield "Location", view.location or ""
    yield "Datacenter", view.datacenter or ""
    yield "Contained in", view.contained_in or ""
    yield "Being worked on by", view.claimed_by_host or ""
    seen = f"{moment(view.observed_at)} UTC, {age(view.observed_at)} ago" if view.observed_at else ""
    yield "Seen", seen
    yield "Recorded since", f"{moment(view.created_at)} UTC"


def _origin(found: _Found) -> Iterator[tuple[str, Piece]]:
    tags = found.view.tags if found.view else found.desired.tags if found.desired else {}
    yield "Tags", ", ".join(f"{key}={value}" for key, value in tags.items())
    yield "Manifest", str(found.desired.origin) if found.desired and found.desired.origin else ""
    yield "Source", (found.view.source or "") if found.view else ""


def _lifecycle(found: _Found) -> Iterator[Text]:
    item = found.desired or found.recorded
    if item is None or found.address.parent is not None or item.lifecycle == Lifecycle():
        return
    life = item.lifecycle
    yield from _title("Lifecycle")
    yield from _pairs(
        [
            ("prevent_destroy", "true" if life.prevent_destroy else ""),
            ("on_remove", life.on_remove or ""),
            ("allow_downtime", "true" if life.allow_downtime else ""),
            ("replace", life.replace if life.replace != "never" else ""),
            ("create_before_destroy", "true" if life.create_before_destroy else ""),
            ("ignore_changes", ", ".join(sorted(life.ignore_changes))),
        ],
        "  ",
    )


def _attributes(found: _Found) -> Iterator[Text]:
    yield from _title("Attributes")
    recorded = found.recorded.attributes if found.recorded else {}
    desired = found.desired.attributes if found.desired else {}
    yield from _compared(found, recorded, desired, "  ")


def _compared(
    found: _Found, recorded: Mapping[str, Value], desired: Mapping[str, Value], indent: str
) -> Iterator[Text]:
    """What is recorded, and beside it what is desired where that is something else."""
    rows: list[tuple[str, Piece]] = []
    item = found.desired or found.recorded
    rules = found.catalog.attributes(item.type, item.provider_type) if item else {}
    for name in sorted(recorded.keys() | desired.keys()):
        now = with_unit(recorded.get(name), name, found.catalog)
        if name in desired and name in rules and rules[name].compared and desired[name] != recorded.get(name):
            wanted = _wanted(desired[name], recorded.get(name), name, found.catalog)
            rows.append((name, (f"{now}  ≠  {wanted} desired", "yellow")))
        elif name in recorded:
            rows.append((name, now))
    yield from _pairs(rows, indent)


def _wanted(value: Value, recorded: Value | None, name: str, catalog: Catalog) -> str:
    if isinstance(value, SecretRef) and isinstance(recorded, SecretRef):
        return "another value of it is"
    return with_unit(value, name, catalog)


def _parts(found: _Found) -> Iterator[Text]:
    recorded = {part.address: part for part in found.recorded.parts} if found.recorded else {}
    desired = {part.address: part for part in found.desired.parts} if found.desired else {}
    if not recorded and not desired:
        return
    yield from _title("Parts")
    for address in sorted(recorded.keys() | desired.keys()):
        there = "" if address in recorded else "  not there yet"
        if found.desired and address.type in found.desired.collections and address not in desired:
            there = "  in no manifest"
        yield line("  ", (str(address).removeprefix(f"{found.address}/"), "bold"), (there, "yellow"))
        pair = _Found(address, None, desired.get(address), recorded.get(address), found.catalog)
        now = pair.recorded.attributes if pair.recorded else {}
        yield from _compared(pair, now, pair.desired.attributes if pair.desired else {}, "    ")


def _ties(tx: Transaction, address: Address) -> Iterator[Text]:
    """Containment is left out: it is in the list of parts."""
    ties = [tie for tie in views.relationships(tx, str(address)) if tie.relationship != "contains"]
    if not ties:
        return
    yield from _title("Relationships")
    for tie in ties:
        if tie.child == str(address):
            yield line("  ", (tie.relationship.replace("_", " "), "dim"), f" {tie.parent}")
        else:
            yield line("  ", tie.child, (f" {tie.relationship.replace('_', ' ')} this", "dim"))


def _until(not_before: datetime | None) -> str:
    if not_before is None:
        return "is not tried again by itself"
    return f"waits until {moment(not_before)} UTC"


def _operations(tx: Transaction, address: Address) -> Iterator[Text]:
    waits = views.failure(tx, str(address))
    if waits is not None:
        yield from _title("Waiting")
        yield line(
            "  ",
            f"failed ({waits.failures}), {_until(waits.not_before)}: {waits.error_message}",
        )
        yield line(("  → ", "cyan"), f"reconciler retry {address}")
    found = views.operations(tx, _OPERATIONS, str(address))
    if not found:
        return
    yield from _title("Last operations")
    rows = [
        (
            moment(item.intended_at),
            item.operation,
            (item.status, OUTCOME_STYLES.get(item.status, "")),
            age(item.intended_at, item.finished_at) if item.finished_at else "",
            item.actor,
            item.error_message or "",
        )
        for item in found
    ]
    yield from _indented(table(("BEGAN (UTC)", "OPERATION", "STATUS", "TOOK", "BY", "ERROR"), rows))


def _history(tx: Transaction, address: Address) -> Iterator[Text]:
    found = list(reversed(views.history(tx, _CHANGES, str(address))))
    if not found:
        return
    yield from _title("Last changes")
    yield from _indented(table(("TIME (UTC)", "ADDRESS", "CHANGE", "BY", "WHY"), map(history_row, found)))


def _indented(lines: Iterable[Text]) -> Iterator[Text]:
    for text in lines:
        yield line("  ").append_text(text)

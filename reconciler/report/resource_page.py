"""A resource on one page: what it is, what is wanted of it where that differs, and what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from reconciler.model.catalog import Catalog
from reconciler.model.resource import Lifecycle
from reconciler.model.values import SecretRef, Value
from reconciler.report.history import history_table
from reconciler.report.lines import Line, Page, Piece, Table, line
from reconciler.report.plain import age, moment, styled
from reconciler.report.resource import ResourceReport
from reconciler.report.values import with_unit
from reconciler.store import views


def resource_page(found: ResourceReport) -> Page:
    """All of it; a section that has nothing to say is left out."""
    return chain(_head(found), contents(found), _waiting(found), _operations(found), _history(found))


def contents(found: ResourceReport) -> Page:
    """What it is: lifecycle, attributes, parts and ties."""
    return chain(_lifecycle(found), _attributes(found), _parts(found), _relationships(found))


def pairs(items: Iterable[tuple[str, Piece]], indent: str = "") -> Iterator[Line]:
    """A line for each that has a value, the names set apart from the values."""
    shown = [(name, value) for name, value in items if value and value != ("", "")]
    width = max((len(name) for name, _ in shown), default=0) + 3
    for name, value in shown:
        yield line(indent, (f"{name + ':':<{width}}", "dim"), value)


def _title(text: str) -> Iterator[Line]:
    yield line()
    yield line((text, "bold"))


def _head(found: ResourceReport) -> Iterator[Line]:
    yield line((str(found.address), "bold"))
    yield from pairs([*_state(found.view), *_origin(found)])


def _state(view: views.ResourceView | None) -> Iterator[tuple[str, Piece]]:
    if view is None:
        yield "State", ("wanted, and nothing is there yet", "yellow")
        return
    yield "State", styled(view.state)
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


def _origin(found: ResourceReport) -> Iterator[tuple[str, Piece]]:
    tags = found.view.tags if found.view else found.desired.tags if found.desired else {}
    yield "Tags", ", ".join(f"{key}={value}" for key, value in tags.items())
    yield "Manifest", str(found.desired.origin) if found.desired and found.desired.origin else ""
    yield "Source", (found.view.source or "") if found.view else ""


def _lifecycle(found: ResourceReport) -> Iterator[Line]:
    item = found.desired or found.recorded
    if item is None or found.address.parent is not None or item.lifecycle == Lifecycle():
        return
    life = item.lifecycle
    yield from _title("Lifecycle")
    yield from pairs(
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


def _attributes(found: ResourceReport) -> Iterator[Line]:
    yield from _title("Attributes")
    recorded = found.recorded.attributes if found.recorded else {}
    desired = found.desired.attributes if found.desired else {}
    yield from _compared(found, recorded, desired, "  ")


def _compared(
    found: ResourceReport, recorded: Mapping[str, Value], desired: Mapping[str, Value], indent: str
) -> Iterator[Line]:
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
    yield from pairs(rows, indent)


def _wanted(value: Value, recorded: Value | None, name: str, catalog: Catalog) -> str:
    if isinstance(value, SecretRef) and isinstance(recorded, SecretRef):
        return "another value of it is"
    return with_unit(value, name, catalog)


def _parts(found: ResourceReport) -> Iterator[Line]:
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
        pair = ResourceReport(address, None, desired.get(address), recorded.get(address), found.catalog)
        now = pair.recorded.attributes if pair.recorded else {}
        yield from _compared(pair, now, pair.desired.attributes if pair.desired else {}, "    ")


def _relationships(found: ResourceReport) -> Iterator[Line]:
    """Containment is left out: it is in the list of parts."""
    ties = [tie for tie in found.relationships if tie.relationship != "contains"]
    if not ties:
        return
    yield from _title("Relationships")
    for tie in ties:
        if tie.child == str(found.address):
            yield line("  ", (tie.relationship.replace("_", " "), "dim"), f" {tie.parent}")
        else:
            yield line("  ", tie.child, (f" {tie.relationship.replace('_', ' ')} this", "dim"))


def _waiting(found: ResourceReport) -> Iterator[Line]:
    failure = found.failure
    if failure is None:
        return
    at = failure.not_before
    until = f"waits until {moment(at)} UTC" if at is not None else "is not tried again by itself"
    yield from _title("Waiting")
    yield line("  ", f"failed ({failure.failures}), {until}: {failure.error_message}")
    yield line(("  → ", "cyan"), f"reconciler retry {found.address}")


def _operations(found: ResourceReport) -> Page:
    if not found.operations:
        return
    yield from _title("Last operations")
    rows = [
        (
            moment(item.intended_at),
            item.operation,
            styled(item.status),
            age(item.intended_at, item.finished_at) if item.finished_at else "",
            item.actor,
            item.error_message or "",
        )
        for item in found.operations
    ]
    yield Table(("BEGAN (UTC)", "OPERATION", "STATUS", "TOOK", "BY", "ERROR"), tuple(rows), indent=2)


def _history(found: ResourceReport) -> Page:
    if found.history:
        yield from _title("Last changes")
        yield history_table(found.history, str(found.address), indent=2)

"""Declared inventory (providers, endpoints, credentials, places) into the database. No item is removed here.

What decides where secrets go belongs to one source, and a credential to the hosts that it was given for. What
changes is a step of the plan; that a credential is to be sent to another host waits for an approval.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.model import Inventory
from reconciler.manifest.read.urls import host_of
from reconciler.model.inventory import (
    Datacenter,
    FieldChange,
    InventoryItem,
    InventoryKind,
    InventoryStep,
    described,
    kind_of,
)
from reconciler.model.values import Scalar
from reconciler.store.database.session import Transaction
from reconciler.store.inventory import rows, trust


def write_inventory(tx: Transaction, declared: Inventory, actor: str) -> tuple[InventoryStep, ...]:
    """Bring the inventory to what is declared, in the order in which one rests on the other; gives what
    changed."""
    steps: list[InventoryStep] = []
    there: dict[InventoryKind, Mapping[str, InventoryItem]] = {}
    for item in declared.items():
        kind = kind_of(item)
        if kind not in there:
            there[kind] = rows.read(tx, kind)
        if changes := _changes(there[kind].get(item.name), item):
            rows.write(tx, item)
            steps.append(InventoryStep(kind, item.name, changes, item.name not in there[kind]))
    _give(tx, declared, actor)
    return tuple(sorted(steps, key=lambda step: step.key))


def claim_inventory(
    tx: Transaction, source_id: int, source: str, declared: Inventory, *, complete: bool
) -> None:
    """Make what is declared this source's. Raises ManifestError where another one declares some of it."""
    mine: dict[trust.Declared, Location | None] = {
        (kind_of(each).value, each.name): each.origin for each in declared.items()
    }
    theirs = trust.declared_elsewhere(tx, source_id)
    if taken := sorted(mine.keys() & theirs.keys()):
        raise ManifestError([_taken(each, theirs[each], mine[each], source) for each in taken])
    trust.declare(tx, source_id, list(mine), complete=complete)


def _taken(declared: trust.Declared, owner: str, at: Location | None, source: str) -> Problem:
    kind, name = declared
    return Problem(
        "manifest.other_source",
        f"the {kind} {name} is already declared by the source {owner}",
        at,
        f"{kind}/{name}",
        f"change it there, or remove it there first and apply that; this source is named {source}",
    )


def _changes(before: InventoryItem | None, after: InventoryItem) -> tuple[FieldChange, ...]:
    """What differs, field by field. A new object without any field still is one."""
    old: Mapping[str, Scalar] = described(before) if before is not None else {}
    new = described(after)
    found = [
        FieldChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    ]
    if isinstance(after, Datacenter):
        there = set(before.providers) if isinstance(before, Datacenter) else set()
        found += [FieldChange("provider", None, name) for name in sorted({*after.providers} - there)]
        found += [FieldChange("provider", name, None) for name in sorted(there - {*after.providers})]
    if before is None and not found:
        return (FieldChange("name", None, after.name),)
    return tuple(found)


def _give(tx: Transaction, declared: Inventory, actor: str) -> None:
    """Give each credential that was given for no host yet for those of the endpoints that log in by it."""
    given = trust.hosts(tx)
    for endpoint in declared.endpoints:
        host = host_of(endpoint.url)
        if endpoint.credential is not None and host and endpoint.credential not in given:
            trust.bind(tx, endpoint.credential, host, actor)

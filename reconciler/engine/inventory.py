"""Declared inventory (providers, endpoints, credentials, places) into the database. No item is removed here.

What decides where secrets go belongs to one source, and a credential to the hosts that it was given for. What
changes is a step of the plan; that a credential is to be sent to another host waits for an approval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.model import Inventory
from reconciler.manifest.read.urls import host_of
from reconciler.model.inventory import (
    Datacenter,
    Endpoint,
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


def host_not_given(endpoint: Endpoint, given: Collection[str]) -> str | None:
    """The host that an endpoint would send its credential to though it was not given for it; None if none.

    `given` are the credential's hosts.
    """
    host = host_of(endpoint.url)
    return host if endpoint.credential is not None and host and host not in given else None


def waiting_hosts(tx: Transaction, sources: frozenset[str] | None = None) -> tuple[InventoryStep, ...]:
    """The hosts that endpoints would send credentials to which were not given for them: each waits for a
    person. `sources`: only where one of these declares the endpoint; None for all."""
    given = trust.hosts(tx)
    declared_by = trust.sources_of(tx, "endpoint") if sources is not None else {}
    wanted: dict[tuple[str, str], list[str]] = {}
    for row in rows.endpoints(tx):
        host = host_not_given(row, given.get(row.credential or "", ()))
        ours = sources is None or declared_by.get(row.name) in sources
        if host is not None and row.credential is not None and ours:
            wanted.setdefault((row.credential, host), []).append(row.name)
    return tuple(
        InventoryStep(
            InventoryKind.CREDENTIAL,
            credential,
            (FieldChange("host", None, host),),
            approvals=(_sent_to(", ".join(endpoints), host, given.get(credential, frozenset())),),
        )
        for (credential, host), endpoints in sorted(wanted.items())
    )


def give_for_hosts(tx: Transaction, steps: Iterable[InventoryStep], actor: str) -> tuple[InventoryStep, ...]:
    """Let credentials be sent to the hosts of these steps, as `waiting_hosts` gives them; gives the steps."""
    done = tuple(steps)
    for step in done:
        for change in step.changes:
            trust.bind(tx, step.name, str(change.after), actor)
    return done


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


def _sent_to(endpoints: str, host: str, given: frozenset[str]) -> str:
    so_far = f"it was given for {', '.join(sorted(given))}" if given else "it was given for no host"
    return f"{endpoints} would send it to {host}; {so_far}"


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

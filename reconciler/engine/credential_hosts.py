"""Which host a credential may be sent to: what it was given for, and what waits for a person's word."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.manifest.read.urls import host_of
from reconciler.model.inventory import (
    Endpoint,
    FieldChange,
    InventoryKind,
    InventoryStep,
)
from reconciler.store.database.session import Transaction
from reconciler.store.inventory import rows, trust


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


def _sent_to(endpoints: str, host: str, given: frozenset[str]) -> str:
    so_far = f"it was given for {', '.join(sorted(given))}" if given else "it was given for no host"
    return f"{endpoints} would send it to {host}; {so_far}"

"""Whose the inventory is, and which hosts a credential was given for.

The ground of property 26 in docs/safety.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from reconciler.store.database.session import Transaction

Declared = tuple[str, str]
"""(kind, name): kind is provider, endpoint, credential, location or datacenter."""


def hosts(tx: Transaction) -> Mapping[str, frozenset[str]]:
    """By credential the hosts that it may be sent to."""
    found: dict[str, set[str]] = defaultdict(set)
    for credential, host in tx.rows("trust.hosts"):
        found[credential].add(host)
    return {name: frozenset(each) for name, each in found.items()}


def bind(tx: Transaction, credential: str, host: str, actor: str) -> bool:
    """Let a credential be sent to a host. False where there is no such credential, or it may already."""
    return bool(tx.execute("trust.bind", credential=credential, host=host, actor=actor))


def sources_of(tx: Transaction, kind: str) -> Mapping[str, str]:
    """By name the source that declares an object of this kind."""
    return dict(tx.rows("trust.declarations", kind=kind))


def declared_elsewhere(tx: Transaction, source_id: int) -> Mapping[Declared, str]:
    """What other sources declare, each with the source's name."""
    return {
        (kind, name): source
        for kind, name, source in tx.rows("trust.other_declarations", source_id=source_id)
    }


def declare(tx: Transaction, source_id: int, declared: Collection[Declared], *, complete: bool) -> None:
    """Make these the source's. `complete`: whatever else it declared is its own no more."""
    names = {"kinds": [kind for kind, _ in declared], "names": [name for _, name in declared]}
    if complete:
        tx.execute("trust.give_up", source_id=source_id, **names)
    if declared:
        tx.execute("trust.declare", source_id=source_id, **names)

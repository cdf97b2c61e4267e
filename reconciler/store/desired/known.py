"""What is known of manifests before they are read again: documents, roots, and which revision wants them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from reconciler.model.address import Address
from reconciler.store.database.session import Transaction
from reconciler.store.desired.pins import live_pins


def known_documents(
    tx: Transaction, source: str
) -> tuple[dict[bytes, tuple[Address, frozenset[Address]]], bytes | None]:
    """Documents that need no parsing, by content hash: their address and what they refer to.

    Beside them the catalog hash that they were read with; in another one they must be read again.
    """
    source_id = tx.value("revisions.source", name=source)
    if source_id is None:
        return {}, None
    latest = tx.row("revisions.latest", source_id=source_id)
    context = latest.catalog_hash if latest else None
    references: dict[int, set[str]] = {}
    for root_id, target in tx.rows("revisions.references", source_id=source_id):
        references.setdefault(root_id, set()).add(target)
    parse = cache(Address.parse)  # most targets are addresses of other rows
    found = {
        bytes(document): (parse(address), frozenset(map(parse, references.get(root_id, ()))))
        for root_id, document, address in tx.rows("revisions.documents", source_id=source_id)
    }
    return found, context


def other_resources(tx: Transaction, source: str) -> frozenset[Address]:
    """The roots that other sources want."""
    return frozenset(
        Address.parse(row.address) for row in tx.rows("revisions.other_resources", source=source)
    )


def source_roots(tx: Transaction, source: str) -> dict[Address, str]:
    """The roots that a source declares, each with its file's path within the source.

    They are those that it wants, and those that it declares and a rollback made unwanted.
    """
    source_id = tx.value("revisions.source", name=source)
    if source_id is None:
        return {}
    wanted = {
        Address.parse(row.address): row.path for row in tx.rows("revisions.current", source_id=source_id)
    }
    return {pin.address: pin.path for pin in live_pins(tx, source_id) if pin.manifest_hash} | wanted


def revisions_of(tx: Transaction, addresses: Iterable[Address]) -> dict[Address, int]:
    """For each root the revision that it is as it is wanted, or wanted no more, because of."""
    rows = tx.rows("revisions.responsible", addresses=[str(address) for address in addresses])
    return {Address.parse(address): revision for address, revision in rows}

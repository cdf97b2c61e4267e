"""What manifests wanted as of a revision, and the revision by which a rollback makes it wanted again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.store.database.session import Row, Transaction


@dataclass(frozen=True, slots=True)
class WantedRoot:
    """A root as manifests wanted it at some time: by its row's number, its hashes and where it was written.

    `is_forgotten`: a person gave its source up since; `is_removed`: its endpoint is no more.
    """

    id: int
    address: Address
    spec_hash: bytes
    document_hash: bytes | None
    source_id: int
    source: str
    is_forgotten: bool
    endpoint: str
    is_removed: bool
    path: str
    file: str
    line: int
    column_number: int

    @property
    def origin(self) -> Location:
        """Where it was written."""
        return Location(self.file, self.line, self.column_number)


def wanted_roots(
    tx: Transaction, revision: int | None = None, mark: int | None = None
) -> dict[Address, WantedRoot]:
    """The roots that manifests wanted as of a revision of any source, or as a mark saw them; else now.

    A mark may see a later revision and not yet an earlier one, of another source, that was being loaded.
    """
    return _roots(tx.rows("rollback.roots_at", revision=revision, mark=mark))


def roots_of_hash(tx: Transaction, wanted: Mapping[Address, bytes]) -> dict[Address, WantedRoot]:
    """The newest rows by which manifests wanted just that of these roots."""
    hashes = {"addresses": list(map(str, wanted)), "spec_hashes": list(wanted.values())}
    return _roots(tx.rows("rollback.roots_of_hash", **hashes))


def _roots(rows: Iterable[Row]) -> dict[Address, WantedRoot]:
    found: dict[Address, WantedRoot] = {}
    for row in rows:
        address = Address.parse(row.address)
        found[address] = WantedRoot(**row._asdict() | {"address": address})
    return found


def lock_sources(tx: Transaction, ids: Collection[int]) -> None:
    """Wait until nobody records these sources, and let nobody do so before this transaction ends."""
    tx.rows("rollback.lock_sources", ids=sorted(ids))


def insert_rollback(tx: Transaction, source_id: int, message: str, actor: str, back_to: int | None) -> int:
    """A revision of a source that nobody read; gives its number."""
    return int(
        tx.value(
            "rollback.insert_revision", source_id=source_id, message=message, actor=actor, back_to=back_to
        )
    )


def close_roots(tx: Transaction, revision: int, rows: Iterable[WantedRoot]) -> None:
    """From this revision on they are wanted no more as they were."""
    tx.execute("revisions.close", revision_id=revision, ids=[row.id for row in rows])


def referring_to(tx: Transaction, roots: Collection[Address]) -> dict[Address, Address]:
    """The roots that are wanted now and refer to one of these or to its parts, each with one that it does."""
    if not roots:
        return {}
    rows = tx.rows("rollback.referring", roots=[str(address) for address in roots])
    return {Address.parse(row.address): Address.parse(row.root) for row in rows}

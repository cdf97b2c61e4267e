"""Desired state by revision: what each source wants, from which revision to which.

A revision writes rows only for what it changes, so its cost follows the change. What is not in a
complete source any more is closed, never deleted.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from reconciler.errors import ManifestError, Problem
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired
from reconciler.store.ids import Ids, load_ids
from reconciler.store.session import Transaction
from reconciler.store.values import elements


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where manifests come from. `kind`: folder, git, stdin or files."""

    name: str
    kind: str
    url: str | None = None
    branch: str | None = None
    subfolder: str | None = None


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """Whose change it is. The hashes cover the manifests, and the catalog they were read by."""

    content_hash: bytes
    catalog_hash: bytes
    actor: str
    commit: str | None = None
    author: str | None = None
    authored_at: datetime | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """What a revision changed. `id` is the latest one: this, or an earlier one if nothing changed."""

    id: int
    added: frozenset[Address]
    changed: frozenset[Address]
    removed: frozenset[Address]


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
    context = bytes(latest[2]) if latest else None
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
    return frozenset(Address.parse(row[0]) for row in tx.rows("revisions.other_resources", source=source))


def record_revision(
    tx: Transaction,
    source: SourceRow,
    revision: RevisionRow,
    desired: Mapping[Address, Desired],
    unchanged: frozenset[Address],
    documents: Mapping[Address, bytes],
    catalog: Catalog,
    *,
    complete: bool,
) -> RevisionChange:
    """Make `desired` (and what is `unchanged`) what the source wants.

    `complete`: whatever else the source wanted is wanted no more. Raises ManifestError where another
    source wants one of the addresses already.
    """
    source_id = tx.value("revisions.upsert_source", **_fields(source))
    _check_owners(tx, source, source_id, desired)
    kept = {str(address) for address in unchanged}
    current = {
        Address.parse(address): (row_id, bytes(spec), document and bytes(document))
        for row_id, address, spec, document in tx.rows("revisions.current", source_id=source_id)
        if address not in kept
    }
    hashes = {address: item.hash() for address, item in desired.items()}
    added = frozenset(address for address in desired if address not in current)
    changed = frozenset(a for a in desired if a in current and current[a][1] != hashes[a])
    reworded = frozenset(
        a for a in desired if a in current and a not in changed and current[a][2] != documents.get(a)
    )
    gone = current.keys() - desired.keys() if complete else set()
    latest = tx.row("revisions.latest", source_id=source_id)
    same = latest is not None and (latest[1], bytes(latest[2])) == (revision.commit, revision.catalog_hash)
    if latest is not None and same and not (added or changed or gone or reworded):
        return RevisionChange(latest[0], frozenset(), frozenset(), frozenset())
    revision_id = tx.value("revisions.insert", source_id=source_id, **_revision_fields(revision))
    closed = [current[a][0] for a in (*changed, *reworded, *gone)]
    if closed:
        tx.execute("revisions.close", revision_id=revision_id, ids=closed)
    rows = [desired[address] for address in sorted(added | changed | reworded)]
    _insert(tx, rows, hashes, documents, catalog, source_id=source_id, revision_id=revision_id)
    tx.execute("revisions.apply_lifecycles", revision_id=revision_id)
    return RevisionChange(revision_id, added, changed, frozenset(gone))


def source_id_of(tx: Transaction, source: SourceRow) -> int:
    """The source's row, which is made where there is none yet."""
    return int(tx.value("revisions.upsert_source", **_fields(source)))


def _fields(source: SourceRow) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind,
        "url": source.url,
        "branch": source.branch,
        "subfolder": source.subfolder,
    }


def _revision_fields(revision: RevisionRow) -> dict[str, object]:
    return {
        "commit_id": revision.commit,
        "author": revision.author,
        "authored_at": revision.authored_at,
        "message": revision.message,
        "content_hash": revision.content_hash,
        "catalog_hash": revision.catalog_hash,
        "actor": revision.actor,
    }


def _check_owners(
    tx: Transaction, source: SourceRow, source_id: int, desired: Mapping[Address, Desired]
) -> None:
    taken = tx.rows(
        "revisions.other_owners", source_id=source_id, addresses=[str(address) for address in desired]
    )
    found: dict[str, list[str]] = {}
    for address, owner in taken:
        found.setdefault(owner, []).append(address)
    if found:
        raise ManifestError([_taken(owner, sorted(names), desired, source) for owner, names in found.items()])


def _taken(owner: str, names: list[str], desired: Mapping[Address, Desired], source: SourceRow) -> Problem:
    """Told once for a whole source: mostly it is the same one under another name."""
    others = f", as are {len(names) - 1} more" if len(names) > 1 else ""
    return Problem(
        "manifest.other_source",
        f"is already declared by the source {owner}{others}",
        desired[Address.parse(names[0])].origin,
        names[0],
        f"if these are the same manifests, add --source {shlex.quote(owner)}; else remove it there. "
        f"This source is named {source.name}",
    )


def _insert(
    tx: Transaction,
    roots: list[Desired],
    hashes: Mapping[Address, bytes],
    documents: Mapping[Address, bytes],
    catalog: Catalog,
    *,
    source_id: int,
    revision_id: int,
) -> None:
    if not roots:
        return
    ids = load_ids(tx)
    count = sum(1 + len(root.parts) for root in roots)
    numbers = iter([row[0] for row in tx.rows("revisions.reserve_ids", count=count)])
    numbered: list[tuple[int, int | None, Desired]] = []
    for root in roots:
        root_id = next(numbers)
        numbered.append((root_id, None, root))
        numbered += [(next(numbers), root_id, part) for part in root.parts]
    tx.copy(
        "revisions.copy_resources",
        (_resource(row, ids, hashes, documents, source_id, revision_id) for row in numbered),
    )
    tx.copy("revisions.copy_attributes", (r for row in numbered for r in _attributes(row, ids, catalog)))
    tx.copy(
        "revisions.copy_cleared",
        (
            (row_id, ids.definitions[name])
            for row_id, _, item in numbered
            for name in sorted({*item.unset, *(n for n, value in item.attributes.items() if value == ())})
        ),
    )
    tx.copy(
        "revisions.copy_tags",
        ((row_id, key, value) for row_id, _, item in numbered for key, value in sorted(item.tags.items())),
    )
    tx.copy(
        "revisions.copy_collections",
        (
            (row_id, ids.resource_types[name])
            for row_id, _, item in numbered
            for name in sorted(item.collections)
        ),
    )
    tx.copy(
        "revisions.copy_ignored",
        ((row_id, n) for row_id, _, item in numbered for n in sorted(item.lifecycle.ignore_changes)),
    )
    tx.copy("revisions.copy_relationships", (r for row in numbered for r in _relationships(row, ids)))


def _resource(
    row: tuple[int, int | None, Desired],
    ids: Ids,
    hashes: Mapping[Address, bytes],
    documents: Mapping[Address, bytes],
    source_id: int,
    revision_id: int,
) -> tuple[object, ...]:
    row_id, parent_id, item = row
    life, origin = item.lifecycle, item.origin
    return (
        row_id,
        source_id,
        parent_id,
        str(item.address),
        ids.resource_types[item.type],
        ids.endpoints[item.endpoint],
        item.address.name,
        hashes[item.address] if parent_id is None else item.hash(),
        documents.get(item.address),
        origin.file if origin else "",
        origin.line if origin else 0,
        origin.column if origin else 0,
        life.prevent_destroy,
        life.on_remove,
        life.allow_downtime,
        life.replace,
        life.create_before_destroy,
        item.location,
        item.datacenter,
        item.adopt,
        item.names_tags,
        revision_id,
    )


def _attributes(
    row: tuple[int, int | None, Desired], ids: Ids, catalog: Catalog
) -> Iterator[tuple[object, ...]]:
    row_id, _, item = row
    type_id = ids.resource_types[item.type]
    for name, value in item.attributes.items():
        definition = catalog.definitions[name]
        for ordinal, columns in elements(value):
            yield (
                row_id,
                type_id,
                ids.definitions[name],
                ordinal,
                definition.data_type.value,
                *columns,
                name in item.explicit,
            )


def _relationships(row: tuple[int, int | None, Desired], ids: Ids) -> Iterator[tuple[object, ...]]:
    row_id, _, item = row
    targets = {("depends_on", str(target)) for target in item.depends_on}
    targets |= {("member_of", str(target)) for target in item.member_of}
    for kind, target in sorted(targets):
        yield (row_id, ids.relationship_types[kind], target)


def revisions_of(tx: Transaction, addresses: Iterable[Address]) -> dict[Address, int]:
    """For each root the revision that it is as it is wanted, or wanted no more, because of."""
    rows = tx.rows("revisions.responsible", addresses=[str(address) for address in addresses])
    return {Address.parse(address): revision for address, revision in rows}

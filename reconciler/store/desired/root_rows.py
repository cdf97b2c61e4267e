"""Writing desired roots as rows, with all that hangs on them, from a revision on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired
from reconciler.store.database.attribute_lines import AttributeLines
from reconciler.store.database.ids import Ids, load_ids
from reconciler.store.database.session import Transaction


@dataclass(frozen=True, slots=True)
class NewRows:
    """Roots to write, for whom and since when.

    `hashes` are their specifications', `documents` those of the documents they were read from, where they
    were; `paths` gives each root's file by its path within the source.
    """

    roots: Sequence[Desired]
    source_id: int
    revision: int
    hashes: Mapping[Address, bytes]
    documents: Mapping[Address, bytes]
    paths: Mapping[Address, str]


def insert_roots(tx: Transaction, rows: NewRows, catalog: Catalog) -> None:
    """Write the roots with their parts; what was wanted at their addresses until now has to be closed."""
    if not rows.roots:
        return
    ids = load_ids(tx)
    count = sum(1 + len(root.parts) for root in rows.roots)
    numbers = iter([row.id for row in tx.rows("revisions.reserve_ids", count=count)])
    numbered: list[tuple[int, int | None, Desired]] = []
    for root in rows.roots:
        root_id = next(numbers)
        numbered.append((root_id, None, root))
        numbered += [(next(numbers), root_id, part) for part in root.parts]
    tx.copy(
        "revisions.copy_resources",
        (_resource(row, ids, rows) for row in numbered),
    )
    lines = AttributeLines(catalog, ids)
    tx.copy_lines(
        "revisions.copy_attributes",
        (
            line
            for row_id, _, item in numbered
            for line in lines.wanted(row_id, item.type, item.attributes, item.explicit)
        ),
    )
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


def apply_lifecycles(tx: Transaction, revision: int) -> None:
    """Let the guards and places that a revision says hold at once, whether or not anything else changes."""
    tx.execute("revisions.apply_lifecycles", revision_id=revision)


def _resource(row: tuple[int, int | None, Desired], ids: Ids, rows: NewRows) -> tuple[object, ...]:
    row_id, parent_id, item = row
    life, origin = item.lifecycle, item.origin
    return (
        row_id,
        rows.source_id,
        parent_id,
        str(item.address),
        ids.resource_types[item.type],
        ids.endpoints[item.endpoint],
        item.address.name,
        rows.hashes[item.address] if parent_id is None else item.hash(),
        rows.documents.get(item.address),
        origin.file if origin else "",
        rows.paths.get(item.address.root, ""),
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
        rows.revision,
    )


def _relationships(row: tuple[int, int | None, Desired], ids: Ids) -> Iterator[tuple[object, ...]]:
    row_id, _, item = row
    targets = {("depends_on", str(target)) for target in item.depends_on}
    targets |= {("member_of", str(target)) for target in item.member_of}
    for kind, target in sorted(targets):
        yield (row_id, ids.relationship_types[kind], target)

"""Desired state by revision: what each source wants, from which revision to which.

A revision writes rows only for what it changes, so its cost follows the change. What is not in a
complete source any more is closed, never deleted.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from reconciler.errors import Location, ManifestError, Problem
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired
from reconciler.store.database.gathering import gathering
from reconciler.store.database.session import Row, Transaction
from reconciler.store.desired.pins import end_pins, judge
from reconciler.store.desired.root_rows import NewRows, apply_lifecycles, insert_roots

AT_ONCE = 2_000
"""Roots whose rows are gathered at a time, so that memory does not follow the size of a fleet."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where manifests come from. `kind`: folder, git, stdin or files."""

    name: str
    kind: str
    url: str | None = None
    branch: str | None = None
    subfolder: str | None = None
    repository: str | None = None
    is_part: bool = False  # only a part of it was read, so where the whole is stays as it is recorded


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
    """What a revision changed. `id` is the latest one: this, or an earlier one if nothing changed.

    `agreed` were rolled back, and their manifests say the same now; of those `superseded` the manifests say
    something new, which holds.
    """

    id: int
    added: frozenset[Address]
    changed: frozenset[Address]
    removed: frozenset[Address]
    agreed: frozenset[Address] = frozenset()
    superseded: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source says now.

    `desired` was read; each is asked for when its turn comes, so that a mapping may make them only then.
    `unchanged` are documents that say what they said, with where they are if that may have moved. `documents`
    has each one's hash. `path` gives a file's path within the source. `ends`: whether what else the source
    wanted, at a path, is wanted no more.
    """

    desired: Mapping[Address, Desired]
    unchanged: Mapping[Address, Location | None]
    documents: Mapping[Address, bytes]
    path: Callable[[str], str]
    ends: Callable[[Address, str], bool]


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision whose removals are written and whose additions are not yet: others may hand over to it."""

    source: SourceRow
    source_id: int
    wanted: Wanted
    change: RevisionChange
    hashes: Mapping[Address, bytes]
    reworded: frozenset[Address]
    is_new: bool


@gathering()
def begin_revision(tx: Transaction, source: SourceRow, revision: RevisionRow, wanted: Wanted) -> Draft:
    """Compare what a source wants with what it wanted, and close what it wants no more, or otherwise.

    What is pinned stays as it is for as long as its manifest says what it was rolled back from.
    """
    source_id = tx.value("revisions.upsert_source", **asdict(source))
    desired = wanted.desired
    rows = tx.rows("revisions.current", source_id=source_id)
    kept = {str(address): where for address, where in wanted.unchanged.items()}
    _move(tx, [row for row in rows if row.address in kept], kept, wanted.path)
    current = {Address.parse(row.address): row for row in rows if row.address not in kept}
    hashes = {address: item.hash() for address, item in desired.items()}
    pins = judge(tx, source_id, wanted, hashes, {a: row.spec_hash for a, row in current.items()})
    for address in pins.held:
        current.pop(address, None)
        hashes.pop(address, None)
    desired = {address: item for address, item in desired.items() if address in hashes}
    added = frozenset(address for address in desired if address not in current)
    changed = frozenset(a for a in desired if a in current and current[a].spec_hash != hashes[a])
    reworded = frozenset(
        a
        for a in desired
        if a in current and a not in changed and current[a].document_hash != wanted.documents.get(a)
    )
    gone = frozenset(a for a in current.keys() - desired.keys() if wanted.ends(a, current[a].path))
    latest = tx.row("revisions.latest", source_id=source_id)
    same = latest is not None and (latest.commit_id, latest.catalog_hash) == (
        revision.commit,
        revision.catalog_hash,
    )
    moved = added or changed or gone or reworded or pins.ended
    if latest is not None and same and not moved:
        nothing: frozenset[Address] = frozenset()
        change = RevisionChange(latest.id, nothing, nothing, nothing)
        return Draft(source, source_id, wanted, change, hashes, nothing, is_new=False)
    revision_id = tx.value("revisions.insert", source_id=source_id, **asdict(revision))
    closed = [current[a].id for a in (*changed, *reworded, *gone)]
    if closed:
        tx.execute("revisions.close", revision_id=revision_id, ids=closed)
    end_pins(tx, pins)
    change = RevisionChange(
        revision_id, added, changed, gone, pins.addresses("agreed"), pins.addresses("superseded")
    )
    return Draft(source, source_id, wanted, change, hashes, reworded, is_new=True)


@gathering()
def end_revision(tx: Transaction, draft: Draft, catalog: Catalog) -> RevisionChange:
    """Write what a draft adds or changes. Raises ManifestError where another source wants some of it."""
    wanted, change = draft.wanted, draft.change
    _check_owners(tx, draft.source, draft.source_id, wanted.desired)
    if not draft.is_new:
        return change
    written = sorted(change.added | change.changed | draft.reworded)
    for start in range(0, len(written), AT_ONCE):
        roots = [wanted.desired[address] for address in written[start : start + AT_ONCE]]
        insert_roots(
            tx,
            NewRows(
                roots,
                draft.source_id,
                change.id,
                draft.hashes,
                wanted.documents,
                {item.address: wanted.path(item.origin.file) for item in roots if item.origin},
            ),
            catalog,
        )
    apply_lifecycles(tx, change.id)
    if change.removed:
        tx.execute("pauses.release_unwanted", addresses=_unwanted(tx, change.removed))
    return change


def _move(
    tx: Transaction,
    rows: Iterable[Row],
    kept: Mapping[str, Location | None],
    path: Callable[[str], str],
) -> None:
    """Write down where documents are now that say what they said: in which file of their source."""
    moved = [
        {"id": row.id, "path": path(where.file), "file": where.file, "line": where.line}
        for row in rows
        for where in (kept[row.address],)
        if where is not None and (row.path, row.file, row.line) != (path(where.file), where.file, where.line)
    ]
    tx.batch("revisions.move", moved)


def _unwanted(tx: Transaction, addresses: Iterable[Address]) -> list[str]:
    """Those that no other source wants either."""
    texts = [str(address) for address in addresses]
    return sorted(set(texts) - {row.address for row in tx.rows("sources.wanted_by", addresses=texts)})


def source_id_of(tx: Transaction, source: SourceRow) -> int:
    """The source's row, which is made where there is none yet."""
    return int(tx.value("revisions.upsert_source", **asdict(source)))


def _check_owners(
    tx: Transaction, source: SourceRow, source_id: int, desired: Mapping[Address, Desired]
) -> None:
    taken = tx.rows(
        "revisions.other_owners", source_id=source_id, addresses=[str(address) for address in desired]
    )
    found: dict[str, list[tuple[str, str]]] = {}
    problems: list[Problem] = []
    for address, owner, path, line, is_rolled_back in taken:
        where = f"{path}:{line}"
        if is_rolled_back:
            problems.append(_kept(owner, address, where, desired))
        else:
            found.setdefault(owner, []).append((address, where))
    problems += [_taken(owner, sorted(names), desired, source) for owner, names in found.items()]
    if problems:
        raise ManifestError(problems)


def _kept(owner: str, address: str, where: str, desired: Mapping[Address, Desired]) -> Problem:
    """A rollback makes a source want what its own manifests may not declare any more."""
    return Problem(
        "manifest.other_source",
        f"is rolled back, and so still the source {owner}'s (at {where} then)",
        desired[Address.parse(address)].origin,
        address,
        f"end that first: reconciler rollback --undo {address}; what still declares it in {owner} has to go",
    )


def _taken(
    owner: str, names: list[tuple[str, str]], desired: Mapping[Address, Desired], source: SourceRow
) -> Problem:
    """Told once for a whole source: mostly it is the same one under another name."""
    address, where = names[0]
    others = f", as are {len(names) - 1} more" if len(names) > 1 else ""
    return Problem(
        "manifest.other_source",
        f"is already declared by the source {owner} (at {where}){others}",
        desired[Address.parse(address)].origin,
        address,
        f"this source is {source.name}. To move it here, remove it there and give both sources to one plan; "
        "if both are the same manifests, name them once, by a reconciler.yaml with a name at their root or "
        f"by --source {shlex.quote(owner)}; if there is no {owner} any more: reconciler source forget "
        f"{shlex.quote(owner)}",
    )

"""From sources of manifests to revisions in the database, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.engine.catalog import add_user_types, user_attributes, user_relationships, user_types
from reconciler.engine.engine import Engine
from reconciler.engine.inventory import claim_inventory, write_inventory
from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.load import declared_roots, load
from reconciler.manifest.model import Known, KnownDocument, ManifestSet
from reconciler.manifest.source.state import SourceState
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import InventoryStep
from reconciler.model.resource import Desired
from reconciler.model.scope import ScopePart, is_in_any
from reconciler.model.values import SecretRef, Value
from reconciler.store.database.session import Transaction
from reconciler.store.desired import sources
from reconciler.store.desired.known import known_documents, other_resources, source_roots
from reconciler.store.desired.past import lock_sources
from reconciler.store.desired.revisions import (
    Draft,
    RevisionChange,
    RevisionRow,
    SourceRow,
    Wanted,
    begin_revision,
    end_revision,
    source_id_of,
)
from reconciler.store.inventory import rows as inventory_rows


@dataclass(frozen=True, slots=True)
class Loaded:
    """A source that was read and recorded. `set` is what it said, `change` what that changed.

    `renamed` are names that it was known by until now; `inventory` is what it changed of the inventory.
    """

    state: SourceState
    set: ManifestSet
    change: RevisionChange
    renamed: tuple[str, ...] = ()
    inventory: tuple[InventoryStep, ...] = ()

    @property
    def scope(self) -> ScopePart:
        """What a run about this source is about: all of it, or what the part of it says."""
        state = self.state
        if not state.complete:
            return ScopePart(state.name, addresses=frozenset(self.set.desired) | self.set.unchanged)
        return ScopePart(state.name, state.part)


def record_sources(tx: Transaction, engine: Engine, states: Sequence[SourceState]) -> tuple[Loaded, ...]:
    """Read several sources' manifests and make them current together: one may hand a resource to another.

    Raises ManifestError with every problem; the transaction must then be rolled back.
    """
    renamed = {state.name: _take_name(tx, state) for state in states}
    # Before anything of theirs is read: what is known of a document must not be closed meanwhile.
    lock_sources(tx, sources.ids_of(tx, {state.name for state in states}))
    sets, inventory = _load_all(tx, engine, states)
    drafts: list[tuple[SourceState, ManifestSet, Draft]] = []
    for state in states:
        read = sets[state.name]
        desired = {a: with_fingerprints(tx, engine, item) for a, item in read.desired.items()}
        ends = _ends(tx, engine.catalog, state, read)
        wanted = Wanted(
            desired,
            {address: read.places.get(address) for address in read.unchanged},
            read.documents,
            state.path,
            ends,
        )
        revision = _revision(tx, engine, state, read)
        drafts.append((state, read, begin_revision(tx, source_row(state), revision, wanted)))
    return tuple(
        Loaded(
            state,
            read,
            end_revision(tx, draft, engine.catalog),
            tuple(renamed[state.name]),
            inventory[state.name],
        )
        for state, read, draft in drafts
    )


def _revision(tx: Transaction, engine: Engine, state: SourceState, read: ManifestSet) -> RevisionRow:
    before = known_documents(tx, state.name)[1] if state.part is not None else None
    return RevisionRow(
        content_hash=read.content_hash,
        # What is in the other files was read by the catalog of then, and is read again once all is.
        catalog_hash=before or read.context,
        actor=engine.actor,
        commit=state.commit,
        author=state.author,
        authored_at=state.authored_at,
        message=state.message,
    )


def source_row(state: SourceState) -> SourceRow:
    """Where a source is, as the database keeps it."""
    return SourceRow(
        state.name,
        state.kind,
        state.url,
        state.branch,
        state.subfolder,
        state.repository,
        state.part is not None,
    )


def _take_name(tx: Transaction, state: SourceState) -> list[str]:
    """What the source was called before its reconciler.yaml named it is called so from now on.

    Raises ManifestError where a source of that name is another repository's: one would remove what the other
    declares.
    """
    before = sources.repository(tx, state.name)
    if state.named_by == "file" and before and state.repository and before != state.repository:
        raise ManifestError(
            [
                Problem(
                    "source.same_name",
                    f"the source {state.name} was read from {before} so far, and this is {state.repository}",
                    Location(state.url or state.name),
                    hint="give it another name in its reconciler.yaml; if it is the same, and has moved, "
                    f"confirm that once with --source {state.name}",
                )
            ]
        )

    def within(folders: tuple[str, ...]) -> Callable[[str], bool]:
        return lambda path: is_in_any(path, folders)

    return sources.take_name(tx, state.name, [(each.name, within(each.within)) for each in state.aliases])


_Inventories = dict[str, tuple[InventoryStep, ...]]


def _load_all(
    tx: Transaction, engine: Engine, states: Sequence[SourceState]
) -> tuple[dict[str, ManifestSet], _Inventories]:
    """Load each source, after those whose inventory and types it rests on; and what each changed of the
    inventory. Raises ManifestError."""
    beside = _beside(engine.catalog, states)
    sets: dict[str, ManifestSet] = {}
    inventories: _Inventories = {}
    left = list(states)
    while left:
        again: list[SourceState] = []
        errors: list[ManifestError] = []
        for state in left:
            others = frozenset(a for name, roots in beside.items() if name != state.name for a in roots)
            try:
                sets[state.name], inventories[state.name] = _load(tx, engine, state, others)
            except ManifestError as error:
                again.append(state)
                errors.append(error)
        if len(again) == len(left):
            raise errors[0] if len(errors) == 1 else ManifestError([p for e in errors for p in e.problems])
        left = again
    return sets, inventories


def _beside(catalog: Catalog, states: Sequence[SourceState]) -> dict[str, frozenset[Address]]:
    """What each of several sources declares: the others may refer to it before it is recorded."""
    if len(states) == 1:
        return {}
    found: dict[str, frozenset[Address]] = {}
    for state in states:
        try:
            found[state.name] = frozenset(declared_roots(state.files, catalog))
        except ManifestError:  # which its own loading reports
            found[state.name] = frozenset()
    return found


def _load(
    tx: Transaction, engine: Engine, state: SourceState, others: frozenset[Address]
) -> tuple[ManifestSet, tuple[InventoryStep, ...]]:
    known = known_to(tx, engine, state)
    known = replace(known, resources=known.resources | others)
    manifests = load(state.files, engine.catalog, known, in_folder=state.in_folder, trusted=state.trusted)
    if manifests.inventory.catalog_parts:
        engine.catalog = add_user_types(tx, manifests.catalog)
    source_id = source_id_of(tx, source_row(state))
    whole = state.complete and state.part is None
    claim_inventory(tx, source_id, state.name, manifests.inventory, complete=whole)
    return manifests, write_inventory(tx, manifests.inventory, engine.actor)


def known_to(tx: Transaction, engine: Engine, state: SourceState) -> Known:
    """What the database holds that a set may refer to, and what of this source need not be read again."""
    documents, context = known_documents(tx, state.name)
    resources = other_resources(tx, state.name)
    if state.part is not None:
        roots = source_roots(tx, state.name)
        resources |= {address for address, path in roots.items() if not is_in_any(path, state.part)}
        documents = {
            document: found
            for document, found in documents.items()
            if is_in_any(roots.get(found[0], ""), state.part)
        }
    datacenters, endpoints = inventory_rows.datacenters(tx), inventory_rows.endpoints(tx)
    return Known(
        endpoints={each.name: each.provider_type for each in endpoints},
        providers={each.name: each.provider_type for each in inventory_rows.providers(tx)},
        credentials=frozenset(each.name for each in inventory_rows.credentials(tx)),
        logins=frozenset(each.credential for each in endpoints if each.credential),
        locations=frozenset(each.name for each in inventory_rows.locations(tx)),
        datacenters=frozenset(each.name for each in datacenters),
        location_of={each.name: each.location for each in datacenters},
        providers_in={each.name: frozenset(each.providers) for each in datacenters},
        provider_of={each.name: each.provider for each in endpoints},
        resources=resources,
        user_types=user_types(tx),
        user_attributes=user_attributes(engine.catalog),
        user_relationships=user_relationships(engine.catalog),
        documents={
            document: KnownDocument(address, targets) for document, (address, targets) in documents.items()
        },
        context=context,
    )


def _ends(
    tx: Transaction, catalog: Catalog, state: SourceState, read: ManifestSet
) -> Callable[[Address, str], bool]:
    """Whether what was wanted at a path, and is not among what was read, is wanted no more.

    Of a part that was read the other files are asked first: what is there now has only moved, and what is
    both here and there is declared twice. Raises ManifestError for that, and where they cannot be read.
    """
    part = state.part
    if not state.complete:
        return lambda *_: False
    if part is None:
        return lambda *_: True
    here = {**{a: item.origin for a, item in read.desired.items()}, **read.places}
    roots = source_roots(tx, state.name)
    gone = {a for a, path in roots.items() if a not in here and is_in_any(path, part)}
    arrived = {a for a in here.keys() & roots.keys() if not is_in_any(roots[a], part)}
    there: Mapping[Address, Location] = {}
    if gone or arrived:
        there = declared_roots([replace(file, display_name=path) for path, file in state.rest()], catalog)
    if twice := sorted(arrived & there.keys()):
        raise ManifestError(
            [
                Problem("manifest.duplicate", f"is declared at {there[a]} too", here[a], str(a), "keep one")
                for a in twice
            ]
        )
    return lambda address, path: is_in_any(path, part) and address not in there


def with_fingerprints(tx: Transaction, engine: Engine, desired: Desired) -> Desired:
    """The same, with each secret's keyed fingerprint, so that a new secret is a change."""
    attributes = _fingerprinted(tx, engine, desired.attributes)
    parts = tuple(with_fingerprints(tx, engine, part) for part in desired.parts)
    if attributes is desired.attributes and parts == desired.parts:
        return desired
    return replace(desired, attributes=attributes, parts=parts)


def _fingerprinted(tx: Transaction, engine: Engine, attributes: Mapping[str, Value]) -> Mapping[str, Value]:
    if not any(isinstance(value, SecretRef) for value in attributes.values()):
        return attributes
    return {
        name: SecretRef(value.credential, engine.fingerprint(tx, value.credential))
        if isinstance(value, SecretRef)
        else value
        for name, value in attributes.items()
    }


def addresses(change: RevisionChange) -> frozenset[Address]:
    """Everything that a revision touched."""
    return change.added | change.changed | change.removed

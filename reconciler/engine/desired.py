"""From a source of manifests to a revision in the database, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.engine.catalog import add_user_types, user_attributes, user_types
from reconciler.engine.engine import Engine
from reconciler.engine.inventory import claim_inventory, write_inventory
from reconciler.manifest.load import load
from reconciler.manifest.model import Known, KnownDocument, ManifestSet
from reconciler.manifest.sources import SourceState
from reconciler.model.address import Address
from reconciler.model.resource import Desired
from reconciler.model.values import SecretRef, Value
from reconciler.store import inventory
from reconciler.store.revisions import (
    RevisionChange,
    RevisionRow,
    SourceRow,
    known_documents,
    other_resources,
    record_revision,
    source_id_of,
)
from reconciler.store.session import Transaction


@dataclass(frozen=True, slots=True)
class Loaded:
    """A source that was read and recorded. `set` is what it said, `change` what that changed."""

    state: SourceState
    set: ManifestSet
    change: RevisionChange


def record_source(tx: Transaction, engine: Engine, state: SourceState) -> Loaded:
    """Read a source's manifests and make them its current revision.

    Raises ManifestError with every problem; the transaction must then be rolled back.
    """
    manifests = load(
        state.files,
        engine.catalog,
        _known(tx, engine, state),
        in_folder=state.in_folder,
        trusted=state.trusted,
    )
    if manifests.inventory.catalog_parts:
        engine.catalog = add_user_types(tx, manifests.catalog)
    source_id = source_id_of(tx, source_row(state))
    claim_inventory(tx, source_id, state.name, manifests.inventory, complete=state.complete)
    write_inventory(tx, manifests.inventory, engine.actor)
    desired = {a: _with_fingerprints(tx, engine, item) for a, item in manifests.desired.items()}
    change = record_revision(
        tx,
        source_row(state),
        RevisionRow(
            content_hash=manifests.content_hash,
            catalog_hash=manifests.context,
            actor=engine.actor,
            commit=state.commit,
            author=state.author,
            authored_at=state.authored_at,
            message=state.message,
        ),
        desired,
        manifests.unchanged,
        manifests.documents,
        engine.catalog,
        complete=state.complete,
    )
    return Loaded(state, manifests, change)


def source_row(state: SourceState) -> SourceRow:
    """Where a source is, as the database keeps it."""
    return SourceRow(state.name, state.kind, state.url, state.branch, state.subfolder)


def _known(tx: Transaction, engine: Engine, state: SourceState) -> Known:
    """What the database holds that a set may refer to, and what of this source need not be read again."""
    documents, context = known_documents(tx, state.name)
    return Known(
        endpoints={row.name: row.provider_type for row in inventory.endpoints(tx)},
        providers={row.name: row.provider_type for row in inventory.providers(tx)},
        credentials=frozenset(row.name for row in inventory.credentials(tx)),
        logins=frozenset(row.credential for row in inventory.endpoints(tx) if row.credential),
        locations=frozenset(row.name for row in inventory.locations(tx)),
        datacenters=frozenset(row.name for row in inventory.datacenters(tx)),
        resources=other_resources(tx, state.name),
        user_types=user_types(tx),
        user_attributes=user_attributes(engine.catalog),
        documents={
            document: KnownDocument(address, targets) for document, (address, targets) in documents.items()
        },
        context=context,
    )


def _with_fingerprints(tx: Transaction, engine: Engine, desired: Desired) -> Desired:
    """The same, with each secret's keyed fingerprint, so that a new secret is a change."""
    attributes = _fingerprinted(tx, engine, desired.attributes)
    parts = tuple(_with_fingerprints(tx, engine, part) for part in desired.parts)
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

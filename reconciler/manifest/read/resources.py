"""Turns one manifest of a resource into the resource that is desired.

It resolves what can be resolved from the catalog and the inventory; whether the other resources that it
names exist is checked once all are read (`manifest.check`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.errors import Location
from reconciler.manifest.findings import Scope, listed, position
from reconciler.manifest.read.attributes import AttributesRead, complete, read_attributes
from reconciler.manifest.read.endpoints import endpoint_of
from reconciler.manifest.read.envelope import Envelope, Reference
from reconciler.manifest.read.names import short_names
from reconciler.manifest.read.parts import Parent, PartRead, read_parts
from reconciler.manifest.read.surroundings import Surroundings
from reconciler.manifest.read.unplaced import check_names
from reconciler.manifest.yaml.nodes import Entry, Position, Scalar, Sequence
from reconciler.manifest.yaml.nodes import Mapping as MappingNode
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog, ResourceType
from reconciler.model.resource import Desired, Lifecycle

PLACES = ("location", "datacenter")
TAGS = "tags"  # what `ignore_changes` calls the tags


@dataclass(frozen=True, slots=True)
class Pointer:
    """One resource naming another. `by_attribute`: its provider must find the other by id."""

    source: Address
    target: Address
    at: Location
    by_attribute: bool


@dataclass(frozen=True, slots=True)
class ResourceRead:
    """One resource, all the others that it names, and its envelope for what is checked later."""

    desired: Desired
    pointers: tuple[Pointer, ...]
    envelope: Envelope


@dataclass(slots=True)
class _Spec:
    """A spec taken apart, before its attributes are read."""

    places: dict[str, Entry] = field(default_factory=dict)
    attributes: list[Entry] = field(default_factory=list)
    collections: list[tuple[ResourceType, Entry]] = field(default_factory=list)


def read_resource(envelope: Envelope, around: Surroundings) -> ResourceRead | None:
    """The desired resource; None, with problems, where its endpoint is not clear."""
    scope, catalog = envelope.scope, around.catalog
    kind = catalog.resource_types[envelope.address.type]
    endpoint = endpoint_of(envelope, kind, around)
    if endpoint is None:
        check_names(envelope.spec.entries, kind.name, ("endpoint", *PLACES), catalog, scope)
        return None
    provider_type = around.endpoints[endpoint]
    spec = _take_apart(envelope, kind, provider_type, catalog)
    places = {name: _place(name, entry, around, scope) for name, entry in spec.places.items()}
    _check_places(places, spec.places, around, scope, around.provider_of.get(endpoint))
    collections = tuple(part.collection or "" for part in catalog.parts_of(kind.name, provider_type))
    also_known = ("endpoint", *PLACES, *collections)
    read = read_attributes(spec.attributes, kind.name, provider_type, catalog, scope, also_known=also_known)
    _places_as_attributes(places, spec.places, read, catalog, kind, provider_type)
    complete(
        read,
        kind.name,
        provider_type,
        catalog,
        position(envelope.spec),
        scope,
        own_name=envelope.address.name,
    )
    parent = Parent(envelope.address, provider_type, endpoint)
    parts = [p for part, entry in spec.collections for p in read_parts(part, entry, parent, catalog, scope)]
    _check_credentials([read, *(part.attributes for part in parts)], around, scope)
    desired = Desired(
        address=envelope.address,
        type=kind.name,
        provider_type=provider_type,
        endpoint=endpoint,
        attributes=read.values,
        explicit=read.explicit,
        tags=envelope.tags,
        tags_named=envelope.tags_named,
        lifecycle=_lifecycle(envelope, kind, provider_type, catalog),
        parts=tuple(part.desired for part in parts),
        collections=frozenset(part.name for part, _ in spec.collections),
        depends_on=_targets(envelope.depends_on),
        member_of=_targets(envelope.member_of),
        location=places.get("location"),
        datacenter=places.get("datacenter"),
        adopt=envelope.lifecycle.adopt,
        unset=frozenset(read.unset),
        origin=envelope.origin,
    )
    return ResourceRead(desired, tuple(_pointers(envelope, read, parts)), envelope)


def _targets(references: tuple[Reference, ...]) -> tuple[Address, ...]:
    return tuple(sorted({reference.target for reference in references}))


def _pointers(envelope: Envelope, read: AttributesRead, parts: list[PartRead]) -> list[Pointer]:
    scope, address = envelope.scope, envelope.address
    found = [
        Pointer(address, each.target, scope.where(each.at), by_attribute=False)
        for each in (*envelope.depends_on, *envelope.member_of)
    ]
    for owner, attributes in ((address, read), *((part.desired.address, part.attributes) for part in parts)):
        found += [
            Pointer(owner, each.target, scope.where(each.at), by_attribute=True)
            for each in attributes.references
        ]
    return found


def _take_apart(envelope: Envelope, kind: ResourceType, provider_type: str, catalog: Catalog) -> _Spec:
    parts = {part.collection: part for part in catalog.parts_of(kind.name, provider_type)}
    spec = _Spec()
    for entry in envelope.spec.entries:
        if entry.key == "endpoint":
            continue
        if entry.key in PLACES:
            spec.places[entry.key] = entry
        elif entry.key in parts:
            spec.collections.append((parts[entry.key], entry))
        else:
            spec.attributes.append(entry)
    return spec


def _place(key: str, entry: Entry, around: Surroundings, scope: Scope) -> str | None:
    name = entry.node.value if isinstance(entry.node, Scalar) else None
    at = position(entry.node)
    if not isinstance(name, str):
        scope.report("type", f"{key} takes a name", at)
        return None
    known = around.places[key]
    if name not in known:
        kind = key.capitalize()
        hint = scope.suggestion(name, known) or (
            f"declare it: a manifest with kind: {kind} and metadata: {{name: {name}}}"
        )
        scope.report(f"unknown_{key}", f"there is no {key} `{name}`", at, hint)
    return name


def _check_places(
    places: dict[str, str | None],
    entries: dict[str, Entry],
    around: Surroundings,
    scope: Scope,
    provider: str | None,
) -> None:
    location, datacenter = places.get("location"), places.get("datacenter")
    actual = around.location_of.get(datacenter or "")
    if location and datacenter and actual not in (None, location):
        message = f"the datacenter {datacenter} is at {actual}, not at {location}"
        scope.report("place", message, entries["datacenter"].position, "correct one of them")
    there = around.providers_in.get(datacenter or "", frozenset())
    if datacenter and provider and there and provider not in there:
        message = f"the datacenter {datacenter} is one of {listed(sorted(there))}, not of {provider}"
        hint = f"name {provider} among the providers of the Datacenter {datacenter}, or use another"
        scope.report("place", message, entries["datacenter"].position, hint)


def _places_as_attributes(
    places: dict[str, str | None],
    entries: dict[str, Entry],
    read: AttributesRead,
    catalog: Catalog,
    kind: ResourceType,
    provider_type: str,
) -> None:
    """Where a provider has a place as an attribute too, that is what was written."""
    rules = catalog.attributes(kind.name, provider_type)
    for key, name in places.items():
        if key in rules and rules[key].settable:
            read.written[key] = entries[key].position
            if name is not None:
                read.values[key] = name


def _check_credentials(all_read: list[AttributesRead], around: Surroundings, scope: Scope) -> None:
    for read in all_read:
        for name, at in read.credentials:
            if name in around.logins:
                message = f"an endpoint logs in by the credential `{name}`; this source may put it nowhere"
                hint = "use another credential; or, if you trust whoever can change it, add --trust-inventory"
                scope.report("not_trusted", message, at, hint)
            elif name not in around.credentials:
                hint = scope.suggestion(name, around.credentials) or (
                    f"declare it: a manifest with kind: Credential and metadata: {{name: {name}}}"
                )
                scope.report("unknown_credential", f"there is no credential `{name}`", at, hint)


def _lifecycle(envelope: Envelope, kind: ResourceType, provider_type: str, catalog: Catalog) -> Lifecycle:
    form, node = envelope.lifecycle, envelope.lifecycle_node
    if node is None:
        return Lifecycle()
    offer = catalog.offer(kind.name, provider_type)
    if form.create_before_destroy and offer is not None and offer.unique_name:
        at = next(each.position for each in node.entries if each.key == "create_before_destroy")
        message = f"create_before_destroy cannot work: {provider_type} allows no two {kind.kind} of one name"
        envelope.scope.report(
            "create_before_destroy", message, at, "remove the line; it goes first, then comes anew"
        )
    return Lifecycle(
        prevent_destroy=form.prevent_destroy,
        on_remove=form.on_remove,
        ignore_changes=_ignored(envelope, node, kind, provider_type, catalog),
        allow_downtime=form.allow_downtime,
        replace=form.replace,
        create_before_destroy=form.create_before_destroy,
    )


def _ignored(
    envelope: Envelope, node: MappingNode, kind: ResourceType, provider_type: str, catalog: Catalog
) -> frozenset[str]:
    rules = catalog.attributes(kind.name, provider_type)
    short = short_names(rules)
    known = {
        *rules,
        *short,
        TAGS,
        *(part.collection or "" for part in catalog.parts_of(kind.name, provider_type)),
    }
    places = _item_places(node)
    for name in envelope.lifecycle.ignore_changes:
        if name not in known:
            hint = envelope.scope.suggestion(name, known)
            at = places.get(name, position(node))
            envelope.scope.report(
                "unknown_attribute", f"{kind.kind} has no attribute `{name}` to ignore", at, hint
            )
    return frozenset(short.get(name, name) for name in envelope.lifecycle.ignore_changes)


def _item_places(node: MappingNode) -> dict[str, Position]:
    listing = next((each.node for each in node.entries if each.key == "ignore_changes"), None)
    if not isinstance(listing, Sequence):
        return {}
    return {item.text: position(item) for item in listing.items if isinstance(item, Scalar)}

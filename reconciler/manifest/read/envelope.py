"""What every manifest has around its `spec`: version, kind, metadata, and for resources a lifecycle.

It knows the envelope only; what may stand in a `spec` is for the kind's own reader.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from reconciler.errors import Location
from reconciler.manifest.findings import Scope, listed, position
from reconciler.manifest.read.envelope_forms import LifecycleForm, MetadataForm
from reconciler.manifest.read.forms import read_form
from reconciler.manifest.yaml.nodes import Document, Entry, Mapping, Node, Position, Scalar, Sequence
from reconciler.model.address import Address, InvalidAddress, is_name
from reconciler.model.catalog import Catalog

API_VERSION = "reconciler/v1"
KEYS = ("apiVersion", "kind", "metadata", "spec", "lifecycle", "depends_on", "member_of")
RESOURCE_KEYS = ("lifecycle", "depends_on", "member_of")

INVENTORY_KINDS = {
    "ProviderType": "provider_type",
    "Provider": "provider",
    "ProviderEndpoint": "endpoint",
    "Credential": "credential",
    "Location": "location",
    "Datacenter": "datacenter",
    "RelationshipType": "relationship_type",
    "ResourceType": "resource_type",
    "AttributeDefinition": "attribute_definition",
}
"""Kinds that are no resources, and what their addresses begin with."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One address that a manifest names, and where."""

    target: Address
    at: Position


@dataclass(frozen=True, slots=True)
class Envelope:
    """One document with its envelope read."""

    kind: str
    address: Address
    tags: dict[str, str]
    tags_named: bool
    spec: Mapping
    lifecycle: LifecycleForm
    lifecycle_node: Mapping | None
    depends_on: tuple[Reference, ...]
    member_of: tuple[Reference, ...]
    origin: Location
    content_hash: bytes
    scope: Scope


def read_envelope(
    document: Document, catalog: Catalog, broken_kinds: frozenset[str], scope: Scope
) -> Envelope | None:
    """The envelope of a document; None where not even its kind and name are clear.

    `broken_kinds` are declared by the set in a way that has problems of its own, so that no more need
    be said of their resources.
    """
    entries = {entry.key: entry for entry in document.node.entries}
    _check_version(entries.get("apiVersion"), document, scope)
    kind = _kind(entries.get("kind"), document, catalog, broken_kinds, scope)
    metadata = _metadata(entries.get("metadata"), document, scope)
    _check_keys(document.node, kind, scope)
    if kind is None or metadata is None:
        return None
    kind_name, type_name = kind
    address = Address.of(type_name, metadata.name)
    scope.address = str(address)
    lifecycle, lifecycle_node = _lifecycle(entries.get("lifecycle"), scope)
    depends_on = _addresses(entries.get("depends_on"), scope)
    member_of = _addresses(entries.get("member_of"), scope)
    spec = _spec(entries.get("spec"), document, scope)
    if kind_name in INVENTORY_KINDS and metadata.tags:
        at = entries["metadata"].position
        scope.report("tags", f"a {kind_name} has no tags", at, "tags are for resources; use annotations")
    return Envelope(
        kind=kind_name,
        address=address,
        tags=metadata.tags or {},
        tags_named=metadata.tags is not None,
        spec=spec,
        lifecycle=lifecycle,
        lifecycle_node=lifecycle_node,
        depends_on=depends_on,
        member_of=member_of,
        origin=scope.where(position(document.node)),
        content_hash=bytes.fromhex(document.content_hash),
        scope=scope,
    )


def declared_address(document: Document, catalog: Catalog) -> Address | None:
    """The address of the resource that a document is about, whatever else is wrong with it."""
    kind = declared_kind(document)
    found = catalog.by_kind(kind) if kind is not None else None
    metadata = next((entry.node for entry in document.node.entries if entry.key == "metadata"), None)
    if found is None or not isinstance(metadata, Mapping):
        return None
    name = next((entry.node for entry in metadata.entries if entry.key == "name"), None)
    if not isinstance(name, Scalar) or not isinstance(name.value, str) or not is_name(name.value):
        return None
    return Address.of(found.name, name.value)


def declared_kind(document: Document) -> str | None:
    """The kind as written, for a first look at a document."""
    for entry in document.node.entries:
        if entry.key == "kind" and isinstance(entry.node, Scalar) and isinstance(entry.node.value, str):
            return entry.node.value
    return None


def _check_version(entry: Entry | None, document: Document, scope: Scope) -> None:
    if entry is None:
        scope.report(
            "required", "apiVersion is missing", position(document.node), f"add apiVersion: {API_VERSION}"
        )
    elif not isinstance(entry.node, Scalar) or entry.node.value != API_VERSION:
        message = "this version reads no such apiVersion"
        scope.report("api_version", message, position(entry.node), f"write apiVersion: {API_VERSION}")


def _kind(
    entry: Entry | None, document: Document, catalog: Catalog, broken_kinds: frozenset[str], scope: Scope
) -> tuple[str, str] | None:
    """The kind and its type's name in addresses."""
    if entry is None:
        scope.report(
            "required", "kind is missing", position(document.node), "add kind: such as VirtualMachine"
        )
        return None
    kind = entry.node.value if isinstance(entry.node, Scalar) else None
    at = position(entry.node)
    if not isinstance(kind, str):
        scope.report("type", "kind must be a text", at)
        return None
    if kind in INVENTORY_KINDS:
        return kind, INVENTORY_KINDS[kind]
    if kind in broken_kinds:
        return None
    found = catalog.by_kind(kind)
    if found is not None and not found.is_part:
        return kind, found.name
    if found is not None:
        parents = listed(catalog.resource_types[parent].kind for parent in found.parents)
        hint = f"list it in the spec of its {parents}, under {found.collection}"
        scope.report("part_kind", f"a {kind} is part of another resource", at, hint)
        return None
    names = [
        *INVENTORY_KINDS,
        *(t.kind for t in catalog.resource_types.values() if not t.is_part),
    ]
    near = scope.suggestion(kind, names)
    scope.report(
        "unknown_kind",
        f"there is no kind `{kind}`",
        at,
        near or f"known kinds: {', '.join(sorted(set(names)))}",
    )
    return None


def _metadata(entry: Entry | None, document: Document, scope: Scope) -> MetadataForm | None:
    if entry is None:
        scope.report("required", "metadata is missing", position(document.node), "add metadata: {name: …}")
        return None
    if not isinstance(entry.node, Mapping):
        scope.report("type", "metadata must be a mapping", entry.position, "write metadata: {name: …}")
        return None
    kept = tuple(_without_null_tags(each) for each in entry.node.entries if each.key != "annotations")
    metadata = read_form(MetadataForm, Mapping(kept, entry.node.line, entry.node.column), scope, "metadata")
    if metadata is not None and not is_name(metadata.name):
        at = next(position(each.node) for each in kept if each.key == "name")
        hint = "use 1 to 128 letters, digits and . _ + -, with a letter, digit or _ at both ends"
        message = f"`{metadata.name[:140]}` cannot be a name{_strange(metadata.name)}"
        scope.report("name", message, at, hint)
        return None
    return metadata


def _without_null_tags(entry: Entry) -> Entry:
    """`tags: null` says none, as `tags: {}` does."""
    if entry.key == "tags" and isinstance(entry.node, Scalar) and entry.node.value is None:
        return Entry(entry.key, entry.position, Mapping((), *position(entry.node)))
    return entry


def _strange(name: str) -> str:
    """Names the first sign that only looks like a letter, or does not look like anything."""
    sign = next((each for each in name if not each.isascii() or not each.isprintable()), None)
    if sign is None:
        return ""
    return f": it has U+{ord(sign):04X} ({unicodedata.name(sign, 'a control character')}) in it"


def _check_keys(node: Mapping, kind: tuple[str, str] | None, scope: Scope) -> None:
    for entry in node.entries:
        if entry.key not in KEYS:
            hint = scope.suggestion(entry.key, KEYS) or "attributes go into spec"
            scope.report(
                "unknown_key", f"`{entry.key}` is not known at the top of a manifest", entry.position, hint
            )
        elif kind is not None and kind[0] in INVENTORY_KINDS and entry.key in RESOURCE_KEYS:
            scope.report("unknown_key", f"a {kind[0]} has no {entry.key}", entry.position, "remove it")


def _spec(entry: Entry | None, document: Document, scope: Scope) -> Mapping:
    if entry is None:
        return Mapping((), document.node.line, document.node.column)
    if isinstance(entry.node, Mapping):
        return entry.node
    if not isinstance(entry.node, Scalar) or entry.node.value is not None:
        scope.report("type", "spec must be a mapping of attributes", entry.position)
    return Mapping((), *entry.position)


def _lifecycle(entry: Entry | None, scope: Scope) -> tuple[LifecycleForm, Mapping | None]:
    if entry is None:
        return LifecycleForm(), None
    if not isinstance(entry.node, Mapping):
        scope.report("type", "lifecycle must be a mapping", entry.position)
        return LifecycleForm(), None
    return read_form(LifecycleForm, entry.node, scope, "lifecycle") or LifecycleForm(), entry.node


def _addresses(entry: Entry | None, scope: Scope) -> tuple[Reference, ...]:
    if entry is None:
        return ()
    if not isinstance(entry.node, Sequence):
        scope.report("type", f"{entry.key} must be a list", entry.position, "write [type/name, …]")
        return ()
    found: list[Reference] = []
    for item in entry.node.items:
        reference = _address(item, entry.key, scope)
        if reference is not None:
            found.append(reference)
    return tuple(found)


def _address(node: Node, key: str, scope: Scope) -> Reference | None:
    text = node.value if isinstance(node, Scalar) else None
    if not isinstance(text, str):
        scope.report("type", f"{key} lists addresses", position(node), "write type/name, as in vm/web-1")
        return None
    try:
        return Reference(Address.parse(text), position(node))
    except InvalidAddress as error:
        scope.report("address", str(error), position(node))
        return None

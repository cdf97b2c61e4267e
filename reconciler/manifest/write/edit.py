"""One document from what it says to what it shall say, with nothing touched that says so already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, SequenceNode

from reconciler.manifest.read.names import short_names
from reconciler.manifest.write.document import as_document, as_part
from reconciler.manifest.write.splice import Splices, entry_of, keys_of
from reconciler.manifest.write.text import documents_text
from reconciler.model.catalog import Catalog, TypeAttribute
from reconciler.model.resource import Desired

_ABSENT = object()


def whole_document(wanted: Desired, catalog: Catalog) -> str:
    """A document written anew. Raises ValueError for a value that no manifest can have."""
    return documents_text([as_document(wanted, catalog)])


def edited(text: str, says: Desired, wanted: Desired, catalog: Catalog) -> str:
    """The document that `says` one thing, changed so that it says another.

    Raises ValueError where it cannot be changed in its places.
    """
    splices = Splices(text)
    root = splices.root()
    before: dict[str, Any] = as_document(says, catalog)
    after: dict[str, Any] = as_document(wanted, catalog)
    for key in ("metadata", "lifecycle"):
        _mapping(splices, root, key, before.get(key, {}), after.get(key, {}))
    for key in ("depends_on", "member_of"):
        _entry(splices, root, key, key, before.get(key), after.get(key))
    found = entry_of(root, "spec")
    if found is None or not isinstance(found[1], MappingNode):
        raise ValueError("there is no spec to change")
    collections = {
        catalog.resource_types[name].collection or name: name
        for name in says.collections | wanted.collections
    }
    rules = catalog.attributes(says.type, says.provider_type)
    one = {name: value for name, value in before["spec"].items() if name not in collections}
    two = {name: value for name, value in after["spec"].items() if name not in collections}
    _attributes(splices, found[1], one, two, rules)
    for collection, part_type in sorted(collections.items()):
        _parts(splices, found[1], collection, part_type, says, wanted, catalog)
    return splices.applied()


def _mapping(
    splices: Splices, root: MappingNode, key: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """A mapping of fixed keys, its tags key by key."""
    if before == after:
        return
    found = entry_of(root, key)
    if found is None or not isinstance(found[1], MappingNode) or not found[1].value:
        splices.set(root, key, key, dict(after))
        return
    if not after:
        splices.remove(root, key)
        return
    for name in dict.fromkeys((*before, *after)):
        one, two = before.get(name), after.get(name)
        inner = entry_of(found[1], name)
        if isinstance(one, dict) and isinstance(two, dict) and one and two and inner is not None:
            _mapping(splices, found[1], name, one, two)
        else:
            _entry(splices, found[1], name, name, one, two)


def _entry(splices: Splices, mapping: MappingNode, key: str, name: str, before: Any, after: Any) -> None:
    if before == after:
        return
    if after is None:
        if entry_of(mapping, key) is not None:
            splices.remove(mapping, key)
    else:
        splices.set(mapping, key, name, after)


def _attributes(
    splices: Splices,
    mapping: MappingNode,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    rules: Mapping[str, TypeAttribute],
) -> None:
    """Attributes by their names, however they are spelt there."""
    full = short_names(rules)
    there = {full.get(key, key): key for key in keys_of(mapping)}
    for name in dict.fromkeys((*before, *after)):
        if before.get(name, _ABSENT) == after.get(name, _ABSENT):
            continue
        key = there.get(full.get(name, name), name)
        if name in after:
            splices.set(mapping, key, name, after[name])
        elif entry_of(mapping, key) is not None:
            splices.remove(mapping, key)


def _parts(
    splices: Splices,
    spec: MappingNode,
    collection: str,
    part_type: str,
    says: Desired,
    wanted: Desired,
    catalog: Catalog,
) -> None:
    """The parts of one type: those that are in both are changed in their place."""
    if part_type not in wanted.collections:
        splices.remove(spec, collection)
        return
    before = [part for part in says.parts if part.type == part_type]
    after = {part.address: part for part in wanted.parts if part.type == part_type}
    listed = {part.address: part for part in before}
    found = entry_of(spec, collection)
    node = found[1] if found else None
    if not isinstance(node, SequenceNode) or len(node.value) != len(before) or not (before and after):
        if listed != after or part_type not in says.collections:
            items = [as_part(part, catalog) for part in after.values()]
            splices.set(spec, collection, collection, items)
        return
    if not listed.keys() & after.keys():
        splices.set(spec, collection, collection, [as_part(part, catalog) for part in after.values()])
        return
    for index, (part, item) in enumerate(zip(before, node.value, strict=True)):
        new = after.get(part.address)
        if new is None:
            splices.remove_item(node, index)
        elif isinstance(item, MappingNode):
            rules = catalog.attributes(part_type, part.provider_type)
            _attributes(splices, item, as_part(part, catalog), as_part(new, catalog), rules)
    for address, part in after.items():
        if address not in listed:
            splices.add_item(node, as_part(part, catalog))

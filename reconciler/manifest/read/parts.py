"""Reads the parts that are written inline in their parent: disks, subnets, firewall rules.

Each becomes a resource of its own with an address below its parent's. The name in that address is the one
given, or made of what tells the part from its siblings, so that it stays the same when the list is sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Lookup
from dataclasses import dataclass

from reconciler.manifest.findings import Scope, position
from reconciler.manifest.read.attributes import AttributesRead, complete, read_attributes
from reconciler.manifest.yaml.nodes import Entry, Mapping, Node, Position, Scalar, Sequence
from reconciler.model.address import Address, as_name, is_name
from reconciler.model.catalog import Catalog, ResourceType, TypeAttribute
from reconciler.model.resource import Desired
from reconciler.model.values import Cardinality, DataType, Format, Value, digest, encode

_LONGEST_READABLE = 40
Rules = Lookup[str, TypeAttribute]


@dataclass(frozen=True, slots=True)
class PartRead:
    """A part with what it refers to and where it stands."""

    desired: Desired
    attributes: AttributesRead
    at: Position


@dataclass(frozen=True, slots=True)
class Parent:
    """What a part takes over from the resource that it is in."""

    address: Address
    provider_type: str
    endpoint: str


def read_parts(
    kind: ResourceType, entry: Entry, parent: Parent, catalog: Catalog, scope: Scope
) -> tuple[PartRead, ...]:
    """All parts of one type, from the list under its collection's name."""
    if not isinstance(entry.node, Sequence):
        message = f"{entry.key} is a list of mappings"
        scope.report("type", message, entry.position, f"write [] for no {entry.key}")
        return ()
    found: list[PartRead] = []
    keys: dict[tuple[str, ...], Position] = {}
    names: dict[Address, Position] = {}
    for node in entry.node.items:
        part = _part(kind, node, parent, catalog, scope)
        if part is None:
            continue
        key = _key(kind, part.desired, catalog)
        address = part.desired.address
        earlier = keys.get(key) or names.get(address)
        if earlier is not None:
            what = _told_apart(kind, part.desired) if key in keys else f"the name {address.name}"
            message = (
                f"{kind.kind} with {what} is there twice, first at line {earlier[0]}, column {earlier[1]}"
            )
            scope.report("duplicate_part", message, part.at, "remove or change one of them")
            continue
        keys[key] = names[address] = part.at
        found.append(part)
    return tuple(found)


def _part(kind: ResourceType, node: Node, parent: Parent, catalog: Catalog, scope: Scope) -> PartRead | None:
    if not isinstance(node, Mapping):
        scope.report("type", f"each of {kind.collection} is a mapping of attributes", position(node))
        return None
    provider_type = parent.provider_type
    rules = catalog.attributes(kind.name, provider_type)
    named = next((each for each in node.entries if each.key == "name" and "name" not in rules), None)
    before = scope.findings.count
    entries = (each for each in node.entries if each is not named)
    read = read_attributes(entries, kind.name, provider_type, catalog, scope, also_known=("name",))
    complete(read, kind.name, provider_type, catalog, position(node), scope)
    for key in kind.key_attributes:
        if key not in read.values and key not in read.written and not rules[key].required:
            message = f"{key} is missing; it tells one {kind.kind} from another"
            scope.report("required", message, position(node))
    name = _given_name(named, scope) if named else own_name(kind, read.values, rules)
    if name is None or scope.findings.count > before:
        return None
    desired = Desired(
        address=parent.address.part(kind.name, name),
        type=kind.name,
        provider_type=provider_type,
        endpoint=parent.endpoint,
        attributes=read.values,
        explicit=read.explicit,
        unset=frozenset(read.unset),
        origin=scope.where(position(node)),
    )
    return PartRead(desired, read, position(node))


def _given_name(entry: Entry, scope: Scope) -> str | None:
    text = entry.node.value if isinstance(entry.node, Scalar) else None
    if isinstance(text, str) and is_name(text):
        return text
    scope.report("name", "this cannot be a name", entry.position, "use letters, digits and . _ + -")
    return None


def own_name(kind: ResourceType, values: Lookup[str, Value], rules: Rules) -> str:
    """A part's name where none is given: of its key, or readable words and a hash of its whole content."""
    if kind.key_attributes:
        return as_name("-".join(_words(values[k], rules[k]) for k in kind.key_attributes if k in values))
    content = [f"{name}={encode(values[name])}" for name in sorted(values) if rules[name].compared]
    words = [*_readable(values, rules), digest(content).hex()[:8]]
    return as_name("-".join(words))


def _readable(values: Lookup[str, Value], rules: Rules) -> Iterator[str]:
    """The values a person would call it by: single ones from a closed vocabulary or of a fixed form."""
    length = 0
    for name in sorted(values, key=lambda each: (not rules[each].required, each)):
        definition = rules[name].definition
        closed = rules[name].allowed_values or rules[name].pattern or definition.data_type is DataType.INTEGER
        if not closed or definition.cardinality is not Cardinality.ONE:
            continue
        word = _words(values[name], rules[name])
        length += len(word)
        if length <= _LONGEST_READABLE:
            yield word


def _words(value: Value, rule: TypeAttribute) -> str:
    if isinstance(value, tuple):
        return "-".join(_words(item, rule) for item in value if not isinstance(item, tuple))
    if rule.definition.format is Format.REFERENCE:
        return str(value).rpartition("/")[2]
    return str(value)


def _key(kind: ResourceType, part: Desired, catalog: Catalog) -> tuple[str, ...]:
    """What must differ between siblings: the key attributes, or else all that is compared."""
    rules = catalog.attributes(kind.name, part.provider_type)
    names = kind.key_attributes or sorted(name for name, rule in rules.items() if rule.compared)
    return tuple(encode(part.attributes[name]) if name in part.attributes else "" for name in names)


def _told_apart(kind: ResourceType, part: Desired) -> str:
    if not kind.key_attributes:
        return "the same content"
    return ", ".join(f"{name} {part.attributes.get(name, '')}" for name in kind.key_attributes)

"""The catalog: which attributes a resource type has on which provider, and how each can change.

It is data: drivers ship it, users add to it, the database holds it, and everything that validates, plans
or documents reads it from here. A fact about an attribute is written once, in a catalog file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from reconciler.model.values import Cardinality, DataType, Format, Scalar, Value, dns_name

OWN_NAME = "${name}"
"""A default that stands for the name that the resource has in its manifest."""


class Mutability(StrEnum):
    """How an attribute of an existing object can change.

    `needs_stop`: accepted only, or taking effect only, while the machine is off. `create_only`: given at
    creation, never compared afterwards. `write_only`: never returned, so compared by what was last written.
    """

    IN_PLACE = "in_place"
    NEEDS_STOP = "needs_stop"
    REPLACE = "replace"
    CREATE_ONLY = "create_only"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"


class Identity(StrEnum):
    """How an object of ours is found again after a call whose answer was lost (docs/safety.md, property 1).

    `name`: names are unique at the provider and the object carries our mark. `reserved_id`: the id is
    allocated in our database before the call. `key`: there is one object of a key, which is its external
    id. The mark is in a field that people edit, or there is no room for one: what is ours is what the
    database says was made or taken over, unless another mark is on it; a mark that got lost is written
    again. `parent`: a part, found through what contains it. `none`: neither; such an object is created at
    most once, and doubt stops and says so.
    """

    NAME = "name"
    RESERVED_ID = "reserved_id"
    KEY = "key"
    PARENT = "parent"
    NONE = "none"


MARKED = frozenset({Identity.NAME, Identity.RESERVED_ID, Identity.KEY})
"""The identities of objects that carry our mark."""
BY_NAME = frozenset({Identity.NAME, Identity.KEY})
"""The identities of objects that are looked for in the list of their type, by the mark."""


class Family(StrEnum):
    """Which states a type passes through: a `machine` runs and stops, an `object` is just there."""

    MACHINE = "machine"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class RelationshipType:
    """A way in which one resource relates to another, such as `attached_to`."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """One attribute's name and meaning, the same wherever it appears.

    `bookkeeping` says that its changes tell people nothing that others do not, as a digest's.
    `reference_types` are the resource types a reference may point at; `relationship` is the relationship
    type it makes, with the target as its parent: the parent is what is depended on, contains, hosts or is
    joined.
    """

    name: str
    data_type: DataType
    cardinality: Cardinality = Cardinality.ONE
    format: Format = Format.PLAIN
    unit: str | None = None
    display_name: str = ""
    description: str = ""
    secret: bool = False
    reference_types: tuple[str, ...] = ()
    relationship: str | None = None
    bookkeeping: bool = False


@dataclass(frozen=True, slots=True)
class TypeAttribute:
    """One attribute of one resource type on one provider type: the rules that hold there.

    `default` is enforced where a manifest says nothing; see `default_for`. `clear_when_unset`: where a
    manifest says nothing, the attribute shall have no value: of parts that are known by their whole content,
    and of faults. Otherwise what is not written is left as it is, or taken off where the manifest that was
    applied last gave it. `grow_only`: a smaller value is refused when planning. `also` names a read-only
    attribute that says the same thing in other words (an image's number beside its name): a wanted value
    that is either of the two is met. `unique`: no two objects of the type may have one value at an endpoint,
    or, `unique_within`, no two of one value of that attribute.
    `unset` says what a manifest's `null` (or empty text) does, in words for people ("the provider's own
    name comes back"); empty: the provider cannot take the attribute off, and `null` is an error. An unset
    attribute is in `Desired.unset`, an `AttributeChange` that unsets it has `after=None`, and the driver
    then observes no value (not the provider's own). `null` of a set or list is the empty one, for which no
    rule is needed.
    """

    definition: AttributeDefinition
    resource_type: str
    provider_type: str
    mutability: Mutability
    required: bool = False
    default: Value | None = None
    clear_when_unset: bool = False
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    allowed_values: tuple[Scalar, ...] = ()
    grow_only: bool = False
    also: str | None = None
    unique: bool = False
    unique_within: str | None = None
    unset: str = ""

    @property
    def name(self) -> str:
        """The attribute's name, `memory_mb`, as its definition has it."""
        return self.definition.name

    def default_for(self, name: str) -> Value | None:
        """The default in a resource of this name."""
        if self.default != OWN_NAME:
            return self.default
        return dns_name(name) if self.definition.format is Format.HOSTNAME else name

    @property
    def can_unset(self) -> bool:
        """Whether a manifest may say that there shall be no value."""
        if self.required or not self.settable:
            return False
        many = self.definition.cardinality is not Cardinality.ONE
        return bool(self.unset) or many or self.clear_when_unset or not self.compared

    @property
    def settable(self) -> bool:
        """Whether a manifest may give it."""
        return self.mutability is not Mutability.READ_ONLY

    @property
    def compared(self) -> bool:
        """Whether a difference to what is recorded is a change to make.

        What nobody can set and is cleared where it is unset is a fault that the driver saw and mends.
        """
        if self.mutability is Mutability.READ_ONLY:
            return self.clear_when_unset
        return self.mutability is not Mutability.CREATE_ONLY


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One kind of thing. `kind` is its name in a manifest (`VirtualMachine`), `name` in an address (`vm`).

    A part (`parents` not empty) is written in its parent under `collection` and is told from its siblings
    by `key_attributes` (a disk by its slot); with no key attributes, by its whole content.
    `holds_data`: losing it loses what people stored, so it is destroyed only by manifest or approval.
    """

    name: str
    kind: str
    family: Family = Family.OBJECT
    parents: tuple[str, ...] = ()
    collection: str | None = None
    key_attributes: tuple[str, ...] = ()
    holds_data: bool = False
    display_name: str = ""
    description: str = ""

    @property
    def is_part(self) -> bool:
        """Whether such a resource stands in its parent's manifest and has none of its own."""
        return bool(self.parents)


@dataclass(frozen=True, slots=True)
class ProviderResourceType:
    """That a provider type offers a resource type, and how an object's identity survives a crash there.

    `tags`: whether the provider stores tags on it; where not, tags live in our database only.
    """

    provider_type: str
    resource_type: str
    identity: Identity
    unique_name: bool = False
    tags: bool = True


@dataclass(frozen=True, slots=True)
class ProviderTypeInfo:
    """A provider type as the catalog names it. `settings` are the endpoint settings its driver reads."""

    name: str
    display_name: str = ""
    description: str = ""
    settings: tuple[AttributeDefinition, ...] = ()


@dataclass(frozen=True)
class Catalog:
    """The whole catalog, with the look-ups that validation and planning need. Immutable."""

    provider_types: Mapping[str, ProviderTypeInfo] = field(default_factory=dict)
    resource_types: Mapping[str, ResourceType] = field(default_factory=dict)
    definitions: Mapping[str, AttributeDefinition] = field(default_factory=dict)
    relationship_types: Mapping[str, RelationshipType] = field(default_factory=dict)
    offers: Mapping[tuple[str, str], ProviderResourceType] = field(default_factory=dict)
    rules: Mapping[tuple[str, str], Mapping[str, TypeAttribute]] = field(default_factory=dict)

    def attributes(self, resource_type: str, provider_type: str) -> Mapping[str, TypeAttribute]:
        """The attributes of a resource type on a provider type, by name; empty if it is not offered."""
        return self.rules.get((resource_type, provider_type), {})

    def offer(self, resource_type: str, provider_type: str) -> ProviderResourceType | None:
        """How a provider type has a resource type; None where it does not offer it."""
        return self.offers.get((resource_type, provider_type))

    def root_types(self, provider_type: str) -> frozenset[str]:
        """The resource types that a provider type offers by themselves, not as parts."""
        return frozenset(
            name
            for name, offered in self.offers
            if offered == provider_type and not self.resource_types[name].is_part
        )

    def by_kind(self, kind: str) -> ResourceType | None:
        """The resource type that manifests call so (`VirtualMachine`); None for an unknown kind."""
        return self._kinds.get(kind)

    def parts_of(self, resource_type: str, provider_type: str) -> tuple[ResourceType, ...]:
        """The part types that this type may contain on this provider type, by name."""
        return tuple(
            part for part in self._parts.get(resource_type, ()) if (part.name, provider_type) in self.offers
        )

    @cached_property
    def _kinds(self) -> dict[str, ResourceType]:
        return {item.kind: item for item in self.resource_types.values()}

    @cached_property
    def _parts(self) -> dict[str, tuple[ResourceType, ...]]:
        found: dict[str, list[ResourceType]] = {}
        for item in sorted(self.resource_types.values(), key=lambda each: each.name):
            for parent in item.parents:
                found.setdefault(parent, []).append(item)
        return {parent: tuple(items) for parent, items in found.items()}


def index_rules(rules: Iterable[TypeAttribute]) -> dict[tuple[str, str], dict[str, TypeAttribute]]:
    """Rules grouped as `Catalog.rules` wants them."""
    grouped: dict[tuple[str, str], dict[str, TypeAttribute]] = {}
    for rule in rules:
        grouped.setdefault((rule.resource_type, rule.provider_type), {})[rule.name] = rule
    return grouped

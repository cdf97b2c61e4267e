"""A resource from three sides: desired (a revision), observed (a provider), recorded (the database)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.model.values import Attributes, digest, encode


class OnRemove(StrEnum):
    """What happens when a resource leaves the manifests."""

    DELETE = "delete"
    RETAIN = "retain"  # forget it, leave the object alone
    BLOCK = "block"  # refuse until a person decides


class ReplacePolicy(StrEnum):
    """Whether a change that is not possible in place may have the object made anew."""

    NEVER = "never"
    ALLOWED = "allowed"


class Management(StrEnum):
    """Whose an object is. Only `managed` ones are ever changed."""

    MANAGED = "managed"
    UNMANAGED = "unmanaged"
    QUARANTINED = "quarantined"  # carries our mark in a way that cannot be decided; a person must look


class Presence(StrEnum):
    """What the last observation says. `unknown` is not `absent`: nothing follows from it."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A manifest's `lifecycle`. `on_remove=None`: delete, after an approval where the type holds data."""

    prevent_destroy: bool = False
    on_remove: OnRemove | None = None
    ignore_changes: frozenset[str] = frozenset()
    allow_downtime: bool = False
    replace: ReplacePolicy = ReplacePolicy.NEVER
    create_before_destroy: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What we write on an object to know it again: the installation, the resource, the operation."""

    owner: UUID
    resource: UUID
    operation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """One resource as a revision wants it; its parts inline.

    `attributes` are canonical and hold the catalog's defaults; `explicit` names those a person wrote.
    `collections` are the part types that the manifest lists, so that parts not listed are to go; parts
    of other types are left alone. What the manifest does not name is left as it is; that there shall be
    none of it is said by an empty set or list among the `attributes`, by the names in `unset` (an attribute
    of one value), and, of tags, by `tags_named` with no tags. References are addresses. `adopt` is
    the external id of an existing object to take over.
    """

    address: Address
    type: str
    provider_type: str
    endpoint: str
    attributes: Attributes
    explicit: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    parts: tuple[Desired, ...] = ()
    collections: frozenset[str] = frozenset()
    depends_on: tuple[Address, ...] = ()
    member_of: tuple[Address, ...] = ()
    location: str | None = None
    datacenter: str | None = None
    adopt: str | None = None
    unset: frozenset[str] = frozenset()
    tags_named: bool = False
    origin: Location | None = None

    @property
    def names_tags(self) -> bool:
        """Whether the manifest says which tags there shall be, be it none."""
        return self.tags_named or bool(self.tags)

    def content(self) -> Iterator[str]:
        """The texts that make up its canonical hash, everything but where it was written."""
        yield str(self.address)
        yield self.endpoint
        for name in sorted(self.attributes):
            yield f"a:{name}={encode(self.attributes[name])}"
        for key in sorted(self.tags):
            yield f"t:{encode(key)}={encode(self.tags[key])}"
        yield f"u:{sorted(self.unset)},{self.names_tags}"
        life = self.lifecycle
        yield f"l:{life.prevent_destroy},{life.on_remove},{life.allow_downtime},{life.replace}"
        yield f"i:{life.create_before_destroy},{sorted(life.ignore_changes)}"
        yield f"c:{sorted(self.collections)}"
        yield f"d:{sorted(map(str, self.depends_on))}"
        yield f"m:{sorted(map(str, self.member_of))}"
        yield f"p:{self.location},{self.datacenter},{self.adopt}"
        for part in sorted(self.parts, key=lambda each: each.address):
            yield from part.content()

    def hash(self) -> bytes:
        """The canonical SHA-256 of the specification: equal exactly where nothing that matters differs."""
        return digest(self.content())


@dataclass(frozen=True, slots=True)
class Observed:
    """One object as a provider answered, in canonical values; references as `ExternalRef`.

    For a part, `name` is its natural key (a slot, a range) and `external_id` is empty where it has none;
    where it has one (a volume), it is the same part wherever it went. `detached` are such parts that hang on
    nothing now; each counts only where it was known as attached.
    `state` is one of the resource type's states (`running`, `stopped`, `available` …); what a provider does
    not say the state of is unseen. `pending` names
    attributes whose new value waits for a restart; `busy` says that the provider is at work on it.
    `markable`: whether the object has room for our mark; where it has, one without it is doubted.
    """

    type: str
    external_id: str
    name: str
    state: str
    attributes: Attributes
    tags: Mapping[str, str] = field(default_factory=dict)
    mark: Mark | None = None
    parts: tuple[Observed, ...] = ()
    pending: frozenset[str] = frozenset()
    busy: bool = False
    detached: tuple[Observed, ...] = ()
    markable: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """One resource as the database holds it. `uid` is its identity, in the mark and for ever.

    `attributes` hold what was observed, and for write-only ones what was last written. `version` counts
    every change of the row or of what hangs on it; a plan pins it. `applied_desired_hash` is the desired
    hash that was last applied or found to agree: a difference while it still holds is drift.
    `owes_start`: an operation of ours stopped the machine and came to no end that started it again.
    `presence_reason`: why an object that was seen cannot be recorded, which makes its presence unknown.
    `busy`: an operation on it has not come to an end, so that what is recorded may be half of the truth.
    """

    id: int
    uid: UUID
    address: Address
    type: str
    provider_type: str
    endpoint: str
    state: str
    external_id: str | None
    attributes: Attributes
    tags: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Recorded, ...] = ()
    management: Management = Management.MANAGED
    presence: Presence = Presence.PRESENT
    presence_reason: str | None = None
    lifecycle: Lifecycle = Lifecycle()
    depends_on: tuple[Address, ...] = ()
    member_of: tuple[Address, ...] = ()
    pending: frozenset[str] = frozenset()
    version: int = 0
    recorded_hash: bytes | None = None
    applied_desired_hash: bytes | None = None
    source: str | None = None
    owes_start: bool = False
    busy: bool = False

    @property
    def exists(self) -> bool:
        """Whether there is, as far as is known, an object at the provider."""
        return self.external_id is not None and self.presence is not Presence.ABSENT

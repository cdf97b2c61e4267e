"""A project's resources, and the numbers and addresses that all projects draw from.

Records are plain dictionaries; a key with a leading underscore is internal and never part of an answer.
What one record says about another is kept in one place only (a volume knows its server), with an internal
index on the other side where a list must be quick.
"""

from __future__ import annotations

import ipaddress
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from reconciler.sim.hetzner.actions import Resource, Timeline
from reconciler.sim.hetzner.catalogue import NOUNS, Catalogue
from reconciler.sim.hetzner.problems import ApiError, not_found, not_unique

Json = dict[str, Any]

# A range set aside for benchmarks and one for documentation: no simulated address is anybody's.
_IPV4_POOL = ipaddress.IPv4Network("198.18.0.0/15")
_IPV6_POOL = ipaddress.IPv6Network("2001:db8::/32")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: `name` is its collection, `noun` what actions and messages call one member of it.

    An action that runs on one locks it (`locks`), or the next one conflicts.
    """

    name: str
    noun: str
    locks: bool = False


class Numbers:
    """Ids, addresses and passwords: the same sequence for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - reproducible on purpose; guards nothing
        self._last_id = 1_000_000 + self._random.randrange(1_000_000)
        self._last_ipv4 = 0
        self._last_ipv6 = 0
        self._last_mac = self._random.randrange(0x100000)

    def id(self) -> int:
        """The next id, for any kind in any project: 1 to 9 above the last, so none comes twice."""
        self._last_id += self._random.randint(1, 9)
        return self._last_id

    def address(self, kind: str) -> str:
        """A public address: an `ipv4` one, or an `ipv6` /64 network."""
        if kind == "ipv4":
            self._last_ipv4 += 1
            if self._last_ipv4 >= _IPV4_POOL.num_addresses:
                raise ApiError("resource_unavailable", "no more IPv4 addresses")
            return str(_IPV4_POOL[self._last_ipv4])
        self._last_ipv6 += 1
        network = ipaddress.IPv6Address(int(_IPV6_POOL.network_address) + (self._last_ipv6 << 64))
        return f"{network}/64"

    def mac(self) -> str:
        """The next MAC address; it begins with `86:00`, as that of the API's examples does."""
        self._last_mac += 1
        return "86:00:" + ":".join(f"{byte:02x}" for byte in self._last_mac.to_bytes(4, "big"))

    def password(self) -> str:
        """A root or console password: 20 letters and digits, without those that look alike."""
        return "".join(self._random.choices("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=20))


class Table:
    """One collection, by id in the order of creation, and by name where names are unique.

    `noted` is the kind's own: some ids that it wants at hand.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.noted: set[int] = set()
        self.rows: dict[int, Json] = {}
        self.names: dict[str, int] = {}

    def claim(self, name: str | None, *, by: int | None = None) -> None:
        """Raise uniqueness_error where another record has the name."""
        if name is not None and self.names.get(name, by) != by:
            raise not_unique("name", f"{self.kind.noun} name is already used")

    def add(self, row: Json) -> Json:
        """Keep a record and its name, if it has one; raise uniqueness_error where that is taken."""
        name = row["name"]
        self.claim(name)
        self.rows[row["id"]] = row
        if name is not None:
            self.names[name] = row["id"]
        return row

    def rename(self, row: Json, name: str) -> None:
        """Give a record a name; raise uniqueness_error where another record has it."""
        self.claim(name, by=row["id"])
        if row["name"] is not None:
            self.names.pop(row["name"], None)
        row["name"] = name
        self.names[name] = row["id"]

    def get(self, number: int) -> Json:
        """The record with an id; raises `ApiError` (not_found) where there is none."""
        row = self.rows.get(number)
        if row is None:
            raise not_found(self.kind.noun, number)
        return row

    def find(self, reference: int | str) -> Json | None:
        """By id (a number or its digits) or by name."""
        if isinstance(reference, int):
            return self.rows.get(reference)
        if reference.isdecimal() and int(reference) in self.rows:
            return self.rows[int(reference)]
        number = self.names.get(reference)
        return None if number is None else self.rows[number]

    def remove(self, number: int) -> None:
        """Forget a record, if it is there; what it hangs on is left to the caller."""
        row = self.rows.pop(number, None)
        if row is not None and row["name"] is not None:
            self.names.pop(row["name"], None)


class Project:
    """What one API token can see. `nouns`, by collection: what a member of it is called."""

    def __init__(
        self, numbers: Numbers, catalogue: Catalogue, action_seconds: float, kinds: Sequence[Kind]
    ) -> None:
        self.numbers = numbers
        self.catalogue = catalogue
        self.timeline = Timeline(action_seconds)
        self.kinds = kinds
        self.tables = {kind.name: Table(kind) for kind in kinds}
        self.nouns = NOUNS | {kind.name: kind.noun for kind in kinds}

    def __getitem__(self, kind: str) -> Table:
        return self.tables[kind]

    def locked(self, kind: str, number: int) -> bool:
        """Whether an action holds the resource; `kind` is the noun, as in an action's resources."""
        return self.timeline.locked((kind, number))

    def require_free(self, resources: Iterable[Resource]) -> None:
        """Refuse where an action runs on one of them."""
        locking = {kind.noun for kind in self.kinds if kind.locks}
        for kind, number in resources:
            if self.timeline.locked((kind, number)):
                if kind in locking:
                    raise ApiError("locked", f"the {kind} is locked: an action is running on it")
                raise ApiError("conflict", f"the {kind} is being changed, please retry")

    def find(self, kind: str, reference: int | str) -> Json | None:
        """A record of the project or the catalogue by id or name."""
        if kind in self.tables:
            return self.tables[kind].find(reference)
        return self.catalogue.find(kind, reference)

    def named(self, kind: str, reference: Any) -> Json:
        """Likewise; raises ValueError where there is none."""
        if kind not in self.nouns:
            raise ValueError(f"unknown type {kind!r}; known: {', '.join(sorted(self.nouns))}")
        row = self.find(kind, reference) if reference is not None else None
        if row is None:
            raise ValueError(f"no {self.nouns[kind]} {reference!r}")
        return row

    def frozen(self) -> Project:
        """A copy of the resources as they are now, for reads that are behind."""
        copy = Project(self.numbers, self.catalogue, self.timeline.action_seconds, self.kinds)
        copy.tables = pickle.loads(pickle.dumps(self.tables))  # noqa: S301 - our own bytes, a fast deep copy
        copy.timeline = Timeline(
            self.timeline.action_seconds,
            actions=self.timeline.actions,
            by_resource=self.timeline.by_resource,
            locks={lock: set(holders) for lock, holders in self.timeline.locks.items()},
        )
        return copy

"""The inventory: who is talked to, with which credential, where places are; and the steps that change it.

These are what manifests declare and the database holds, in one form. Steps are done together with the
revision that declares them. What would send a credential to a host that it was not given for waits for a
person, like a step that needs an approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from reconciler import errors
from reconciler.model.values import Scalar, digest

EXPIRES_SOON = timedelta(days=30)
"""From so long before a credential expires, whoever plans is told."""
DriftPolicy = Literal["heal", "report"]


class InventoryKind(StrEnum):
    """What an inventory step is about, in the order in which one rests on the other."""

    LOCATION = "location"
    CREDENTIAL = "credential"
    PROVIDER = "provider"
    DATACENTER = "datacenter"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the world: degrees north and east, a two-letter ISO 3166 code, an IANA time zone."""

    name: str
    display_name: str = ""
    country_code: str | None = None
    city: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    time_zone: str | None = None
    origin: errors.Location | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a secret is found, never the secret: a variable's name, or a file's absolute path.

    Neither means the database's vault. `expires_at`: when it is to be replaced, None where nobody said so.
    """

    name: str
    environment: str | None = None
    file: str | None = None
    expires_at: datetime | None = None
    origin: errors.Location | None = field(default=None, compare=False, repr=False)

    @property
    def stored(self) -> bool:
        """Whether the secret is in the vault."""
        return self.environment is None and self.file is None


@dataclass(frozen=True, slots=True)
class Provider:
    """One account, project or cluster of a provider type."""

    name: str
    provider_type: str
    display_name: str = ""
    description: str = ""
    origin: errors.Location | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Datacenter:
    """A building at a location, what it can do, and the names of the providers that are in it, in order."""

    name: str
    location: str
    display_name: str = ""
    description: str = ""
    time_zone: str | None = None
    capabilities: Mapping[str, Scalar] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    origin: errors.Location | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached. `url` is empty where nothing is; `credential` is a name.

    `ca_file` is absolute. `request_limit_per_hour` is a budget of one's own, below the provider's; None for
    the provider's. `settings` are those that the provider type's driver reads.
    """

    name: str
    provider: str
    provider_type: str
    url: str = ""
    ca_file: str | None = None
    credential: str | None = None
    drift_policy: DriftPolicy = "heal"
    request_limit_per_hour: int | None = None
    display_name: str = ""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    origin: errors.Location | None = field(default=None, compare=False, repr=False)


def expiry_note(credential: str, at: datetime, now: datetime) -> str | None:
    """What to say of a credential that expires at a time; None as long as that is far.

    It names the day and no number of days, so that it is the same from one plan to the next.
    """
    if at - now >= EXPIRES_SOON:
        return None
    verb = "expired" if at <= now else "expires"
    return f"credential {credential} {verb} on {at.astimezone(UTC):%Y-%m-%d}: it is to be replaced"


InventoryItem = Location | Credential | Provider | Datacenter | Endpoint

_KINDS: Mapping[type, InventoryKind] = {
    Location: InventoryKind.LOCATION,
    Credential: InventoryKind.CREDENTIAL,
    Provider: InventoryKind.PROVIDER,
    Datacenter: InventoryKind.DATACENTER,
    Endpoint: InventoryKind.ENDPOINT,
}


def kind_of(item: InventoryItem) -> InventoryKind:
    """Which kind of the inventory's an item is."""
    return _KINDS[type(item)]


def described(item: InventoryItem) -> Mapping[str, Scalar]:
    """The single fields that have a value, by the names that manifests use; a mapping's as `settings.NAME`.

    A display name that is but the name is none. A datacenter's providers are a set, so they are not here.
    """
    found: dict[str, Scalar | None]
    match item:
        case Location():
            found = {
                "country_code": item.country_code,
                "city": item.city,
                "latitude": item.latitude,
                "longitude": item.longitude,
                "time_zone": item.time_zone,
            }
        case Credential():
            found = {
                "environment": item.environment,
                "file": item.file,
                "stored": item.stored or None,
                "expires": item.expires_at,
            }
        case Provider():
            found = {"type": item.provider_type, "description": item.description}
        case Datacenter():
            found = {
                "location": item.location,
                "description": item.description,
                "time_zone": item.time_zone,
                **{f"capabilities.{name}": value for name, value in sorted(item.capabilities.items())},
            }
        case Endpoint():
            found = {
                "provider": item.provider,
                "url": item.url,
                "credential": item.credential,
                "ca_file": item.ca_file,
                "drift": item.drift_policy,
                "rate_limit_per_hour": item.request_limit_per_hour,
                **{f"settings.{name}": value for name, value in sorted(item.settings.items())},
            }
    if not isinstance(item, Credential) and item.display_name != item.name:
        found["display_name"] = item.display_name
    return {name: value for name, value in found.items() if value is not None and value != ""}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's change; None where there is, or shall be, no value. A setting is `settings.NAME`.

    Of a set each element is a change of its own: `host` is a host that a credential is given for.
    """

    name: str
    before: Scalar | None
    after: Scalar | None


@dataclass(frozen=True, slots=True)
class InventoryStep:
    """A change of one object of the inventory. `is_new`: there is none of that name yet.

    `approvals` say why a person must approve it beforehand; empty for ordinary ones.
    """

    kind: InventoryKind
    name: str
    changes: tuple[FieldChange, ...]
    is_new: bool = False
    approvals: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.name}"

    @property
    def key(self) -> tuple[int, str]:
        """Orders the steps of a plan."""
        return list(InventoryKind).index(self.kind), self.name

    def content(self) -> str:
        """All that the step says, as the text that its hash covers."""
        changes = [f"{each.name!r}: {each.before!r} -> {each.after!r}" for each in self.changes]
        return "\n".join([str(self), "create" if self.is_new else "update", *changes])

    def hash(self) -> str:
        """SHA-256 hex of what it changes. An approval is bound to it."""
        return digest([self.content()]).hex()

"""What a set of manifests says once it is read: desired resources, and the inventory they rest on.

Frozen values only. Every declaration knows its `origin`, so that a later refusal (by the database, by a
provider) can still point at the line that asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from reconciler.catalog import CatalogPart
from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.resource import Desired
from reconciler.model.values import Scalar


@dataclass(frozen=True, slots=True)
class ProviderTypeDeclaration:
    """A provider type that a driver is installed for, with words of one's own about it."""

    name: str
    display_name: str
    description: str
    origin: Location


@dataclass(frozen=True, slots=True)
class ProviderDeclaration:
    """One account, project or cluster of a provider type."""

    name: str
    type: str
    display_name: str
    description: str
    origin: Location


@dataclass(frozen=True, slots=True)
class EndpointDeclaration:
    """Where a provider is reached. `ca_file` is absolute; `drift` is `heal` or `report`.

    `rate_limit_per_hour` (requests) is a budget of one's own, below the provider's. `settings` are those
    that the provider type's driver reads.
    """

    name: str
    provider: str
    provider_type: str
    display_name: str
    url: str | None
    credential: str | None
    ca_file: str | None
    drift: str
    rate_limit_per_hour: int | None
    settings: Mapping[str, Scalar]
    origin: Location


@dataclass(frozen=True, slots=True)
class CredentialDeclaration:
    """Where a secret is found, never the secret: exactly one of the three is set.

    `environment` is a variable's name, `file` an absolute path; `stored` means the database's vault.
    """

    name: str
    environment: str | None
    file: str | None
    stored: bool
    origin: Location


@dataclass(frozen=True, slots=True)
class LocationDeclaration:
    """A place in the world; coordinates in degrees, the country by its two-letter ISO 3166 code."""

    name: str
    display_name: str
    country_code: str | None
    city: str | None
    latitude: Decimal | None
    longitude: Decimal | None
    time_zone: str | None
    origin: Location


@dataclass(frozen=True, slots=True)
class DatacenterDeclaration:
    """A building at a location, what it can do, and the names of the providers that are in it."""

    name: str
    location: str
    display_name: str
    description: str
    time_zone: str | None
    capabilities: tuple[str, ...]
    providers: tuple[str, ...]
    origin: Location


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is declared but is no resource. `catalog_parts` hold the users' own types and attributes."""

    provider_types: tuple[ProviderTypeDeclaration, ...] = ()
    providers: tuple[ProviderDeclaration, ...] = ()
    endpoints: tuple[EndpointDeclaration, ...] = ()
    credentials: tuple[CredentialDeclaration, ...] = ()
    locations: tuple[LocationDeclaration, ...] = ()
    datacenters: tuple[DatacenterDeclaration, ...] = ()
    catalog_parts: tuple[CatalogPart, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that was read before: whose it is and which roots it refers to."""

    address: Address
    references: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds that a set may refer to.

    `endpoints` and `providers` map a name to its provider type; `logins` are the credentials that endpoints
    log in with. `resources` are the roots that *other* sources want. `user_types`, `user_attributes` and
    `user_relationships` name what users added to the catalog, which a manifest may therefore say anew.
    `documents` are this source's, by content hash, as they were read in `context` (a `ManifestSet.context`);
    in another context they are read again. With no context given, the caller vouches that catalog and
    endpoints are still the same.
    """

    endpoints: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    credentials: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    datacenters: frozenset[str] = frozenset()
    resources: frozenset[Address] = frozenset()
    user_types: frozenset[str] = frozenset()
    user_attributes: frozenset[str] = frozenset()
    user_relationships: frozenset[str] = frozenset()
    documents: Mapping[bytes, KnownDocument] = field(default_factory=dict)
    context: bytes | None = None


@dataclass(frozen=True, slots=True)
class ManifestSet:
    """A whole set without a problem in it.

    `desired` are the resources that were read, `unchanged` those whose documents were known already,
    at `places`; `documents` has the SHA-256 of each one's document. `catalog` is the given one with the
    users' types.
    `context` is a hash of what the reading of a document rests on besides its own text: the catalog, and
    which endpoints there are. `content_hash` is one of the whole set's documents, in whatever files.
    """

    desired: Mapping[Address, Desired]
    unchanged: frozenset[Address]
    inventory: Inventory
    documents: Mapping[Address, bytes]
    catalog: Catalog
    context: bytes
    content_hash: bytes
    files: tuple[str, ...]
    places: Mapping[Address, Location] = field(default_factory=dict)

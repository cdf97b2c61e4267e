"""What a set of manifests says once it is read: desired resources, and the inventory they rest on.

Frozen values only. Every declaration knows its `origin`, so that a later refusal (by the database, by a
provider) can still point at the line that asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog import CatalogPart
from reconciler.errors import Location
from reconciler.model import inventory
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog
from reconciler.model.inventory import Credential, Datacenter, Endpoint, InventoryItem, Provider
from reconciler.model.resource import Desired


@dataclass(frozen=True, slots=True)
class ProviderTypeDeclaration:
    """A provider type that a driver is installed for, with words of one's own about it."""

    name: str
    display_name: str
    description: str
    origin: Location


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is declared but is no resource. `catalog_parts` hold the users' own types and attributes."""

    provider_types: tuple[ProviderTypeDeclaration, ...] = ()
    providers: tuple[Provider, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    credentials: tuple[Credential, ...] = ()
    locations: tuple[inventory.Location, ...] = ()
    datacenters: tuple[Datacenter, ...] = ()
    catalog_parts: tuple[CatalogPart, ...] = ()

    def items(self) -> tuple[InventoryItem, ...]:
        """What the database's inventory holds of these, in the order in which one rests on the other."""
        return (*self.locations, *self.credentials, *self.providers, *self.datacenters, *self.endpoints)


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that was read before: whose it is and which roots it refers to."""

    address: Address
    references: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds that a set may refer to.

    `endpoints` and `providers` map a name to its provider type; `logins` are the credentials that endpoints
    log in with. `location_of` and `providers_in` say where a datacenter is and who is in it, `provider_of`
    whose an endpoint is. `resources` are the roots that *other* sources want. `user_types`,
    `user_attributes` and `user_relationships` name what users added to the catalog, which a manifest may
    therefore say anew.
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
    location_of: Mapping[str, str] = field(default_factory=dict)
    providers_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    provider_of: Mapping[str, str] = field(default_factory=dict)
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

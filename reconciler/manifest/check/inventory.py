"""Puts the inventory of a set together, and checks the names that its documents give one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from reconciler.catalog import CatalogPart
from reconciler.manifest.findings import Scope
from reconciler.manifest.model import Inventory, Known
from reconciler.manifest.read import inventory as read
from reconciler.manifest.read.envelope import Envelope
from reconciler.manifest.read.surroundings import Surroundings
from reconciler.manifest.yaml.nodes import Position
from reconciler.model.address import Address
from reconciler.model.catalog import Catalog

_Item = TypeVar("_Item")


def read_inventory(
    envelopes: Sequence[Envelope],
    catalog: Catalog,
    catalog_parts: tuple[CatalogPart, ...],
    known: Known,
    *,
    in_folder: bool,
    trusted: bool,
) -> tuple[Inventory, Surroundings]:
    """Every declaration that could be read. A name that was declared, if badly, counts as existing.

    `trusted`: whether the operator lets this source say where requests and secrets go.
    """
    of = {kind: [each for each in envelopes if each.kind == kind] for kind in {e.kind for e in envelopes}}
    names = {kind: {each.address.name for each in items} for kind, items in of.items()}
    if not trusted:
        of = {kind: [e for e in items if not _refused(e)] for kind, items in of.items()}
    providers = _all(of.get("Provider", ()), lambda each: read.provider(each, catalog))
    types = {**known.providers, **{item.name: item.provider_type for item in providers}}
    endpoints = _all(
        of.get("ProviderEndpoint", ()),
        lambda each: read.endpoint(each, catalog, types, in_folder=in_folder),
    )
    found = Inventory(
        provider_types=_all(of.get("ProviderType", ()), lambda each: read.provider_type(each, catalog)),
        providers=providers,
        endpoints=endpoints,
        credentials=_all(of.get("Credential", ()), lambda each: read.credential(each, in_folder=in_folder)),
        locations=_all(of.get("Location", ()), read.location),
        datacenters=_all(of.get("Datacenter", ()), read.datacenter),
        catalog_parts=catalog_parts,
    )
    around = Surroundings(
        catalog=catalog,
        endpoints={**known.endpoints, **{e.name: e.provider_type for e in endpoints if e.provider_type}},
        credentials=known.credentials | names.get("Credential", set()),
        places={
            "location": known.locations | names.get("Location", set()),
            "datacenter": known.datacenters | names.get("Datacenter", set()),
        },
        location_of={**known.location_of, **{item.name: item.location for item in found.datacenters}},
        providers_in={
            **known.providers_in,
            **{
                item.name: known.providers_in.get(item.name, frozenset()) | set(item.providers)
                for item in found.datacenters
            },
        },
        provider_of={**known.provider_of, **{item.name: item.provider for item in endpoints}},
        logins=frozenset() if trusted else known.logins,
        broken_endpoints=frozenset(names.get("ProviderEndpoint", set()))
        - {e.name for e in endpoints if e.provider_type},
    )
    providers_there = known.providers.keys() | names.get("Provider", set())
    _check_links(found, {each.address: each for each in envelopes}, frozenset(providers_there), around)
    return found, around


TRUSTED_KINDS = ("Credential", "Provider", "ProviderEndpoint")
"""What only a source may declare that the operator trusts with it: it decides where secrets go."""


def _refused(envelope: Envelope) -> bool:
    """Report what decides where secrets go, in a source that the operator did not trust with it."""
    if envelope.kind not in TRUSTED_KINDS:
        return False
    at = (envelope.origin.line or 1, envelope.origin.column or 1)
    envelope.scope.report(
        "not_trusted",
        f"this source may not declare a {envelope.kind}: it would say where requests and secrets go",
        at,
        "declare it in a folder of your own (apply -f FOLDER), or, if you trust whoever can change this "
        "source with your credentials, add --trust-inventory",
    )
    return True


def _all(envelopes: Iterable[Envelope], reader: Callable[[Envelope], _Item | None]) -> tuple[_Item, ...]:
    return tuple(item for item in map(reader, envelopes) if item is not None)


def _check_links(
    found: Inventory, envelopes: Mapping[Address, Envelope], providers: frozenset[str], around: Surroundings
) -> None:
    for item in found.endpoints:
        envelope = envelopes[Address.of("endpoint", item.name)]
        _check(item.provider, providers, "Provider", read.spec_entry(envelope, "provider"), envelope.scope)
        if item.credential is not None:
            at = read.spec_entry(envelope, "credential")
            _check(item.credential, around.credentials, "Credential", at, envelope.scope)
    for each in found.datacenters:
        envelope = envelopes[Address.of("datacenter", each.name)]
        at = read.spec_entry(envelope, "location")
        _check(each.location, around.places["location"], "Location", at, envelope.scope)
        for provider in each.providers:
            _check(provider, providers, "Provider", read.spec_entry(envelope, "providers"), envelope.scope)


def _check(name: str, known: Iterable[str], kind: str, at: Position, scope: Scope) -> None:
    if name not in known:
        hint = scope.suggestion(name, known) or (
            f"declare it: a manifest with kind: {kind} and metadata: {{name: {name}}}"
        )
        scope.report(f"unknown_{kind.lower()}", f"there is no {kind.lower()} `{name}`", at, hint)

"""Which endpoint a resource belongs to: the one it names, or the only one there is."""

from __future__ import annotations

from reconciler.manifest.findings import listed, position
from reconciler.manifest.read.envelope import Envelope
from reconciler.manifest.read.surroundings import Surroundings
from reconciler.manifest.yaml.nodes import Scalar
from reconciler.model.catalog import Catalog, ResourceType


def endpoint_of(envelope: Envelope, kind: ResourceType, around: Surroundings) -> str | None:
    """The endpoint named, or the only one there is for this kind."""
    scope, catalog = envelope.scope, around.catalog
    offering = sorted(name for name, on in around.endpoints.items() if catalog.offer(kind.name, on))
    entry = next((each for each in envelope.spec.entries if each.key == "endpoint"), None)
    if entry is None:
        return _only_endpoint(envelope, kind, offering, around)
    name = entry.node.value if isinstance(entry.node, Scalar) else None
    at = position(entry.node)
    if not isinstance(name, str):
        scope.report("type", "endpoint takes the name of a ProviderEndpoint", at)
    elif name in offering:
        return name
    elif name in around.endpoints:
        hint = f"it can be had at {listed(offering)}" if offering else _where_offered(kind, catalog)
        scope.report(
            "not_offered", f"{around.endpoints[name]} (endpoint {name}) has no {kind.kind}", at, hint
        )
    elif name not in around.broken_endpoints:
        hint = scope.suggestion(name, around.endpoints) or (
            f"declare it: a manifest with kind: ProviderEndpoint and metadata: {{name: {name}}}"
        )
        scope.report("unknown_endpoint", f"there is no endpoint `{name}`", at, hint)
    return None


def _only_endpoint(
    envelope: Envelope, kind: ResourceType, offering: list[str], around: Surroundings
) -> str | None:
    at = position(envelope.spec)
    if around.broken_endpoints:
        return None  # which endpoint is meant shows once they are right
    if len(offering) == 1:
        return offering[0]
    if offering:
        message = f"endpoint is missing, and {kind.kind} can be had at more than one"
        envelope.scope.report("required", message, at, f"add endpoint: {listed(offering)}")
    else:
        where = _where_offered(kind, around.catalog)
        hint = f"declare a ProviderEndpoint of such a Provider; {where}"
        envelope.scope.report("unknown_endpoint", f"no endpoint has a {kind.kind}", at, hint)
    return None


def _where_offered(kind: ResourceType, catalog: Catalog) -> str:
    providers = sorted(provider for name, provider in catalog.offers if name == kind.name)
    return f"{kind.kind} exists on the provider type {listed(providers)}"

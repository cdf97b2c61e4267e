"""How attributes are called in a manifest, and what to say of a name that is none.

A size or duration may be written without its unit's suffix (`memory: 8GiB` for `memory_mb`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.manifest.findings import Scope, listed
from reconciler.manifest.yaml.nodes import Position
from reconciler.model.catalog import Catalog, TypeAttribute
from reconciler.model.values import Format

_SUFFIXES = {
    Format.MIB: ("_mb", "_mib"),
    Format.GIB: ("_gb", "_gib"),
    Format.SECONDS: ("_seconds", "_s"),
}

_MOST = 24  # names in a hint


def short_names(rules: Mapping[str, TypeAttribute]) -> dict[str, str]:
    """Short name → attribute name, for those to be written that have one which is no attribute itself."""
    found: dict[str, str] = {}
    for name, rule in rules.items():
        if not rule.settable:
            continue
        for suffix in _SUFFIXES.get(rule.definition.format, ()):
            short = name.removesuffix(suffix)
            if short != name and short not in rules:
                found[short] = name
    return found


def report_unknown(
    name: str,
    at: Position,
    resource_type: str,
    provider_type: str,
    known: list[str],
    catalog: Catalog,
    scope: Scope,
) -> None:
    """Report an attribute that this type has not on this provider type, with where it does exist."""
    kind = catalog.resource_types[resource_type].kind
    hint = scope.suggestion(name, known) or _elsewhere(name, resource_type, catalog) or _known(known, kind)
    message = f"{kind} has no attribute `{name}` on {provider_type}"
    scope.report("unknown_attribute", message, at, hint)


def _elsewhere(name: str, resource_type: str, catalog: Catalog) -> str | None:
    """Where else the attribute exists: for this kind on another provider type, or for another kind."""
    having = [key for key, rules in catalog.rules.items() if name in rules or name in short_names(rules)]
    providers = sorted(provider for kind, provider in having if kind == resource_type)
    if providers:
        return f"it exists on {listed(providers)}"
    kinds = sorted({catalog.resource_types[kind].kind for kind, _ in having})
    if kinds:
        return f"it is an attribute of {listed(kinds)}"
    return None


def _known(known: list[str], kind: str) -> str | None:
    names = sorted(set(known))
    more = f", …; all of them: reconciler explain {kind}" if len(names) > _MOST else ""
    return f"known attributes: {', '.join(names[:_MOST])}{more}" if names else None

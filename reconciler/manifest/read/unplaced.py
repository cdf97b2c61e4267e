"""What can be said of a spec whose endpoint is not clear: a name that no provider type has is wrong anywhere.

Which attributes there are is the provider type's matter, but people want to read of all their mistakes at
once. So only names are checked here, against what the kind has on any provider type, and no value.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.manifest.findings import Scope
from reconciler.manifest.read.names import report_unknown, short_names
from reconciler.manifest.yaml.nodes import Entry, Mapping, Sequence
from reconciler.model.catalog import Catalog

ANYWHERE = "any provider"


def check_names(
    entries: Iterable[Entry], resource_type: str, beside: Iterable[str], catalog: Catalog, scope: Scope
) -> None:
    """Report the attributes and parts that the kind has nowhere. `beside`: what may stand there besides."""
    on = [provider for name, provider in catalog.offers if name == resource_type]
    if not on:
        return
    known, every = set(beside), set(beside)
    parts: dict[str, str] = {}
    for provider in on:
        rules = catalog.attributes(resource_type, provider)
        every |= {*rules, *short_names(rules)}
        known |= {name for name, rule in rules.items() if rule.settable} | set(short_names(rules))
        parts |= {
            part.collection: part.name
            for part in catalog.parts_of(resource_type, provider)
            if part.collection
        }
    for entry in entries:
        if entry.key in parts:
            _check_parts(entry, parts[entry.key], catalog, scope)
        elif entry.key not in every:
            report_unknown(
                entry.key, entry.position, resource_type, ANYWHERE, sorted(known | set(parts)), catalog, scope
            )
            scope.hide(entry.node)  # a misspelt secret is one all the same


def _check_parts(entry: Entry, part_type: str, catalog: Catalog, scope: Scope) -> None:
    for item in entry.node.items if isinstance(entry.node, Sequence) else ():
        if isinstance(item, Mapping):
            check_names(item.entries, part_type, ("name",), catalog, scope)

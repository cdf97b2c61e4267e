"""Reads a mapping of attributes by the catalog's rules: a resource's `spec`, or one inline part.

It gives canonical values with the catalog's defaults, and the references found among them. What else may
stand beside attributes (an endpoint, parts) is taken out by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.manifest.findings import Scope, position
from reconciler.manifest.read.attribute_values import is_none, read_value, references
from reconciler.manifest.read.envelope import Reference
from reconciler.manifest.read.names import report_unknown, short_names
from reconciler.manifest.yaml.nodes import Entry, Position
from reconciler.model.catalog import OWN_NAME, Catalog, TypeAttribute
from reconciler.model.values import Cardinality, Format, SecretRef, Value


@dataclass(slots=True)
class AttributesRead:
    """`written` are the attributes that were given, right or wrong, with their places.

    `unset` are those among them that shall have no value.
    """

    values: dict[str, Value] = field(default_factory=dict)
    written: dict[str, Position] = field(default_factory=dict)
    unset: set[str] = field(default_factory=set)
    references: list[Reference] = field(default_factory=list)
    credentials: list[tuple[str, Position]] = field(default_factory=list)

    @property
    def explicit(self) -> frozenset[str]:
        """The names of what was given, also where it was wrong or is to have no value."""
        return frozenset(self.written)


def read_attributes(
    entries: Iterable[Entry],
    resource_type: str,
    provider_type: str,
    catalog: Catalog,
    scope: Scope,
    *,
    also_known: tuple[str, ...] = (),
) -> AttributesRead:
    """`also_known` are names that may stand beside the attributes, for suggestions."""
    rules = catalog.attributes(resource_type, provider_type)
    short = short_names(rules)
    read = AttributesRead()
    for entry in entries:
        rule = rules.get(short.get(entry.key, entry.key))
        if rule is None:
            known = [name for name, each in rules.items() if each.settable] + list(also_known) + list(short)
            report_unknown(entry.key, entry.position, resource_type, provider_type, known, catalog, scope)
            # A misspelt secret is one all the same.
            scope.hide(entry.node)
        elif rule.name in read.written:
            message = f"`{entry.key}` is {rule.name}, which is there already"
            scope.report("duplicate_attribute", message, entry.position, "keep one of them")
        else:
            _read_one(rule, entry, read, scope)
    return read


def _read_one(rule: TypeAttribute, entry: Entry, read: AttributesRead, scope: Scope) -> None:
    read.written[rule.name] = entry.position
    if not rule.settable:
        message = f"{rule.name} is only observed; a manifest cannot set it"
        scope.report("read_only", message, entry.position, "remove the line")
        return
    if is_none(rule, entry.node):
        _read_none(rule, entry, read, scope)
        return
    value = read_value(rule, entry.node, scope)
    if value is None:
        return
    read.values[rule.name] = value
    if isinstance(value, SecretRef):
        read.credentials.append((value.credential, entry.position))
    elif rule.definition.format is Format.REFERENCE:
        read.references += references(rule, entry.node)


def _read_none(rule: TypeAttribute, entry: Entry, read: AttributesRead, scope: Scope) -> None:
    """`null`, or a text with nothing in it: there shall be no value, where that is possible."""
    if not rule.can_unset:
        why = "is needed" if rule.required else "cannot be taken off again"
        hint = "write a value" if rule.required else "remove the line to leave it as it is, or write a value"
        message = f"{rule.name} has no value, and it {why} on {rule.provider_type}"
        scope.report("empty_value", message, position(entry.node), hint)
    elif rule.definition.cardinality is Cardinality.ONE:
        read.unset.add(rule.name)
    else:
        read.values[rule.name] = ()


def complete(
    read: AttributesRead,
    resource_type: str,
    provider_type: str,
    catalog: Catalog,
    at: Position,
    scope: Scope,
    *,
    own_name: str = "",
) -> None:
    """Apply defaults, and report what is required but not written. A part has no name yet."""
    for name, rule in catalog.attributes(resource_type, provider_type).items():
        if name in read.written or not rule.settable:
            continue
        default = rule.default_for(own_name)
        if default is not None:
            read.values[name] = default
            if rule.default == OWN_NAME and own_name:
                _check_own_name(rule, str(default), own_name, at, scope)
        elif rule.required:
            kind = catalog.resource_types[resource_type].kind
            hint = rule.definition.description or None
            scope.report("required", f"{name} is missing; {kind} needs it on {provider_type}", at, hint)


def _check_own_name(rule: TypeAttribute, made: str, own_name: str, at: Position, scope: Scope) -> None:
    """What the manifest's name makes, where nothing else is written, must be as the provider wants it too."""
    fits = rule.pattern is None or re.fullmatch(rule.pattern, made) is not None
    if fits and (rule.max_length is None or len(made) <= rule.max_length):
        return
    form = f"; it must match {rule.pattern}" if rule.pattern else ""
    scope.report(
        "own_name",
        f"`{own_name}` cannot be the {rule.name} on {rule.provider_type}",
        at,
        f"write `{rule.name}:` in the spec{form}, or choose another name",
    )

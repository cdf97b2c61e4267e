"""`schema` and `explain`: the catalog for editors and for people. No database is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from reconciler.cli.handlers.explain_forms import NAMED, form_lines, form_names, wrapped
from reconciler.cli.terminal.output import print_json, show
from reconciler.engine.packaged import packaged
from reconciler.errors import ConfigurationError
from reconciler.manifest.read.names import short_names
from reconciler.manifest.schema.document import json_schema
from reconciler.manifest.schema.forms import inventory_forms
from reconciler.model.catalog import (
    OWN_NAME,
    AttributeDefinition,
    Catalog,
    Mutability,
    ResourceType,
    TypeAttribute,
)
from reconciler.model.values import Cardinality, Format
from reconciler.report.lines import Line, Page, Table, line
from reconciler.report.values import shown

_CHANGES: Mapping[Mutability, str] = {
    Mutability.IN_PLACE: "changes in place",
    Mutability.NEEDS_STOP: "changes while the machine is off",
    Mutability.REPLACE: "a change replaces the object",
    Mutability.CREATE_ONLY: "given when it is made, not compared afterwards",
    Mutability.READ_ONLY: "read only",
    Mutability.WRITE_ONLY: "written, never read back",
}


def schema(kind: str | None, providers: list[str]) -> None:
    """Print the JSON Schema of a kind, or of all, with the named provider types' attributes.

    Raises ConfigurationError for a provider type that there is not, and for what is no kind of a document.
    """
    catalog = packaged()
    for name in providers:
        if name not in catalog.provider_types:
            raise ConfigurationError(
                f"no driver is installed for the provider type {name}",
                hint=f"installed: {', '.join(sorted(catalog.provider_types))}",
            )
    try:
        named = next((item.kind for item in _named(kind, catalog)), kind) if kind else None
        print_json(json_schema(catalog, named, providers or None))
    except KeyError:
        raise _no_document(kind or "", catalog) from None


def _no_document(word: str, catalog: Catalog) -> ConfigurationError:
    """For a word without a schema of its own: a part and `lifecycle` stand in another document."""
    for item in _named(word, catalog):
        parents = [catalog.resource_types[name].kind for name in item.parents]
        return ConfigurationError(
            f"{item.kind} is no document of its own",
            hint=f"it is written in {' and '.join(parents)}, under `{item.collection}`: "
            f"`reconciler schema {parents[0]}`",
        )
    if word.lower() == "lifecycle":
        return ConfigurationError(
            "lifecycle is no document of its own",
            hint="it is written beside `spec`: `reconciler explain lifecycle`",
        )
    roots = [item.kind for item in catalog.resource_types.values() if not item.is_part]
    return _no_kind(word, [*roots, *inventory_forms()])


def _no_kind(word: str, known: Sequence[str]) -> ConfigurationError:
    kinds = sorted(known)
    near = get_close_matches(word, kinds, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(kinds)}"
    return ConfigurationError(f"there is no kind {word}", hint=hint)


def explain(word: str | None) -> None:
    """Print all kinds, or what one word means: a kind, a form, an attribute (`vm.memory_mb`).

    Raises ConfigurationError for a word that means nothing.
    """
    catalog = packaged()
    if word is None:
        show(_kinds_page(catalog))
        return
    if (form := form_lines(word, catalog)) is not None:
        show(form)
        return
    name, _, attribute = word.partition(".")
    kind = _kind(name, catalog)
    show(_attribute_lines(kind, attribute, catalog) if attribute else _kind_lines(kind, catalog))


def _kinds_page(catalog: Catalog) -> Page:
    kinds = sorted(catalog.resource_types.values(), key=lambda item: (item.is_part, item.kind))
    rows = [
        (
            (item.kind, "bold"),
            item.name,
            ", ".join(_providers(item, catalog)),
            item.description or item.display_name,
        )
        for item in kinds
    ]
    yield Table(("KIND", "TYPE", "PROVIDERS", "WHAT IT IS"), tuple(rows))
    yield line()
    yield from wrapped(NAMED, "")


def _kind(word: str, catalog: Catalog) -> ResourceType:
    for item in _named(word, catalog):
        return item
    raise _no_kind(word, [*(item.kind for item in catalog.resource_types.values()), *form_names()])


def _named(word: str, catalog: Catalog) -> Iterator[ResourceType]:
    """What a kind, a type's name or a collection's name means."""
    wanted = word.lower()
    for item in catalog.resource_types.values():
        if wanted in (item.kind.lower(), item.name, f"{item.name}s", item.collection or ""):
            yield item


def _providers(kind: ResourceType, catalog: Catalog) -> list[str]:
    return sorted(provider for name, provider in catalog.offers if name == kind.name)


def _kind_lines(kind: ResourceType, catalog: Catalog) -> Iterator[Line]:
    yield line((kind.kind, "bold"), (f"  (addresses: {kind.name}/NAME)", "dim"))
    yield from wrapped(kind.description, "")
    yield line(("providers: ", "dim"), ", ".join(_providers(kind, catalog)) or "none")
    if kind.is_part:
        parents = ", ".join(catalog.resource_types[name].kind for name in kind.parents)
        yield line(("written in: ", "dim"), f"{parents}, under `{kind.collection}`")
    if kind.holds_data:
        yield line(("holds data: ", "dim"), "it is destroyed only where a manifest or an approval says so")
    settable, read_only = _by_use(kind, catalog)
    yield from _section("Attributes", settable, kind, catalog)
    parts = [item for item in catalog.resource_types.values() if kind.name in item.parents]
    if parts:
        yield line()
        yield line(("Parts", "bold"))
    for part in sorted(parts, key=lambda item: item.collection or ""):
        yield line(
            "  ",
            (part.collection or "", "cyan"),
            (f"  {part.kind}, on {', '.join(_providers(part, catalog))}", "dim"),
        )
        yield from wrapped(part.description, "      ")
    yield from _section("Shown, but not to be written", read_only, kind, catalog)


Rules = Mapping[str, TypeAttribute]


def _rules(kind: ResourceType, catalog: Catalog) -> dict[str, dict[str, TypeAttribute]]:
    """By attribute, the rule of each provider type."""
    found: dict[str, dict[str, TypeAttribute]] = {}
    for provider in _providers(kind, catalog):
        for name, rule in catalog.attributes(kind.name, provider).items():
            found.setdefault(name, {})[provider] = rule
    return found


def _by_use(kind: ResourceType, catalog: Catalog) -> tuple[dict[str, Rules], dict[str, Rules]]:
    settable: dict[str, Rules] = {}
    read_only: dict[str, Rules] = {}
    for name, rules in sorted(_rules(kind, catalog).items()):
        (settable if any(rule.settable for rule in rules.values()) else read_only)[name] = rules
    return settable, read_only


def _section(title: str, names: Mapping[str, Rules], kind: ResourceType, catalog: Catalog) -> Iterator[Line]:
    if not names:
        return
    yield line()
    yield line((title, "bold"))
    offered = len(_providers(kind, catalog))
    for name, rules in names.items():
        definition = catalog.definitions[name]
        required = any(rule.required and rule.default is None for rule in rules.values())
        where = "" if len(rules) == offered else f"  only {', '.join(sorted(rules))}"
        yield line(
            "  ",
            (name, "cyan"),
            (f"  <{type_text(definition)}>", "dim"),
            ("  required", "yellow") if required else "",
            (where, "dim"),
        )
        yield from wrapped(definition.description or definition.display_name, "      ")


def type_text(definition: AttributeDefinition) -> str:
    """`integer`, `set of string`, `reference to network`, with its unit."""
    base = definition.data_type.value
    if definition.format is Format.REFERENCE:
        base = f"reference to {' or '.join(definition.reference_types)}"
    elif definition.format not in (Format.PLAIN, Format.MIB, Format.GIB, Format.SECONDS):
        base = f"{base}, {definition.format.value.replace('_', ' ')}"
    unit = f" in {definition.unit}" if definition.unit else ""
    many = "" if definition.cardinality is Cardinality.ONE else f"{definition.cardinality.value} of "
    return f"{many}{base}{unit}"


def _attribute_lines(kind: ResourceType, word: str, catalog: Catalog) -> Iterator[Line]:
    rules = _rules(kind, catalog)
    name = word if word in rules else _long_name(word, kind, catalog)
    if name is None:
        part = next(
            (p for p in catalog.resource_types.values() if p.collection == word and kind.name in p.parents),
            None,
        )
        if part is not None:
            yield from _kind_lines(part, catalog)
            return
        near = get_close_matches(word, rules, 1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"{kind.kind} has no attribute {word}", hint=f"{guess}`reconciler explain {kind.kind}` lists them"
        )
    definition = catalog.definitions[name]
    yield line((f"{kind.kind}.{name}", "bold"), (f"  <{type_text(definition)}>", "dim"))
    yield from wrapped(definition.description or definition.display_name, "")
    for provider, rule in sorted(rules[name].items()):
        yield line()
        yield line((provider, "cyan"))
        for text in _rule_words(rule):
            yield line("  ", text)


def _long_name(word: str, kind: ResourceType, catalog: Catalog) -> str | None:
    """The attribute that a short name (`memory` for `memory_mb`) stands for."""
    for provider in _providers(kind, catalog):
        if name := short_names(catalog.attributes(kind.name, provider)).get(word):
            return name
    return None


def _rule_words(rule: TypeAttribute) -> Iterator[str]:
    yield _CHANGES[rule.mutability] + (", and can only grow" if rule.grow_only else "")
    if rule.required and rule.default is None:
        yield "required"
    if rule.default is not None:
        made_of_it = rule.default == OWN_NAME
        yield "default: made from the manifest's name" if made_of_it else f"default: {shown(rule.default)}"
    if rule.also is not None:
        yield f"either that or {rule.also}: a value that is one of the two is met"
    if rule.unique:
        yield f"no two have the same{f' in one {rule.unique_within}' if rule.unique_within else ''}"
    if rule.unset:
        yield f"null: {rule.unset}"
    if rule.clear_when_unset and rule.settable:
        yield "without it in the manifest it shall have no value"
    if rule.allowed_values:
        yield f"one of: {', '.join(shown(value) for value in rule.allowed_values)}"
    bounds = [f"at least {rule.minimum}" if rule.minimum is not None else ""]
    bounds.append(f"at most {rule.maximum}" if rule.maximum is not None else "")
    bounds.append(f"at most {rule.max_length} characters" if rule.max_length is not None else "")
    if any(bounds):
        yield ", ".join(filter(None, bounds))
    if rule.pattern:
        yield f"matches {rule.pattern}"
    if rule.definition.secret or rule.mutability is Mutability.WRITE_ONLY:
        yield "a secret is given by name: {from: credential/NAME}"

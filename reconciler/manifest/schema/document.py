"""The JSON Schema (draft-07, which YAML language servers read) of manifests, made from the catalog.

It is for editors: completion, descriptions, mistakes underlined while typing. What `load` accepts, it
accepts; what it cannot say (that a reference leads somewhere), `load` still checks. A kind that several
provider types offer has the union of their attributes, since a choice between whole specs would leave
editors unable to complete any; each description names where the attribute exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.manifest.read.envelope import API_VERSION, INVENTORY_KINDS
from reconciler.manifest.read.envelope_forms import LifecycleForm
from reconciler.manifest.read.names import short_names
from reconciler.manifest.schema.attributes import ADDRESS, NAME, attribute_schema, required_of, setting_schema
from reconciler.manifest.schema.forms import form_schema, inventory_forms
from reconciler.model.catalog import Catalog, ResourceType, TypeAttribute

DRAFT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, Any]

_OR_NOTHING = ["object", "null"]


def json_schema(
    catalog: Catalog, kind: str | None = None, provider_types: Iterable[str] | None = None
) -> Schema:
    """The schema of one document: of `kind`, or of any. `provider_types` narrows whose attributes are in it.

    Raises KeyError for a kind that the catalog does not have at the top of a manifest.
    """
    chosen = frozenset(catalog.provider_types if provider_types is None else provider_types)
    kinds = _resource_kinds(catalog, chosen)
    names = [*INVENTORY_KINDS, *sorted(kinds)]
    if kind is not None and kind not in names:
        raise KeyError(kind)
    wanted = names if kind is None else [kind]
    definitions: Schema = {}
    definitions["lifecycle"] = form_schema(LifecycleForm, definitions)
    for name in wanted:
        if name in kinds:
            definitions[name] = _resource(kinds[name], catalog, chosen)
        else:
            definitions[name] = _inventory(name, catalog, chosen, definitions)
    top: Schema = {
        "$schema": DRAFT,
        "title": f"reconciler manifest{f': {kind}' if kind else ''}",
        "definitions": definitions,
    }
    if kind is not None:
        return {**top, "type": ["object", "null"], "if": {"type": "object"}, "then": _ref(kind)}
    return {
        **top,
        "type": _OR_NOTHING,  # what is between two lines of --- may be nothing, or a comment alone
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": wanted}},
        "allOf": [{"if": _is(name), "then": _ref(name)} for name in wanted],
    }


def _is(kind: str) -> Schema:
    return {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _resource_kinds(catalog: Catalog, provider_types: frozenset[str]) -> dict[str, ResourceType]:
    offered = {name for name, provider in catalog.offers if provider in provider_types}
    return {
        item.kind: item
        for item in catalog.resource_types.values()
        if item.name in offered and not item.is_part
    }


def _document(kind: str, description: str, spec: Schema, more: Schema, *, tags: bool) -> Schema:
    metadata: Schema = {
        "name": {"type": "string", "pattern": f"^{NAME}$", "description": "Its name, which stays the same."},
        "annotations": {"description": "Anything for people; it is not read."},
    }
    if tags:
        metadata["tags"] = {
            "type": ["object", "null"],
            "additionalProperties": {"type": "string"},
            "description": "All tags that it shall have; {} for none. Without it, tags are left as they are.",
        }
    needs_spec = ["spec"] if spec.keys() & {"required", "allOf", "minProperties"} else []
    if not needs_spec:
        spec = {**spec, "type": _OR_NOTHING}  # `spec:` with nothing behind it says as much as no spec
    return {
        "type": "object",
        "description": description,
        "required": ["apiVersion", "kind", "metadata", *needs_spec],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": kind},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": metadata,
            },
            "spec": spec,
            **more,
        },
    }


def _inventory(kind: str, catalog: Catalog, provider_types: frozenset[str], definitions: Schema) -> Schema:
    form, description = inventory_forms()[kind]
    spec = form_schema(form, definitions)
    if kind == "ProviderEndpoint":
        settings = {
            each.name: setting_schema(each)
            for name in sorted(provider_types & catalog.provider_types.keys())
            for each in catalog.provider_types[name].settings
        }
        spec["properties"]["settings"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": settings,
        }
    return _document(kind, description, spec, {}, tags=False)


def _resource(kind: ResourceType, catalog: Catalog, provider_types: frozenset[str]) -> Schema:
    addresses: Schema = {"type": "array", "items": {"type": "string", "pattern": f"^{ADDRESS}$"}}
    more = {
        "lifecycle": _ref("lifecycle"),
        "depends_on": {**addresses, "description": "What must exist before it, by address."},
        "member_of": {**addresses, "description": "What it belongs to, by address."},
    }
    spec = _spec(kind, catalog, provider_types)
    return _document(kind.kind, kind.description, spec, more, tags=True)


def _spec(kind: ResourceType, catalog: Catalog, provider_types: frozenset[str]) -> Schema:
    spec = _attributes(kind, catalog, provider_types)
    properties = spec["properties"]
    properties["endpoint"] = {
        "type": "string",
        "description": "The ProviderEndpoint that has it; not needed where only one can.",
    }
    properties["location"] = {"type": "string", "description": "Name of the Location it is at."}
    properties["datacenter"] = {"type": "string", "description": "Name of the Datacenter it is in."}
    for provider in sorted(provider_types):
        for part in catalog.parts_of(kind.name, provider):
            items = _attributes(part, catalog, provider_types)
            items["properties"].setdefault(
                "name", {"type": "string", "pattern": f"^{NAME}$", "description": "Its name in its address."}
            )
            properties[part.collection or part.name] = {
                "type": "array",
                "description": part.description,
                "items": items,
            }
    return spec


def _attributes(kind: ResourceType, catalog: Catalog, provider_types: frozenset[str]) -> Schema:
    """The union of the settable attributes of all chosen provider types, short names included."""
    rules: dict[str, dict[str, TypeAttribute]] = {}
    offering = sorted(name for name in provider_types if catalog.offer(kind.name, name))
    short: dict[str, str] = {}
    for provider in offering:
        there = catalog.attributes(kind.name, provider)
        short |= short_names(there)
        for name, rule in there.items():
            if rule.settable:
                rules.setdefault(name, {})[provider] = rule
    short = {brief: name for brief, name in short.items() if brief not in rules and name in rules}
    properties = {name: attribute_schema(rules[name], offering) for name in sorted(rules)}
    properties |= {brief: properties[name] for brief, name in sorted(short.items())}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **required_of(rules, offering, short),
    }

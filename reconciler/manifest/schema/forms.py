"""The JSON Schemas of what has a fixed form, taken from the pydantic forms that read it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from reconciler.catalog.files import RelationshipTypeForm
from reconciler.manifest.read import inventory
from reconciler.manifest.read.user_forms import UserAttributeForm, UserTypeForm

Schema = dict[str, Any]


def inventory_forms() -> dict[str, tuple[type[BaseModel], str]]:
    """Kind → its form and what it is."""
    return {
        "ProviderType": (
            inventory.ProviderTypeForm,
            "Another name and description for a provider type that an installed driver brings. It brings no "
            "driver itself: what no driver is there for can only be kept in the books, as resource types of "
            "one's own at a `logical` provider.",
        ),
        "Provider": (inventory.ProviderForm, "One account, project or cluster of a provider type."),
        "ProviderEndpoint": (inventory.EndpointForm, "Where a provider is reached."),
        "Credential": (inventory.CredentialForm, "Where a secret is found; exactly one of the three."),
        "Location": (inventory.LocationForm, "A place in the world."),
        "Datacenter": (inventory.DatacenterForm, "A building at a location."),
        "ResourceType": (UserTypeForm, "A resource type of one's own."),
        "RelationshipType": (RelationshipTypeForm, "A way of one's own in which resources relate."),
        "AttributeDefinition": (UserAttributeForm, "An attribute of one's own."),
    }


def form_schema(form: type[BaseModel], definitions: Schema) -> Schema:
    """The form's schema; what it refers to is put into `definitions`."""
    schema = form.model_json_schema(ref_template="#/definitions/form.{model}")
    for name, each in schema.pop("$defs", {}).items():
        definitions[f"form.{name}"] = _tidy(each)
    tidy: Schema = _tidy(schema)
    tidy.pop("description", None)
    if form is inventory.CredentialForm:
        tidy["minProperties"] = tidy["maxProperties"] = 1
    return tidy


def _tidy(node: Any) -> Any:
    """Without generated titles, and without null: what is not wanted is not written."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        alone = {"$ref": node["$ref"]}  # draft-07 looks at nothing beside it
        return {"allOf": [alone], "description": node["description"]} if "description" in node else alone
    kept = {key: value for key, value in node.items() if not _is_noise(key, value)}
    choices = kept.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [each for each in choices if each != {"type": "null"}]
        kept.pop("anyOf")
        kept |= rest[0] if len(rest) == 1 else {"anyOf": rest}
        return _tidy(kept)
    if "properties" in kept:
        fields = {name: _tidy(each) for name, each in kept["properties"].items()}
        others = {key: _tidy(each) for key, each in kept.items() if key != "properties"}
        return {**others, "properties": fields}
    return {key: _tidy(value) for key, value in kept.items()}


def _is_noise(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, "", []))

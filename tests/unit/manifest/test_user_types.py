"""Users' own resource types and attributes, declared by manifest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.catalog import core_part, load_part, merge
from reconciler.manifest.load import load
from reconciler.manifest.source.files import SourceFile
from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from tests.rigs.manifest import KNOWN, catalog, load_text, manifest, problem, problems

QUEUE = manifest(
    "ResourceType",
    "message_queue",
    """
    kind: MessageQueue
    description: Something that passes messages on.
    offers:
      logical:
        attributes:
          engine: {change: in_place, required: true}
          depth: {change: in_place, default: 100, minimum: 1}
    """,
)
DEPTH = manifest("AttributeDefinition", "depth", "type: integer\ndescription: How many messages it holds.")
OWNER = manifest(
    "AttributeDefinition", "owner", "description: Who runs it.\napplies_to: {service: {change: in_place}}"
)

BACKS = manifest("RelationshipType", "backs", "description: The child is backed by the parent.")
BACKED_BY = manifest(
    "AttributeDefinition",
    "backed_by",
    "references: [service]\nrelationship: backs\napplies_to: {service: {}}",
)


def test_a_relationship_of_ones_own_can_be_used_in_the_set_that_declares_it() -> None:
    shop = manifest("Service", "shop", "backed_by: orders")
    found = load_text(shop, manifest("Service", "orders"), BACKED_BY, BACKS)
    assert found.catalog.definitions["backed_by"].relationship == "backs"
    assert found.catalog.relationship_types["backs"].description == "The child is backed by the parent."
    known = replace(KNOWN, user_relationships=frozenset({"backs"}))
    again = load([SourceFile("a.yaml", BACKS.replace("child", "copy").encode())], found.catalog, known)
    assert again.catalog.relationship_types["backs"].description == "The copy is backed by the parent."


def test_nobody_needs_asking_how_an_attribute_of_ones_own_changes() -> None:
    found = load_text(QUEUE.replace("{change: in_place, required: true}", "{required: true}"), DEPTH)
    assert found.catalog.attributes("message_queue", "logical")["engine"].mutability is Mutability.IN_PLACE


def test_a_type_of_ones_own_can_be_used_in_the_set_that_declares_it() -> None:
    found = load_text(manifest("MessageQueue", "orders", "engine: rabbitmq"), QUEUE, DEPTH)
    queue = found.desired[Address.parse("message_queue/orders")]
    assert (queue.endpoint, queue.attributes) == ("logical", {"engine": "rabbitmq", "depth": 100})
    assert found.catalog.by_kind("MessageQueue") is not None


def test_an_attribute_of_ones_own_is_added_to_a_type_that_exists() -> None:
    found = load_text(manifest("Service", "shop", "owner: jane"), OWNER)
    assert found.desired[Address.parse("service/shop")].attributes == {"owner": "jane"}


def test_the_parts_merge_with_the_packaged_ones_into_the_same_catalog() -> None:
    found = load_text(QUEUE, DEPTH, OWNER)
    packaged = [
        core_part(),
        *(load_part(f"reconciler.providers.{n}") for n in ("hetzner", "proxmox", "logical")),
    ]
    assert merge([*packaged, *found.inventory.catalog_parts]) == found.catalog


def test_a_type_that_is_in_the_catalog_already_may_be_said_anew_by_its_users() -> None:
    first = load_text(QUEUE, DEPTH)
    known = replace(KNOWN, user_types=frozenset({"message_queue"}), user_attributes=frozenset({"depth"}))
    text = "---\n".join([QUEUE.replace("default: 100", "default: 7"), DEPTH])
    again = load([SourceFile("a.yaml", text.encode())], first.catalog, known)
    rule = again.catalog.attributes("message_queue", "logical")["depth"]
    assert rule.default == 7
    assert again.context != first.context


@pytest.mark.parametrize(
    ("documents", "code", "words"),
    [
        ((QUEUE,), "unknown_attribute", "depth"),
        ((QUEUE.replace("logical", "hetzner"), DEPTH), "not_open", "logical"),
        ((QUEUE.replace("MessageQueue", "Service"), DEPTH), "exists", "Service"),
        ((manifest("AttributeDefinition", "engine"),), "exists", "engine"),
        ((OWNER.replace("service:", "servis:"),), "unknown_resource_type", "did you mean service"),
        ((QUEUE.replace("in_place, required", "inplace, required"), DEPTH), "value", "change"),
        ((manifest("ResourceType", "thing", "kind: Thing"),), "required", "offers"),
        ((DEPTH.replace("integer", "int"),), "value", "integer"),
        ((BACKED_BY.replace("backs", "back"), BACKS), "unknown_relationship_type", "did you mean backs"),
        ((BACKED_BY,), "unknown_relationship_type", "backs"),
        ((BACKED_BY.replace("references: [service]", "type: string"), BACKS), "required", "references"),
        ((BACKS.replace("backs", "uses"),), "exists", "uses"),
        ((BACKS.replace("name: backs", "name: Backs"),), "name", "small letters"),
        ((manifest("ProviderType", "openstack"),), "no_driver", "kind: ResourceType"),
    ],
)
def test_a_mistake_in_a_type_is_reported_where_it_is(
    documents: tuple[str, ...], code: str, words: str
) -> None:
    found = problem(*documents)
    assert found.code == f"manifest.{code}", found
    assert words in str(found)
    assert found.location is not None


def test_a_broken_type_does_not_make_its_resources_wrong() -> None:
    found = problems(manifest("MessageQueue", "orders", "engine: rabbitmq"), QUEUE)
    assert [each.code for each in found] == ["manifest.unknown_attribute"]


def test_the_packaged_catalog_stays_as_it_is() -> None:
    load_text(QUEUE, DEPTH)
    assert catalog().by_kind("MessageQueue") is None

"""The Hetzner catalog: whole, explained, and in agreement with the code that reads it."""

from __future__ import annotations

import pytest

from reconciler.catalog import core_part, load_part, merge
from reconciler.model.catalog import Catalog, Identity, Mutability
from reconciler.providers.hetzner import HetznerDriver
from reconciler.providers.hetzner.types import TYPES


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return merge([core_part(), HetznerDriver.catalog])


def test_what_is_offered_is_what_can_be_lowered_and_observed(catalog: Catalog) -> None:
    """Each type and, for its parts, the types that they are parts of."""
    offered = {name for name, _ in catalog.offers}
    parts = {name for name in offered if catalog.resource_types[name].is_part}
    assert parts == {"subnet", "route", "network_attachment", "firewall_rule"}
    assert TYPES.keys() == offered - parts


def test_objects_are_found_again_by_name_and_parts_by_their_parent(catalog: Catalog) -> None:
    for (name, _), offer in catalog.offers.items():
        if catalog.resource_types[name].is_part:
            assert (offer.identity, offer.tags) == (Identity.PARENT, False)
        else:
            assert (offer.identity, offer.unique_name, offer.tags) == (Identity.NAME, True, True)


def test_every_attribute_is_defined_used_and_explained() -> None:
    part = HetznerDriver.catalog
    used = {attribute for _, attribute, _ in part.rules}
    for definition in part.definitions:
        assert definition.name in used
        assert definition.description


def test_what_the_provider_decides_cannot_be_wished_for(catalog: Catalog) -> None:
    rules = catalog.attributes("vm", "hetzner")
    for name in ("cpu_cores", "memory_mb", "primary_disk_gb", "public_ipv4", "created"):
        assert rules[name].mutability is Mutability.READ_ONLY


def test_what_was_only_given_at_creation_never_makes_a_change(catalog: Catalog) -> None:
    rules = catalog.attributes("vm", "hetzner")
    assert not any(rules[name].compared for name in ("ssh_keys", "user_data", "upgrade_disk"))
    assert catalog.definitions["user_data"].secret


def test_volumes_only_grow(catalog: Catalog) -> None:
    size = catalog.attributes("volume", "hetzner")["size_gb"]
    assert (size.grow_only, size.minimum, size.maximum) == (True, 10, 10240)


def test_the_drivers_catalogs_agree_with_each_other() -> None:
    packages = ("hetzner", "logical", "proxmox")
    merge([core_part(), *(load_part(f"reconciler.providers.{name}") for name in packages)])

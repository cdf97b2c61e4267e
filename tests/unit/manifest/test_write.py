"""What is recorded, as manifests: read again they say the same, and nothing that could be taken for else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.write.document import Placed, manifest_of
from reconciler.manifest.write.inventory import inventory_manifest
from reconciler.manifest.write.text import documents_text
from reconciler.manifest.yaml.characters import REFUSED_IN_VALUE
from reconciler.model.address import is_name
from reconciler.model.catalog import OWN_NAME
from reconciler.model.inventory import Credential, Datacenter, Endpoint, InventoryItem, Location, Provider
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes, ExternalRef, SecretRef, Value
from tests.rigs.core import recorded_of, resources, want, with_parts
from tests.rigs.examples import often
from tests.rigs.manifest import PUBLIC_KEY, catalog, load_text
from tests.rigs.rereading import UNFIT, read_again


def text_of(item: Recorded, placed: Placed | None = None) -> str:
    return documents_text([manifest_of(item, catalog(), placed or Placed()).document])


def compared(item: Desired, values: Attributes) -> dict[str, Value]:
    """What a plan would look at. Of a secret the manifest has the name alone; none is like no elements."""
    rules = catalog().attributes(item.type, item.provider_type)
    return {
        name: replace(value, fingerprint="") if isinstance(value, SecretRef) else value
        for name, value in values.items()
        if rules[name].settable and value != ()
    }


@settings(max_examples=often(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(resources())
def test_what_is_written_is_read_as_it_was_recorded(desired: Desired) -> None:
    known = desired.lifecycle.ignore_changes & {
        "tags",
        *catalog().attributes(desired.type, desired.provider_type),
    }
    rules = catalog().attributes(desired.type, desired.provider_type)
    names = {
        name: rules[name].default_for(desired.address.name)
        for name, each in desired.attributes.items()
        if each == OWN_NAME
    }
    desired = replace(
        desired,
        lifecycle=replace(desired.lifecycle, ignore_changes=known),
        attributes={**desired.attributes, **{name: each for name, each in names.items() if each is not None}},
    )
    recorded = recorded_of(desired, lifecycle=desired.lifecycle)
    text = text_of(recorded, Placed(desired.location))
    own = desired.attributes.get("location") if "location" in rules else None
    assume(own is None or is_name(str(own)))
    place = desired.location or (str(own) if own else None)
    if manifest_of(recorded, catalog()).omitted:
        reject()  # a character that no manifest may have
    try:
        again = read_again(text, desired, place)
    except ManifestError as error:
        codes = {problem.code.rpartition(".")[2] for problem in error.problems}
        if codes & UNFIT:
            reject()
        raise
    ours, theirs = (compared(each, each.attributes) for each in (again, desired))
    if place and "location" in rules and rules["location"].settable:
        theirs["location"] = place
    assert ours == theirs
    assert again.tags == desired.tags
    assert again.lifecycle == desired.lifecycle
    assert again.location == place
    assert {part.address: compared(part, part.attributes) for part in again.parts} == {
        part.address: compared(part, part.attributes) for part in desired.parts
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(8192, "8GiB"), (1000, "1000MiB"), (1024 * 1024, "1TiB"), (1536, "1536MiB")],
)
def test_sizes_are_written_as_people_write_them(value: int, text: str) -> None:
    made = text_of(recorded_of(want("vm/web", "proxmox", memory_mb=value)))
    assert yaml.safe_load(made)["spec"]["memory"] == text


def test_a_document_is_short_and_says_what_matters_first() -> None:
    key = recorded_of(want("ssh_key/admin", public_key=PUBLIC_KEY, tags={"on": "1e3", "note": "a: b"}))
    assert text_of(key) == (
        "apiVersion: reconciler/v1\n"
        "kind: SshKey\n"
        "metadata:\n"
        "  name: admin\n"
        '  tags: {note: \'a: b\', "on": "1e3"}\n'
        "spec:\n"
        "  endpoint: hetzner-1\n"
        f"  public_key: {PUBLIC_KEY}\n"
    )


def test_secrets_are_the_names_of_credentials() -> None:
    guest = recorded_of(want("vm/db", "proxmox", ci_password=SecretRef("pw", "0123456789ab")))
    assert yaml.safe_load(text_of(guest))["spec"]["ci_password"] == {"from": "credential/pw"}
    assert "0123456789ab" not in text_of(guest)


def test_what_no_manifest_can_say_is_left_out_and_told() -> None:
    volume = recorded_of(want("volume/data", size_gb=10))
    strange = replace(volume, attributes={**volume.attributes, "server": ExternalRef("vm", "4711")})
    found = manifest_of(strange, catalog())
    assert found.omitted == ("volume/data: server: vm with id 4711 is not managed",)
    assert "server" not in str(found.document)


def test_a_part_keeps_its_name() -> None:
    """A name that a person gave is written, one that its key makes is not."""
    subnet = {"ip_range": "10.0.1.0/24", "network_zone": "eu-central"}
    network = with_parts(want("network/prod", ip_range="10.0.0.0/16"), "subnet", subnet)
    (part,) = network.parts
    named = replace(network, parts=(replace(part, address=network.address.part("subnet", "front")),))
    by_key = replace(network, parts=(replace(part, address=network.address.part("subnet", "10.0.1.0-24")),))
    assert yaml.safe_load(text_of(recorded_of(named)))["spec"]["subnets"][0]["name"] == "front"
    assert "name" not in yaml.safe_load(text_of(recorded_of(by_key)))["spec"]["subnets"][0]


def test_the_inventory_is_read_as_it_was_written() -> None:
    items: list[InventoryItem] = [
        Location(
            "fsn1", "Falkenstein", "DE", "Falkenstein", Decimal("50.47612"), Decimal("12"), "Europe/Berlin"
        ),
        Credential("token", environment="TOKEN"),
        Credential("kept"),
        Provider("rented", "hetzner", "Rented", "What we rent."),
        Datacenter("park", "fsn1", "Park", capabilities={"compute": True}, providers=("rented",)),
        Endpoint(
            "hz", "rented", "hetzner", "https://api.hetzner.cloud/v1", credential="token", display_name="hz"
        ),
    ]
    read = load_text(documents_text([inventory_manifest(item) for item in items])).inventory
    found = [*read.locations, *read.credentials, *read.providers, *read.datacenters, *read.endpoints]
    assert sorted(map(repr, found)) == sorted(map(repr, items))


TEXTS = st.text() | st.text(st.sampled_from("\n:#-'\"0159eyn~ .|>"))


@given(TEXTS.filter(lambda text: not REFUSED_IN_VALUE.search(text)))
def test_any_text_comes_back(text: str) -> None:
    found = load_text(
        documents_text(
            [
                {
                    "apiVersion": "reconciler/v1",
                    "kind": "Provider",
                    "metadata": {"name": "p"},
                    "spec": {"type": "hetzner", "description": text},
                }
            ]
        )
    )
    (provider,) = found.inventory.providers
    assert provider.description == text

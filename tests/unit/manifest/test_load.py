"""What a good manifest becomes: canonical attributes, defaults, parts, references, lifecycle."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reconciler.errors import Location, ManifestError
from reconciler.manifest.load import load, load_offline
from reconciler.manifest.source.files import SourceFile
from reconciler.model.address import Address
from reconciler.model.resource import OnRemove, ReplacePolicy
from reconciler.model.values import SecretRef
from tests.rigs.manifest import KNOWN, PUBLIC_KEY, catalog, desired, load_text, manifest, problem, ssh_key

SERVER = """
endpoint: hetzner-1
server_type: cx22
image: debian-12
"""
GUEST = "endpoint: proxmox-1\n"


def test_an_ssh_key_goes_to_the_only_endpoint_that_has_ssh_keys() -> None:
    key = desired("ssh_key/admin", manifest("SshKey", "admin", f"public_key: {PUBLIC_KEY} someone@somewhere"))
    assert (key.endpoint, key.provider_type, key.type) == ("hetzner-1", "hetzner", "ssh_key")
    assert key.attributes == {"name": "admin", "public_key": PUBLIC_KEY}, "a key's comment means nothing"
    assert key.explicit == {"public_key"}


def test_a_resource_knows_the_line_it_was_written_at() -> None:
    found = load_text(ssh_key(), manifest("PlacementGroup", "web"), file="dir/set.yaml")
    assert found.desired[Address.parse("placement_group/web")].origin == Location("dir/set.yaml", 7, 1)


def test_defaults_of_the_catalog_are_desired_but_not_explicit() -> None:
    group = desired("placement_group/web", manifest("PlacementGroup", "web"))
    assert group.attributes == {"name": "web", "placement_type": "spread"}
    assert group.explicit == frozenset()


@pytest.mark.parametrize(
    ("name", "written", "is_called"), [("Web_1", "", "web-1"), ("a", "hostname: B.c", "b.c")]
)
def test_a_machine_is_called_like_its_manifest_unless_it_says_otherwise(
    name: str, written: str, is_called: str
) -> None:
    guest = desired(f"vm/{name}", manifest("VirtualMachine", name, GUEST + written))
    assert guest.attributes["hostname"] == is_called


@pytest.mark.parametrize("written", ["memory: 8GiB", "memory_mb: 8GiB", "memory_mb: 8192", "memory: 8192"])
def test_a_size_is_the_same_however_it_is_written(written: str) -> None:
    guest = desired("vm/db", manifest("VirtualMachine", "db", GUEST + written))
    assert guest.attributes["memory_mb"] == 8192
    assert guest.explicit == {"memory_mb"}


def test_a_duration_may_be_written_with_its_unit() -> None:
    guest = desired("vm/db", manifest("VirtualMachine", "db", GUEST + "startup_delay: 1m30s"))
    assert guest.attributes["startup_delay"] == 90


def test_numbers_truth_values_and_lists_are_canonical() -> None:
    spec = (
        GUEST + "cpu_limit: 1.50\nnuma_enabled: true\nhotplug: [usb, disk, usb]\nboot_order: [scsi1, scsi0]"
    )
    guest = desired("vm/db", manifest("VirtualMachine", "db", spec))
    assert guest.attributes["cpu_limit"] == Decimal("1.5")
    assert guest.attributes["numa_enabled"] is True
    again = desired("vm/db", manifest("VirtualMachine", "db", GUEST + "hotplug: [disk, usb]"))
    assert guest.attributes["hotplug"] == again.attributes["hotplug"], "a set has no order and no repeats"
    assert guest.attributes["boot_order"] == ("scsi1", "scsi0"), "a list keeps its order"


def test_references_are_addresses_whether_written_in_full_or_by_name() -> None:
    spec = SERVER + "ssh_keys: [ssh_key/zoe, admin]\nplacement_group: web"
    server = desired(
        "vm/web",
        manifest("VirtualMachine", "web", spec),
        ssh_key("admin"),
        ssh_key("zoe"),
        manifest("PlacementGroup", "web"),
    )
    keys = server.attributes["ssh_keys"]
    assert isinstance(keys, tuple)
    assert sorted(map(str, keys)) == ["ssh_key/admin", "ssh_key/zoe"]
    assert server.attributes["placement_group"] == Address.parse("placement_group/web")


def test_a_secret_is_a_reference_to_a_credential() -> None:
    spec = GUEST + "ci_password: {from: credential/db-password}"
    guest = desired("vm/db", manifest("VirtualMachine", "db", spec))
    assert guest.attributes["ci_password"] == SecretRef("db-password")


def test_a_location_is_recorded_and_given_to_a_provider_that_has_it_as_an_attribute() -> None:
    spec = "location: fsn1\ndatacenter: fsn1-park\n"
    server = desired("vm/web", manifest("VirtualMachine", "web", SERVER + spec))
    assert (server.location, server.datacenter) == ("fsn1", "fsn1-park")
    assert server.attributes["location"] == "fsn1"
    assert "location" in server.explicit
    guest = desired("vm/db", manifest("VirtualMachine", "db", GUEST + spec))
    assert guest.location == "fsn1"
    assert "location" not in guest.attributes


def test_lifecycle_tags_and_relations_are_read() -> None:
    rest = """
    lifecycle:
      prevent_destroy: true
      on_remove: retain
      ignore_changes: [memory, tags, disks]
      allow_downtime: true
      replace: allowed
      create_before_destroy: true
      adopt: "4711"
    depends_on: [database/main, database/main]
    member_of: [cluster/web]
    """
    document = manifest("VirtualMachine", "db", GUEST, rest).replace(
        "{name: db}", "{name: db, tags: {env: prod}}"
    )
    found = load_text(document, manifest("Database", "main"), manifest("Cluster", "web"))
    guest = found.desired[Address.parse("vm/db")]
    life = guest.lifecycle
    assert life.prevent_destroy
    assert life.allow_downtime
    assert life.create_before_destroy
    assert life.on_remove is OnRemove.RETAIN
    assert life.replace is ReplacePolicy.ALLOWED
    assert life.ignore_changes == {"memory_mb", "tags", "disks"}
    assert guest.adopt == "4711"
    assert guest.tags == {"env": "prod"}
    assert guest.depends_on == (Address.parse("database/main"),)
    assert guest.member_of == (Address.parse("cluster/web"),)


def test_annotations_change_nothing() -> None:
    annotated = ssh_key().replace("{name: admin}", "{name: admin, annotations: {owner: [a, {b: ~}]}}")
    assert desired("ssh_key/admin", annotated).hash() == desired("ssh_key/admin", ssh_key()).hash()


def test_the_order_of_documents_keys_and_files_changes_nothing() -> None:
    server = manifest("VirtualMachine", "web", SERVER + "ssh_keys: [admin]")
    turned = manifest("VirtualMachine", "web", "ssh_keys: [admin]" + SERVER)
    files = [SourceFile("b.yaml", ssh_key().encode()), SourceFile("a.yaml", turned.encode())]
    one, other = load_text(server, ssh_key()), load(files, catalog(), KNOWN)
    assert {a: d.hash() for a, d in one.desired.items()} == {a: d.hash() for a, d in other.desired.items()}


def test_the_content_hash_follows_the_documents_and_not_the_files_they_are_in() -> None:
    one = load_text(ssh_key("a"), ssh_key("b"))
    files = [SourceFile("x.yaml", ssh_key("b").encode()), SourceFile("y.yaml", ssh_key("a").encode())]
    assert load(files, catalog(), KNOWN).content_hash == one.content_hash
    assert load_text(ssh_key("a")).content_hash != one.content_hash


def test_offline_a_set_must_declare_all_it_refers_to() -> None:
    files = [SourceFile("a.yaml", ssh_key().encode())]
    with pytest.raises(ManifestError) as caught:
        load_offline(files, catalog())
    (problem,) = caught.value.problems
    assert problem.code == "manifest.unknown_endpoint"
    assert "declare a ProviderEndpoint of such a Provider" in str(problem)
    assert "hetzner" in str(problem)


def test_mistakes_are_told_beside_an_endpoint_that_there_is_not() -> None:
    spec = "endpoint: hetzner-2\nserver_typ: cx22\nmemory: 1GiB\ndisks: [{slot: scsi0, sizze: 1GiB}]"
    with pytest.raises(ManifestError) as caught:
        load_text(manifest("VirtualMachine", "web", spec))
    assert [str(problem).partition("vm/web: ")[2] for problem in caught.value.problems] == [
        "there is no endpoint `hetzner-2` (did you mean hetzner-1?)",
        "VirtualMachine has no attribute `server_typ` on any provider (did you mean server_type?)",
        "Disk has no attribute `sizze` on any provider (did you mean size?)",
    ]


def test_hundreds_of_mistakes_are_all_reported() -> None:
    documents = [manifest("PlacementGroup", f"g{number}", "placement_typ: spread") for number in range(300)]
    with pytest.raises(ManifestError) as caught:
        load_text(*documents)
    assert len(caught.value.problems) == 300


def test_a_mistake_made_in_every_document_is_listed_to_a_bound_and_counted_to_the_end() -> None:
    documents = 12_000
    with pytest.raises(ManifestError) as caught:
        load_text(*["{}\n"] * documents)
    error = caught.value
    assert error.count == 3 * documents  # no version, no kind, no metadata
    assert len(error.problems) == ManifestError.MOST
    assert error.problems[0].location == Location("set.yaml", 1, 1)
    assert (
        error.unlisted
        == f"… and {error.count - ManifestError.MOST} more; these are the first {ManifestError.MOST}"
    )


def test_known_attributes_are_named_once() -> None:
    found = problem(manifest("VirtualMachine", "a", "endpoint: hetzner-1\nqqqq: 1\nserver_type: a\nimage: b"))
    names = (found.hint or "").removeprefix("known attributes: ").split(", ")
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("attribute", "written", "value"),
    [("swap_mb", "swap: 0MiB", 0), ("swap_mb", "swap: 0", 0), ("startup_delay", "startup_delay: 0s", 0)],
)
def test_nothing_is_a_size_and_a_duration_where_the_provider_takes_it(
    attribute: str, written: str, value: int
) -> None:
    guest = desired("container/ct", manifest("Container", "ct", GUEST + written))
    assert guest.attributes[attribute] == value

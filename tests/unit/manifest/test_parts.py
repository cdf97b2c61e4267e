"""Inline parts: their addresses, what tells them apart, and what is wrong with them."""

from __future__ import annotations

import pytest

from reconciler.errors import Location
from reconciler.model.address import Address
from tests.rigs.manifest import desired, load_text, manifest, problem

NETWORK = manifest("Network", "prod", "ip_range: 10.0.0.0/8")


def firewall(*rules: str) -> str:
    return manifest("Firewall", "web", "rules:\n" + "\n".join(f"  - {rule}" for rule in rules))


SSH = '{direction: in, protocol: tcp, port: "22", source_ips: [10.0.0.0/8]}'
ICMP = "{direction: in, protocol: icmp, source_ips: [10.0.0.0/8, 192.0.2.0/24]}"


def test_a_part_is_named_by_its_key_and_listed_with_its_parent() -> None:
    guest = desired(
        "vm/db", manifest("VirtualMachine", "db", "endpoint: proxmox-1\ndisks: [{slot: scsi0, size: 32GiB}]")
    )
    (disk,) = guest.parts
    assert str(disk.address) == "vm/db/disk/scsi0"
    assert disk.attributes == {"slot": "scsi0", "size_gb": 32}
    assert (disk.endpoint, disk.provider_type) == ("proxmox-1", "proxmox")
    assert disk.origin == Location("set.yaml", 6, 11)
    assert guest.collections == {"disk"}, "disks not listed are to go"


def test_an_empty_list_wants_no_parts_and_no_list_leaves_them_alone() -> None:
    empty = desired("vm/db", manifest("VirtualMachine", "db", "endpoint: proxmox-1\ndisks: []"))
    silent = desired("vm/db", manifest("VirtualMachine", "db", "endpoint: proxmox-1"))
    assert empty.collections == {"disk"}
    assert silent.collections == frozenset()


def test_a_part_may_have_a_name_of_its_own() -> None:
    spec = "ip_range: 10.0.0.0/8\nsubnets: [{name: web, ip_range: 10.0.1.0/24, network_zone: eu-central}]"
    (subnet,) = desired("network/prod", manifest("Network", "prod", spec)).parts
    assert str(subnet.address) == "network/prod/subnet/web"
    assert subnet.attributes["subnet_type"] == "cloud", "defaults hold for parts too"


def test_keys_that_are_no_names_make_readable_names() -> None:
    spec = """
    ip_range: 10.0.0.0/8
    subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]
    routes: [{destination: 10.9.0.0/16, gateway: 10.0.1.2}]
    """
    parts = desired("network/prod", manifest("Network", "prod", spec)).parts
    assert [part.address.name for part in parts] == ["10.0.1.0-24", "10.9.0.0-16-10.0.1.2"]


def test_a_reference_as_a_key_names_the_part_by_its_target() -> None:
    spec = "endpoint: hetzner-1\nserver_type: cx22\nimage: debian-12\nnetworks: [{network: prod}]"
    (part,) = desired("vm/web", manifest("VirtualMachine", "web", spec), NETWORK).parts
    assert str(part.address) == "vm/web/network_attachment/prod"
    assert part.attributes["network"] == Address.parse("network/prod")


def test_parts_without_a_key_are_named_by_their_content_whatever_their_order() -> None:
    one = desired("firewall/web", firewall(SSH, ICMP))
    turned = "{source_ips: [192.0.2.0/24, 10.0.0.0/8], protocol: icmp, direction: in}"
    other = desired("firewall/web", firewall(turned, SSH))
    assert {part.address for part in one.parts} == {part.address for part in other.parts}
    assert one.hash() == other.hash()
    names = [part.address.name for part in one.parts]
    assert names[0].startswith("in-tcp-22-")
    assert names[1].startswith("in-icmp-")


def test_another_content_is_another_part() -> None:
    (one,) = desired("firewall/web", firewall(SSH)).parts
    (other,) = desired("firewall/web", firewall(SSH.replace("10.0.0.0/8", "10.1.0.0/16"))).parts
    assert one.address != other.address


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ("[{slot: scsi0, size: 1GiB}, {slot: scsi0, size: 2GiB}]", "slot scsi0"),
        ("[{slot: scsi0, name: a}, {slot: scsi1, name: a}]", "the name a"),
    ],
)
def test_two_parts_of_one_identity_are_refused_with_both_places(items: str, what: str) -> None:
    found = problem(manifest("VirtualMachine", "db", f"endpoint: proxmox-1\ndisks: {items}"))
    assert found.code == "manifest.duplicate_part"
    assert what in found.message
    assert "line 6, column 11" in found.message


def test_two_equal_rules_are_refused() -> None:
    assert problem(firewall(SSH, SSH)).code == "manifest.duplicate_part"


@pytest.mark.parametrize(
    ("disks", "code", "column"),
    [
        ("{slot: scsi0}", "type", 3),
        ("[scsi0]", "type", 11),
        ("[{size: 1GiB}]", "required", 11),
        ("[{slot: scsi0, volume_id: x}]", "read_only", 25),
        ("[{slot: scsi0, sise: 1GiB}]", "unknown_attribute", 25),
        ("[{slot: scsi0, name: a b}]", "name", 25),
    ],
)
def test_a_mistake_in_a_part_is_reported_where_it_is(disks: str, code: str, column: int) -> None:
    found = problem(manifest("VirtualMachine", "db", f"endpoint: proxmox-1\ndisks: {disks}"))
    assert (found.code, found.location) == (f"manifest.{code}", Location("set.yaml", 6, column))


def test_a_reference_to_a_part_must_meet_one() -> None:
    guest = manifest("VirtualMachine", "db", "endpoint: proxmox-1\ndisks: [{slot: scsi0}]")
    good = manifest("Service", "shop", "", "depends_on: [vm/db/disk/scsi0]")
    assert load_text(guest, good).desired[Address.parse("service/shop")].depends_on
    assert problem(guest, good.replace("scsi0", "scsi1")).code == "manifest.unknown_reference"

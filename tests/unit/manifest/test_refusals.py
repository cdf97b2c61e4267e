"""What is wrong with a manifest is said with its code, its exact place, and what to do about it."""

from __future__ import annotations

import pytest

from reconciler.errors import Location
from tests.rigs.manifest import load_text, manifest, problem, problems, ssh_key

HETZNER = "endpoint: hetzner-1\nserver_type: cx22\nimage: debian-12\n"  # lines 5 to 7 of its document
PROXMOX = "endpoint: proxmox-1\n"  # line 5


def server(extra: str, rest: str = "") -> str:
    return manifest("VirtualMachine", "web", HETZNER + extra, rest)


def guest(extra: str, rest: str = "") -> str:
    return manifest("VirtualMachine", "web", PROXMOX + extra, rest)


CASES = {
    "an unknown attribute": (
        server("server_typo: x"),
        "unknown_attribute",
        (8, 3),
        ["did you mean server_type"],
    ),
    "an attribute of another provider": (
        server("cpu_type: host"),
        "unknown_attribute",
        (8, 3),
        ["on proxmox"],
    ),
    "an attribute of another kind": (server("filesystem: ext4"), "unknown_attribute", (8, 3), ["Volume"]),
    "an observed attribute": (server("architecture: x86"), "read_only", (8, 3), ["observed"]),
    "a number for a text": (
        manifest("Database", "main", "version: 1.10"),
        "type",
        (5, 12),
        ["`1.10` is read as the number 1.1", 'quote it: "1.10"'],
    ),
    "a whole number for a text": (manifest("Database", "main", "version: 17"), "type", (5, 12), ['"17"']),
    "a truth value for a text": (manifest("Database", "main", "engine: true"), "type", (5, 11), ['"true"']),
    "a text for a number": (guest("cpu_cores: four"), "type", (6, 14), ["whole number"]),
    "a quoted number": (guest('cpu_cores: "4"'), "type", (6, 14), ["without quotes: 4"]),
    "a fraction for a whole number": (guest("cpu_cores: 1.5"), "type", (6, 14), ["1.5"]),
    "a text for a truth value": (server('backups: "true"'), "type", (8, 12), ["without quotes"]),
    "one value for a list": (server("ssh_keys: admin"), "type", (8, 13), ["write [admin]"]),
    "a list for one value": (guest("cpu_type: [host]"), "type", (6, 13), ["not a list"]),
    "a mapping for one value": (guest("cpu_type: {a: b}"), "type", (6, 13), ["not a mapping"]),
    "no value": (guest("start_on_boot:"), "empty_value", (6, 17), ["remove the line"]),
    "too small": (guest("memory: 8MiB"), "range", (6, 11), ["at least 16 MiB"]),
    "more than can be recorded, by its unit": (
        guest("memory: 999999999999999999TiB"),
        "range",
        (6, 11),
        ["9223372036854775807 MiB at most"],
    ),
    "too large": (guest("cpu_limit: 129"), "range", (6, 14), ["at most 128"]),
    "a decimal unit": (guest("memory: 8GB"), "unit", (6, 11), ["8GiB"]),
    "a size that is not whole": (guest("memory: 1KiB"), "unit", (6, 11), ["nearest"]),
    "a value that is not allowed": (
        server("power_state: runing"),
        "allowed",
        (8, 16),
        ["did you mean running"],
    ),
    "too long": (guest(f"machine_type: {'x' * 41}"), "length", (6, 17), ["40"]),
    "not of the pattern": (guest("disks: [{slot: scsi31}]"), "pattern", (6, 18), ["scsi31"]),
    "a damaged address range": (
        manifest("Network", "net", "ip_range: 10.0.0.1/16"),
        "format",
        (5, 13),
        ["host bits", "did you mean 10.0.0.0/16"],
    ),
    "an address for a range": (manifest("Network", "net", "ip_range: 10.0.0.1"), "format", (5, 13), ["/32"]),
    "a private key": (
        manifest("SshKey", "k", 'public_key: "-----BEGIN OPENSSH PRIVATE KEY-----"'),
        "format",
        (5, 15),
        ["private key"],
    ),
    "something missing": (
        manifest("VirtualMachine", "web", "endpoint: hetzner-1\nimage: debian-12"),
        "required",
        (5, 3),
        ["server_type is missing"],
    ),
    "a size given twice": (
        guest("memory: 1GiB\nmemory_mb: 1024"),
        "duplicate_attribute",
        (7, 3),
        ["memory_mb"],
    ),
    "no such endpoint": (
        manifest("VirtualMachine", "web", "endpoint: hetzner-2"),
        "unknown_endpoint",
        (5, 13),
        ["did you mean hetzner-1"],
    ),
    "an endpoint without the kind": (
        manifest("SshKey", "k", "endpoint: proxmox-1"),
        "not_offered",
        (5, 13),
        ["proxmox", "hetzner-1"],
    ),
    "an endpoint that must be chosen": (
        manifest("VirtualMachine", "web", "image: debian-12"),
        "required",
        (5, 3),
        ["hetzner-1 or proxmox-1"],
    ),
    "no such location": (server("location: fsn2"), "unknown_location", (8, 13), ["did you mean fsn1"]),
    "no such datacenter": (server("datacenter: moon"), "unknown_datacenter", (8, 15), ["kind: Datacenter"]),
    "no such resource": (server("ssh_keys: [admni]"), "unknown_reference", (8, 14), ["ssh_key/admni"]),
    "a reference of a wrong type": (
        server("placement_group: network/n"),
        "reference",
        (8, 20),
        ["not to network"],
    ),
    "no such dependency": (
        server("", "depends_on: [database/main]"),
        "unknown_reference",
        (8, 14),
        ["database"],
    ),
    "a dependency without type": (server("", "depends_on: [main]"), "address", (8, 14), ["type/name"]),
    "itself": (server("", "member_of: [vm/web]"), "self_reference", (8, 13), ["itself"]),
    "no such credential": (
        guest("ci_password: {from: credential/db-pasword}"),
        "unknown_credential",
        (6, 3),
        ["did you mean db-password"],
    ),
    "no kind": ("apiVersion: reconciler/v1\nmetadata: {name: a}\n", "required", (1, 1), ["kind"]),
    "no such kind": (manifest("SshKeys", "k"), "unknown_kind", (2, 7), ["did you mean SshKey"]),
    "a part on its own": (manifest("Disk", "d"), "part_kind", (2, 7), ["disks"]),
    "another version": (
        ssh_key().replace("reconciler/v1", "v2"),
        "api_version",
        (1, 13),
        ["apiVersion: reconciler/v1"],
    ),
    "an unknown key at the top": (ssh_key() + "life_cycle: {}\n", "unknown_key", (6, 1), ["lifecycle"]),
    "an attribute at the top": (ssh_key() + "public_key: x\n", "unknown_key", (6, 1), ["spec"]),
    "a bad name": (manifest("SshKey", '"a b"', ""), "name", (3, 18), ["a b"]),
    "a tag that is no text": (
        ssh_key().replace("{name: admin}", "{name: admin, tags: {v: 1}}"),
        "type",
        (3, 32),
        ["quotes"],
    ),
    "an unknown lifecycle key": (
        ssh_key() + "lifecycle: {prevent_destory: true}\n",
        "unknown_key",
        (6, 13),
        ["prevent_destroy"],
    ),
    "an unknown removal policy": (
        ssh_key() + "lifecycle: {on_remove: keep}\n",
        "value",
        (6, 13),
        ["'retain'"],
    ),
    "an unknown attribute to ignore": (
        server("", "lifecycle: {ignore_changes: [imag]}"),
        "unknown_attribute",
        (8, 30),
        ["did you mean image"],
    ),
    "creation before destruction where names are unique": (
        server("", "lifecycle: {create_before_destroy: true}"),
        "create_before_destroy",
        (8, 13),
        ["no two VirtualMachine of one name"],
    ),
    "an external id that is no text": (ssh_key() + "lifecycle: {adopt: 4711}\n", "type", (6, 13), ["quotes"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_where_it_is_with_what_to_do(
    case: tuple[str, str, tuple[int, int], list[str]],
) -> None:
    document, code, place, fragments = case
    found = problem(document)
    assert found.code == f"manifest.{code}", found
    assert found.location == Location("set.yaml", *place), found
    for fragment in fragments:
        assert fragment in str(found)


@pytest.mark.parametrize("literal", ["hunter2", "22:30", "[22:30, NO]", "{secret: 0755}", "{from: 22:30}"])
@pytest.mark.parametrize("attribute", ["user_data", "user_dta"])
def test_a_secret_written_out_is_refused_without_being_repeated(attribute: str, literal: str) -> None:
    found = problems(server(f"{attribute}: {literal}"))
    assert {each.code for each in found} <= {
        "manifest.secret_literal",
        "manifest.secret_source",
        "manifest.unknown_attribute",
    }
    for word in ("hunter2", "22:30", "0755"):
        assert all(word not in str(each) for each in found)


def test_one_address_declared_twice_names_both_places() -> None:
    found = problem(ssh_key(), manifest("PlacementGroup", "g"), ssh_key())
    assert found.code == "manifest.duplicate_address"
    assert found.location == Location("set.yaml", 11, 1)
    assert "set.yaml:1:1" in found.message


def test_all_problems_of_all_documents_come_at_once_in_the_order_of_the_lines() -> None:
    found = problems(
        "a: [\n", manifest("Nothing", "none"), server("imag: x\nbackups: 1"), ssh_key() + "x: 1\n"
    )
    assert [each.code.removeprefix("manifest.") for each in found] == [
        "yaml.syntax",
        "unknown_kind",
        "unknown_attribute",
        "type",
        "unknown_key",
    ]
    places = [each.location for each in found]
    assert places == sorted(places, key=lambda place: place or Location(""))


def test_a_resource_with_mistakes_does_not_make_its_users_wrong() -> None:
    found = problems(server("ssh_keys: [admin]"), ssh_key().replace("public_key", "public_kye"))
    assert {each.address for each in found} == {"ssh_key/admin"}


def test_a_reference_to_what_another_endpoint_has_is_refused() -> None:
    volume = manifest("Volume", "data", "size: 10GiB\nserver: web")
    found = problem(guest(""), volume)
    assert found.code == "manifest.other_endpoint"
    assert "proxmox-1" in found.message
    assert "hetzner-1" in found.message


def test_what_is_no_resource_cannot_be_depended_on() -> None:
    found = problem(
        manifest("Location", "lab"), manifest("Service", "shop", "", "depends_on: [location/lab]")
    )
    assert found.code == "manifest.unknown_reference"


def test_mere_order_may_cross_endpoints() -> None:
    service = manifest("Service", "shop", "", "depends_on: [vm/web, ssh_key/admin]")
    assert len(load_text(service, guest(""), ssh_key()).desired) == 3


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n"])
def test_a_set_without_any_document_is_refused(text: str) -> None:
    assert problem(text).code == "manifest.empty"


def test_what_needs_itself_by_way_of_others_is_told_once_and_where() -> None:
    documents = [
        manifest("Service", "a", rest="depends_on: [service/c]"),
        manifest("Service", "b", rest="depends_on: [service/a]"),
        manifest("Service", "c", rest="member_of: [service/b]"),
        manifest("Service", "free", rest="depends_on: [service/a]"),
    ]
    found = problem(*documents)
    assert found.code == "manifest.circle"
    assert found.location == Location("set.yaml", 4, 14)
    assert "service/a → service/c → service/b → service/a" in found.message

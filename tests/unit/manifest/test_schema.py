"""The JSON Schema for editors: a draft that they read, true to what `load` accepts, made from the catalog."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from reconciler.errors import ManifestError
from reconciler.manifest.load import load_offline
from reconciler.manifest.read.forms import plain
from reconciler.manifest.schema.document import json_schema
from reconciler.manifest.source.files import collect
from reconciler.manifest.yaml.reader import read_documents
from tests.rigs.manifest import catalog, load_text, manifest, ssh_key

DEMO = Path(__file__).parents[3] / "manifests" / "demo"
HETZNER = "endpoint: hetzner-1\nserver_type: cx22\nimage: debian-12\n"


@cache
def validator(kind: str | None = None) -> Draft7Validator:
    schema = json.loads(json.dumps(json_schema(catalog(), kind)))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def errors(text: str, kind: str | None = None) -> list[str]:
    documents, problems = read_documents(text, "a.yaml")
    assert not problems
    return [error.message for each in documents for error in validator(kind).iter_errors(plain(each.node))]


def demo_texts() -> list[tuple[str, str]]:
    files, problems = collect([DEMO], BytesIO())
    assert not problems
    return [(str(Path(file.display_name).relative_to(DEMO)), file.content.decode()) for file in files]


def test_the_demo_loads_offline_without_a_problem() -> None:
    files, problems = collect([DEMO], BytesIO())
    assert not problems
    found = load_offline(files, catalog())
    kinds = {address.type for address in found.desired}
    assert kinds >= {
        *("ssh_key", "network", "firewall", "placement_group", "vm", "volume", "floating_ip", "primary_ip"),
        *("pool", "container", "cluster", "database", "service"),
    }
    assert {each.name for each in found.inventory.endpoints} == {"hetzner-sim", "proxmox-sim", "logical"}


@pytest.mark.parametrize(("name", "text"), demo_texts(), ids=lambda value: value if len(value) < 60 else "")
def test_the_schema_accepts_the_demo(name: str, text: str) -> None:
    assert errors(text) == []


GOOD = [
    ssh_key(),
    manifest("VirtualMachine", "db", "endpoint: proxmox-1\nmemory: 8GiB\ndisks: [{slot: scsi0, size: 1TiB}]"),
    manifest("VirtualMachine", "db", "endpoint: proxmox-1\nmemory_mb: 8192\nstartup_delay: 1m30s\ndisks: []"),
    manifest("VirtualMachine", "db", "endpoint: proxmox-1\nci_password: {from: credential/db-password}"),
    manifest("VirtualMachine", "db", "endpoint: proxmox-1\ncpu_limit: 1.5\nhotplug: [usb]\ncpu_type: host"),
    manifest("VirtualMachine", "web", HETZNER + "location: fsn1\nbackups: true"),
    manifest("Volume", "data", "size: 10GiB", 'lifecycle: {on_remove: block, adopt: "17", replace: allowed}'),
    manifest("Cluster", "web"),
    manifest("Location", "lab", "latitude: 47.07\nlongitude: 15"),
    manifest("Credential", "token", "stored: true"),
    manifest("ProviderEndpoint", "e", "provider: hetzner-main\nsettings: {shutdown_timeout: 2m}"),
    manifest("AttributeDefinition", "owner", "applies_to: {service: {change: in_place, default: jane}}"),
]
BAD = {
    "an unknown attribute": manifest("SshKey", "k", "publik_key: x"),
    "something missing": manifest("SshKey", "k"),
    "a size missing under both its names": manifest("Volume", "data", "filesystem: ext4"),
    "a number for a text": manifest("Database", "main", "version: 17"),
    "a value that is not allowed": manifest("Volume", "data", "size: 10GiB\nfilesystem: zfs"),
    "a decimal unit": manifest("Volume", "data", "size: 10GB"),
    "too small": manifest("Volume", "data", "size: 9"),
    "a secret written out": manifest("VirtualMachine", "web", HETZNER + "user_data: hunter2"),
    "an observed attribute": manifest("VirtualMachine", "web", HETZNER + "architecture: x86"),
    "a mistake in a part": manifest(
        "VirtualMachine", "db", "endpoint: p\ndisks: [{slot: scsi0, sise: 1GiB}]"
    ),
    "an unknown kind": manifest("SshKeys", "k"),
    "an unknown key at the top": ssh_key() + "life_cycle: {}\n",
    "an unknown policy": ssh_key() + "lifecycle: {on_remove: keep}\n",
    "an attribute without a value": ssh_key().replace("public_key: ", "public_key: null #"),
    "two sources of a secret": manifest("Credential", "token", "environment: A\nfile: /a"),
    "an unknown setting": manifest("ProviderEndpoint", "e", "provider: p\nsettings: {nodes: a}"),
    "tags on what has none": ssh_key()
    .replace("SshKey", "Location")
    .replace("admin}", "admin, tags: {a: b}}"),
}


@pytest.mark.parametrize("text", GOOD)
def test_what_load_accepts_the_schema_accepts(text: str) -> None:
    load_text(text)
    assert errors(text) == []


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_the_schema_refuses_what_an_editor_can_know_to_be_wrong(text: str) -> None:
    assert errors(text)


@pytest.mark.parametrize(
    "around", ["{}---\n", "---\n# nothing here\n---\n{}", "{}---\n---\n# the end\n", "---\n{}...\n"]
)
def test_an_empty_document_is_one_to_editors_and_none_to_us(around: str) -> None:
    """Editors judge each document of a stream, those too that hold nothing."""
    text = around.format(ssh_key())
    assert len(load_text(text).desired) == 1
    judged = list(yaml.safe_load_all(text))
    assert [error.message for each in judged for error in validator().iter_errors(each)] == []


@pytest.mark.parametrize(
    ("kind", "fits"), [("Group", True), ("Location", True), ("SshKey", False), ("Provider", False)]
)
def test_a_spec_of_nothing_is_judged_alike_by_both(kind: str, fits: bool) -> None:
    text = manifest(kind, "a", rest="spec:")
    try:
        load_text(text)
        loads = True
    except ManifestError:
        loads = False
    assert (loads, not errors(text)) == (fits, fits)


def test_one_kind_can_be_had_alone() -> None:
    assert errors(ssh_key(), "SshKey") == []
    assert errors(manifest("Cluster", "web"), "SshKey")
    with pytest.raises(KeyError):
        json_schema(catalog(), "Disk")


def test_the_union_can_be_narrowed_to_some_provider_types() -> None:
    spec = json_schema(catalog(), "VirtualMachine", ["hetzner"])["definitions"]["VirtualMachine"]
    properties = spec["properties"]["spec"]["properties"]
    assert "server_type" in properties
    assert "cpu_type" not in properties
    assert "disks" not in properties


def test_descriptions_say_where_an_attribute_exists_and_how_it_changes() -> None:
    spec = json_schema(catalog(), "VirtualMachine")["definitions"]["VirtualMachine"]["properties"]["spec"]
    assert "Only on proxmox." in spec["properties"]["memory"]["description"]
    assert "Unit: MiB." in spec["properties"]["memory"]["description"]
    assert "replaces" in spec["properties"]["image"]["description"]


def test_what_is_written_beside_the_spec_is_explained_to_editors() -> None:
    definitions = json_schema(catalog(), "VirtualMachine")["definitions"]
    endpoint = json_schema(catalog(), "ProviderEndpoint")["definitions"]["ProviderEndpoint"]
    fields = {**definitions["lifecycle"]["properties"], **endpoint["properties"]["spec"]["properties"]}
    silent = {name for name, field in fields.items() if not field.get("description")}
    assert silent == {"display_name", "settings"}, "the settings are explained one by one"


@pytest.mark.parametrize("kind", [None, "SshKey"])
def test_a_document_with_nothing_in_it_is_no_mistake(kind: str | None) -> None:
    assert list(validator(kind).iter_errors(None)) == []
    assert list(validator(kind).iter_errors([])) != []


def test_an_empty_spec_is_judged_as_the_reader_judges_it() -> None:
    for kind, good in (("Group", True), ("Location", True), ("Credential", False), ("SshKey", False)):
        text = f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n"
        assert (errors(text) == []) is good, kind

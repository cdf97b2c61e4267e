"""Providers, endpoints, credentials, locations and datacenters, read and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.load import load
from reconciler.manifest.model import Known
from reconciler.manifest.source.files import SourceFile
from tests.rigs.manifest import KNOWN, catalog, load_text, manifest, problem, problems, ssh_key

PROVIDER = manifest("Provider", "home", "type: proxmox")
CREDENTIAL = manifest("Credential", "token", "environment: PVE_TOKEN")


def endpoint(extra: str = "") -> str:
    return manifest("ProviderEndpoint", "pve", f"provider: home\nurl: https://pve.example:8006\n{extra}")


def test_an_endpoint_is_read_with_its_provider_credential_and_settings() -> None:
    extra = "credential: token\ndrift: report\nrate_limit_per_hour: 900\n"
    extra += "settings: {node: pve1, vmid_min: 5000, shutdown_timeout: 3m}"
    found = load_text(endpoint(extra), PROVIDER, CREDENTIAL, known=Known()).inventory
    (pve,) = found.endpoints
    assert (pve.name, pve.provider, pve.provider_type) == ("pve", "home", "proxmox")
    assert (pve.url, pve.credential, pve.drift_policy) == ("https://pve.example:8006", "token", "report")
    assert pve.request_limit_per_hour == 900
    assert pve.settings == {"node": "pve1", "vmid_min": 5000, "shutdown_timeout": 180}
    assert found.providers[0].provider_type == "proxmox"
    assert pve.origin is not None
    assert pve.origin.line == 1


def test_a_relative_certificate_file_lies_beside_its_manifest(tmp_path: Path) -> None:
    text = "---\n".join([endpoint("ca_file: ../ca.pem"), PROVIDER]).encode()
    files = [SourceFile(str(tmp_path / "inventory" / "pve.yaml"), text)]
    (pve,) = load(files, catalog()).inventory.endpoints
    assert pve.ca_file == str(tmp_path / "ca.pem")
    with pytest.raises(ManifestError) as caught:
        load(files, catalog(), in_folder=False)
    assert caught.value.problems[0].code == "manifest.relative_path"


@pytest.mark.parametrize(
    ("spec", "read"),
    [
        ("environment: TOKEN", ("TOKEN", None, False)),
        ("file: /run/secrets/token", (None, "/run/secrets/token", False)),
        ("stored: true", (None, None, True)),
    ],
)
def test_a_credential_says_where_its_secret_is(spec: str, read: tuple[str | None, str | None, bool]) -> None:
    (found,) = load_text(manifest("Credential", "token", spec)).inventory.credentials
    assert (found.environment, found.file, found.stored) == read


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('"2027-01-31"', datetime(2027, 1, 31, tzinfo=UTC)),
        ('"2027-01-31T12:00:00Z"', datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ('"2027-01-31T12:00:00+02:00"', datetime(2027, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_credential_may_say_when_it_expires(text: str, at: datetime) -> None:
    spec = f"stored: true\nexpires: {text}"
    (found,) = load_text(manifest("Credential", "token", spec)).inventory.credentials
    assert (found.stored, found.expires_at) == (True, at)


@pytest.mark.parametrize("text", ["2027-02-30", "soon", "2027-01-31T25:00:00Z", "20270131", "2027-1-31"])
def test_a_credential_that_expires_on_no_day_is_refused(text: str) -> None:
    found = problem(manifest("Credential", "token", f'stored: true\nexpires: "{text}"'))
    assert "expires" in found.message


@pytest.mark.parametrize("spec", ["", "environment: A\nfile: /a", 'expires: "2027-01-31"'])
def test_a_credential_has_exactly_one_source(spec: str) -> None:
    assert problem(manifest("Credential", "token", spec)).code == "manifest.credential"


def test_a_secret_in_a_credential_is_not_repeated() -> None:
    found = problems(manifest("Credential", "token", "value: 22:30"))
    assert [each.code for each in found] == ["manifest.unknown_key"]
    assert "22:30" not in str(found[0])


def test_locations_and_datacenters_are_read() -> None:
    place = manifest(
        "Location",
        "lab",
        "country_code: AT\ncity: Graz\nlatitude: 47.07\nlongitude: 15.44\ntime_zone: Europe/Vienna",
    )
    building = manifest(
        "Datacenter", "cellar", "location: lab\ncapabilities: [gpu, compute]\nproviders: [home]"
    )
    found = load_text(building, place, PROVIDER).inventory
    assert (found.locations[0].latitude, found.locations[0].longitude) == (Decimal("47.07"), Decimal("15.44"))
    assert (found.datacenters[0].location, found.datacenters[0].providers) == ("lab", ("home",))
    assert found.datacenters[0].capabilities == {"compute": True, "gpu": True}


@pytest.mark.parametrize(
    "known",
    [
        Known(datacenters=frozenset({"cellar"}), providers_in={"cellar": frozenset({"home"})}),
        Known(datacenters=frozenset({"cellar"}), location_of={"cellar": "nbg1"}),
    ],
)
@pytest.mark.parametrize("declared", [False, True])
def test_a_datacenter_of_another_provider_or_location_is_refused(known: Known, declared: bool) -> None:
    machine = manifest(
        "VirtualMachine",
        "web",
        "endpoint: hetzner-1\nserver_type: cx22\nimage: debian-12\ndatacenter: cellar\nlocation: fsn1",
    )
    there = known.location_of.get("cellar", "fsn1")
    rest = "\nproviders: [home]" if known.providers_in else ""
    building = manifest("Datacenter", "cellar", f"location: {there}{rest}")
    around = replace(KNOWN, datacenters=known.datacenters, provider_of={"hetzner-1": "hetzner-main"})
    if declared:
        found = problem(building, machine, PROVIDER, known=around)
    else:
        found = problem(
            machine,
            known=replace(around, location_of=known.location_of, providers_in=known.providers_in),
        )
    assert found.code == "manifest.place"
    assert ("one of home, not of hetzner-main" if rest else "is at nbg1, not at fsn1") in str(found)


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (manifest("Provider", "home", "type: proxmx"), "no_driver", "did you mean proxmox"),
        (manifest("ProviderType", "vmware"), "no_driver", "install the package"),
        (manifest("ProviderEndpoint", "pve", "provider: nobody"), "unknown_provider", "kind: Provider"),
        (
            manifest("ProviderEndpoint", "pve", "provider: hetzner-main\ncredential: x"),
            "unknown_credential",
            "x",
        ),
        (
            manifest("ProviderEndpoint", "pve", "provider: hetzner-main\nsettings: {nodes: a}"),
            "unknown_setting",
            "node",
        ),
        (manifest("ProviderEndpoint", "pve", "provider: hetzner-main\nurl: https://a:b@c"), "value", "url"),
        (manifest("ProviderEndpoint", "pve", "provider: hetzner-main\ndrift: fix"), "value", "'report'"),
        (manifest("ProviderEndpoint", "pve", "provider: hetzner-main\nurl:"), "empty_value", "spec.url"),
        (manifest("Location", "x1", "time_zone: Europe/Berln"), "value", "time zone"),
        (manifest("Location", "x1", "latitude: 91\nlongitude: 0"), "value", "latitude"),
        (manifest("Location", "x1", 'latitude: "50"\nlongitude: 0'), "value", "number"),
        (manifest("Location", "x1", "latitude: 50"), "required", "both"),
        (manifest("Location", "x1", "country: AT"), "unknown_key", "did you mean country_code"),
        (manifest("Datacenter", "d1", "location: moon"), "unknown_location", "kind: Location"),
        (manifest("Datacenter", "d1", "location: fsn1\nproviders: [nobody]"), "unknown_provider", "nobody"),
        (manifest("Provider", "home", "type: proxmox", "lifecycle: {}"), "unknown_key", "no lifecycle"),
    ],
)
def test_a_mistake_in_the_inventory_is_reported(document: str, code: str, words: str) -> None:
    found = problem(document)
    assert found.code == f"manifest.{code}", found
    assert words in str(found)
    assert found.location is not None
    assert found.location.line > 0


def test_a_broken_endpoint_does_not_make_its_resources_wrong() -> None:
    found = problem(
        manifest("ProviderEndpoint", "new", "provider: hetzner-main\ndrfit: heal"),
        ssh_key().replace("spec:", "spec:\n  endpoint: new"),
    )
    assert found.code == "manifest.unknown_key"


def test_a_place_that_contradicts_its_datacenter_is_refused() -> None:
    found = problem(
        manifest("Datacenter", "d1", "location: nbg1"),
        manifest("PlacementGroup", "web", "location: fsn1\ndatacenter: d1"),
    )
    assert found.code == "manifest.place"

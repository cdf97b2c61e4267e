"""What the simulated API refuses and how, over plain HTTP: a client must be able to trust each refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.hetzner_rig import (
    KEY_1,
    KEY_2,
    OTHER_TOKEN,
    Rig,
    fields,
    group,
    refusal,
    running,
    violations,
)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as rig:
        yield rig
        refused = [exchange for exchange in rig.api.exchanges if exchange.status in (409, 412, 422, 423)]
        assert [text for exchange in refused for text in violations(exchange)] == []


# --- who asks, and how -------------------------------------------------------------------------------


def test_a_missing_or_unknown_token_is_unauthorized(rig: Rig) -> None:
    assert refusal(rig.ask("GET", "/servers", token="wrong")) == (401, "unauthorized")
    assert refusal(rig.ask("GET", "/servers", token="")) == (401, "unauthorized")


def test_another_projects_token_sees_another_empty_project(rig: Rig) -> None:
    server = rig.machine()
    assert rig.ask("GET", "/servers", token=OTHER_TOKEN).json()["servers"] == []
    assert refusal(rig.ask("GET", f"/servers/{server['id']}", token=OTHER_TOKEN)) == (404, "not_found")
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12"}
    assert rig.ask("POST", "/servers", body, token=OTHER_TOKEN).status_code == 201


def test_unknown_paths_objects_and_methods_are_told_apart(rig: Rig) -> None:
    assert refusal(rig.ask("GET", "/nothing")) == (404, "not_found")
    assert refusal(rig.ask("GET", "/servers/web-1")) == (404, "not_found")
    assert refusal(rig.ask("GET", "/servers/1")) == (404, "not_found")
    assert refusal(rig.ask("DELETE", "/servers")) == (405, "method_not_allowed")


def test_a_body_that_is_no_json_is_a_json_error_and_one_that_is_no_object_is_invalid(rig: Rig) -> None:
    url = f"http://127.0.0.1:{rig.server.port}/v1/networks"
    headers = {"Authorization": "Bearer first-project"}
    assert refusal(rig.session.post(url, data="{nope", headers=headers, timeout=10)) == (400, "json_error")
    assert fields(rig.ask("POST", "/networks", ["a list"])) == ["body"]
    assert fields(rig.ask("POST", "/networks", "text")) == ["body"]


def test_every_wrong_field_is_named(rig: Rig) -> None:
    body = {"name": 3, "ip_range": "10.0.0.1/16", "colour": "red", "labels": {"-bad": "x", "ok": 1}}
    assert fields(rig.ask("POST", "/networks", body)) == [
        "name",
        "ip_range",
        "colour",
        "labels.-bad",
        "labels.ok",
    ]
    assert fields(rig.ask("POST", "/servers", {})) == ["name", "server_type", "image"]
    datacenter = {"name": "a", "server_type": "cx22", "image": "debian-12", "datacenter": "fsn1-dc14"}
    assert fields(rig.ask("POST", "/servers", datacenter)) == ["datacenter"]


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("env", "prod", True),
        ("example.com/role", "", True),
        ("a" * 63, "b" * 63, True),
        ("a" * 64, "b", False),
        ("env", "b" * 64, False),
        ("env", "-x", False),
        ("env.", "x", False),
        ("Example.com/x", "y", False),
        ("hetzner.cloud/x", "y", False),
        ("a/b/c", "y", False),
    ],
)
def test_labels_are_held_to_the_documented_form(rig: Rig, key: str, value: str, good: bool) -> None:
    body = {"name": "g", "type": "spread", "labels": {key: value}}
    response = rig.ask("POST", "/placement_groups", body)
    assert response.status_code == (201 if good else 422)


# --- unique, in use, protected -----------------------------------------------------------------------


def test_names_are_unique_within_a_type_also_when_changed(rig: Rig) -> None:
    group(rig, "one")
    two = group(rig, "two")["placement_group"]
    again = rig.ask("POST", "/placement_groups", {"name": "one", "type": "spread"})
    assert refusal(again) == (409, "uniqueness_error")
    renamed = rig.ask("PUT", f"/placement_groups/{two['id']}", {"name": "one"})
    assert refusal(renamed) == (409, "uniqueness_error")
    rig.network("one")
    rig.machine("one")
    assert refusal(
        rig.ask("POST", "/servers", {"name": "one", "server_type": "cx22", "image": "debian-12"})
    ) == (409, "uniqueness_error")
    rig.ask("PUT", f"/placement_groups/{two['id']}", {"name": "three"})
    group(rig, "two")


def test_an_ssh_key_is_unique_by_name_and_by_fingerprint_and_must_be_one(rig: Rig) -> None:
    rig.made("/ssh_keys", {"name": "one", "public_key": KEY_1})
    same_key = rig.ask("POST", "/ssh_keys", {"name": "two", "public_key": KEY_1.replace("one@", "two@")})
    assert refusal(same_key) == (409, "uniqueness_error")
    assert same_key.json()["error"]["details"]["fields"] == [{"name": "public_key"}]
    same_name = rig.ask("POST", "/ssh_keys", {"name": "one", "public_key": KEY_2})
    assert refusal(same_name) == (409, "uniqueness_error")
    assert fields(rig.ask("POST", "/ssh_keys", {"name": "x", "public_key": "ssh-rsa AAAA"})) == ["public_key"]


def test_a_refused_server_leaves_nothing_behind(rig: Rig) -> None:
    network = rig.made("/networks", {"name": "empty", "ip_range": "10.0.0.0/16"})["network"]
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12", "networks": [network["id"]]}
    assert refusal(rig.ask("POST", "/servers", body)) == (422, "no_subnet_available")
    for reference in ({"ssh_keys": ["nobody"]}, {"volumes": [1]}, {"image": "no-os"}, {"server_type": "cx0"}):
        answer = rig.ask("POST", "/servers", body | {"networks": []} | reference)
        assert refusal(answer) == (404, "not_found")
    state = rig.control("GET", "/state")
    assert [state["servers"], state["primary_ips"], state["actions"]] == [[], [], []]
    assert state["networks"][0]["internal"]["members"] == {}


def test_a_type_is_sold_where_it_is_sold_and_while_it_lasts(rig: Rig) -> None:
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12", "location": "ash"}
    assert fields(rig.ask("POST", "/servers", body)) == ["location"]
    sold_out = {
        "op": "set",
        "type": "server_types",
        "name": "cx22",
        "set": {"locations.fsn1.available": False},
    }
    rig.control("POST", "/change", sold_out)
    elsewhere = rig.ask("POST", "/servers", body | {"location": "fsn1"})
    assert refusal(elsewhere) == (412, "resource_unavailable")
    del body["location"]
    assert rig.made("/servers", body)["server"]["location"]["name"] == "nbg1"


def test_an_image_must_fit_the_architecture(rig: Rig) -> None:
    (arm,) = rig.ask("GET", "/images", name="debian-12", architecture="arm").json()["images"]
    body = {"name": "web-1", "server_type": "cx22", "image": str(arm["id"])}
    assert fields(rig.ask("POST", "/servers", body)) == ["image"]
    assert rig.made("/servers", body | {"server_type": "cax11"})["server"]["image"]["id"] == arm["id"]


def test_primary_ips_are_given_out_once_for_their_version_and_location(rig: Rig) -> None:
    def address(name: str, kind: str, location: str) -> int:
        body = {"name": name, "type": kind, "location": location}
        number: int = rig.made("/primary_ips", body)["primary_ip"]["id"]
        return number

    def refused(**public_net: int) -> tuple[int, str]:
        body = {"name": "b", "server_type": "cx22", "image": "debian-12", "location": "fsn1"}
        return refusal(rig.ask("POST", "/servers", body | {"public_net": public_net}))

    mine = address("mine", "ipv4", "fsn1")
    rig.machine("a", public_net={"ipv4": mine})
    assert refused(ipv4=mine) == (422, "primary_ip_assigned")
    assert refused(ipv4=address("far", "ipv4", "hel1")) == (422, "primary_ip_datacenter_mismatch")
    assert refused(ipv4=address("six", "ipv6", "fsn1")) == (412, "primary_ip_version_mismatch")
    assert rig.ask("GET", "/servers").json()["meta"]["pagination"]["total_entries"] == 1


def test_what_needs_the_server_off_is_refused_while_it_runs(rig: Rig) -> None:
    server = rig.machine()
    path = f"/servers/{server['id']}/actions"
    wanted = group(rig, "g")["placement_group"]["id"]
    address = rig.get(f"/servers/{server['id']}")["public_net"]["ipv4"]["id"]
    attempts = [
        (f"{path}/change_type", {"server_type": "cx32", "upgrade_disk": False}),
        (f"{path}/add_to_placement_group", {"placement_group": wanted}),
        (f"/primary_ips/{address}/actions/unassign", {}),
    ]
    for where, body in attempts:
        assert refusal(rig.ask("POST", where, body)) == (422, "server_not_stopped")
    rig.ask("POST", f"{path}/poweroff")
    for where, body in attempts[1:]:
        assert rig.ask("POST", where, body).status_code == 201
    rig.get(f"/servers/{server['id']}")
    assert rig.ask("POST", *attempts[0]).status_code == 201


def test_a_type_change_never_shrinks_the_disk_nor_changes_the_architecture(rig: Rig) -> None:
    server = rig.machine(server_type="cx32", start_after_create=False)
    rig.get(f"/servers/{server['id']}")
    for name in ("cx22", "cax21", "cx32"):
        body = {"server_type": name, "upgrade_disk": True}
        answer = rig.ask("POST", f"/servers/{server['id']}/actions/change_type", body)
        assert refusal(answer) == (422, "invalid_server_type")


def test_volumes_are_refused_when_smaller_elsewhere_attached_or_too_many(rig: Rig) -> None:
    server = rig.machine()
    volume = rig.made("/volumes", {"name": "v", "size": 20, "location": "fsn1"})["volume"]
    far = rig.made("/volumes", {"name": "far", "size": 10, "location": "hel1"})["volume"]
    assert fields(rig.ask("POST", f"/volumes/{volume['id']}/actions/resize", {"size": 20})) == ["size"]
    attach = {"server": server["id"]}
    assert fields(rig.ask("POST", f"/volumes/{far['id']}/actions/attach", attach)) == ["server"]
    assert rig.ask("POST", f"/volumes/{volume['id']}/actions/attach", attach).status_code == 201
    again = rig.ask("POST", f"/volumes/{volume['id']}/actions/attach", attach)
    assert refusal(again) == (422, "volume_already_attached")
    assert refusal(rig.ask("DELETE", f"/volumes/{volume['id']}")) == (422, "resource_in_use")
    assert fields(rig.ask("POST", "/volumes", {"name": "w", "size": 9, "location": "fsn1"})) == ["size"]
    assert fields(rig.ask("POST", "/volumes", {"name": "w", "size": 10})) == ["location"]


def test_a_new_volume_is_mounted_with_a_file_system_only(rig: Rig) -> None:
    body = {"name": "v", "size": 10, "server": rig.machine()["id"], "automount": True}
    refused = rig.ask("POST", "/volumes", body)
    assert fields(refused) == ["format", "automount"]
    assert refused.json()["error"]["message"] == "invalid input in fields 'format', 'automount'"
    assert rig.ask("POST", "/volumes", body | {"format": "ext4"}).status_code == 201


def test_subnets_and_routes_must_fit_and_must_not_overlap(rig: Rig) -> None:
    network = rig.network()
    where = f"/networks/{network['id']}/actions"

    def subnet(ip_range: str, **more: Any) -> Any:
        body = {"type": "cloud", "network_zone": "eu-central", "ip_range": ip_range} | more
        return rig.ask("POST", f"{where}/add_subnet", body)

    def route(destination: str, gateway: str) -> Any:
        return rig.ask("POST", f"{where}/add_route", {"destination": destination, "gateway": gateway})

    assert fields(subnet("10.0.1.128/25")) == ["ip_range"]
    assert fields(subnet("10.9.0.0/24")) == ["ip_range"]
    assert fields(subnet("10.0.3.0/31")) == ["ip_range"]
    assert fields(subnet("10.0.3.0/24", type="vswitch")) == ["vswitch_id"]
    assert fields(route("8.8.8.0/24", "10.0.1.5")) == ["destination"]
    assert fields(route("10.0.1.0/25", "10.0.1.5")) == ["destination"]
    assert fields(route("10.100.0.0/24", "10.0.0.1")) == ["gateway"]
    assert route("0.0.0.0/0", "10.0.1.5").status_code == 201
    assert fields(route("0.0.0.0/0", "10.0.1.6")) == ["destination"]
    assert fields(rig.ask("POST", f"{where}/change_ip_range", {"ip_range": "10.0.0.0/17"})) == ["ip_range"]
    assert fields(rig.ask("POST", "/networks", {"name": "x", "ip_range": "8.0.0.0/8"})) == ["ip_range"]
    without = rig.ask("POST", f"{where}/add_subnet", {"type": "cloud", "network_zone": "us-east"})
    assert without.status_code == 201
    assert rig.get(f"/networks/{network['id']}")["subnets"][-1]["ip_range"] == "10.0.0.0/24"


def test_a_subnet_in_use_stays_and_a_deleted_network_detaches_its_members(rig: Rig) -> None:
    network = rig.network()
    server = rig.machine(networks=[network["id"]])
    answer = rig.ask("POST", f"/networks/{network['id']}/actions/delete_subnet", {"ip_range": "10.0.1.0/24"})
    assert fields(answer) == ["ip_range"]
    assert rig.ask("DELETE", f"/networks/{network['id']}").status_code == 204
    assert rig.get(f"/servers/{server['id']}")["private_net"] == []


def test_private_addresses_are_given_out_once_and_come_back(rig: Rig) -> None:
    subnet = {"type": "cloud", "ip_range": "10.0.1.0/30", "network_zone": "eu-central"}
    network = rig.network(subnets=[subnet])
    one = rig.machine("one", networks=[network["id"]])
    two = rig.machine("two")
    where = f"/servers/{two['id']}/actions/attach_to_network"
    taken = rig.get(f"/servers/{one['id']}")["private_net"][0]["ip"]
    assert taken == "10.0.1.1"
    refused = rig.ask("POST", where, {"network": network["id"], "ip": taken})
    assert refusal(refused) == (422, "ip_not_available")
    assert rig.ask("POST", where, {"network": network["id"]}).status_code == 201
    again = rig.ask("POST", where, {"network": network["id"]})
    assert refusal(again) == (422, "server_already_attached")
    body = {"name": "x", "server_type": "cx22", "image": "debian-12", "networks": [network["id"]]}
    full = rig.ask("POST", "/servers", body)
    assert refusal(full) == (422, "no_subnet_available")
    rig.ask("DELETE", f"/servers/{one['id']}")
    three = rig.machine("three", networks=[network["id"]])
    assert rig.get(f"/servers/{three['id']}")["private_net"][0]["ip"] == taken


def test_a_server_cannot_join_two_networks_that_overlap(rig: Rig) -> None:
    server = rig.machine(networks=[rig.network("one")["id"]])
    other = rig.network("two")
    answer = rig.ask("POST", f"/servers/{server['id']}/actions/attach_to_network", {"network": other["id"]})
    assert refusal(answer) == (422, "networks_overlap")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source_ips": []}, "rules.0.source_ips"),
        ({"source_ips": ["10.0.0.1/8"]}, "rules.0.source_ips.0"),
        ({"source_ips": ["10.0.0.1"]}, "rules.0.source_ips.0"),
        ({"destination_ips": ["10.0.0.0/8"]}, "rules.0.destination_ips"),
        ({"port": None}, "rules.0.port"),
        ({"port": "85-80"}, "rules.0.port"),
        ({"port": "0"}, "rules.0.port"),
        ({"protocol": "icmp"}, "rules.0.port"),
        ({"protocol": "ospf"}, "rules.0.protocol"),
        ({"description": "x" * 256}, "rules.0.description"),
    ],
)
def test_firewall_rules_are_held_to_the_documented_form(rig: Rig, change: dict[str, Any], field: str) -> None:
    rule = {"direction": "in", "protocol": "tcp", "port": "80", "source_ips": ["0.0.0.0/0"]} | change
    assert fields(rig.ask("POST", "/firewalls", {"name": "fw", "rules": [rule]})) == [field]


def test_firewalls_refuse_what_is_unknown_or_already_there(rig: Rig) -> None:
    server = rig.machine()
    firewall = rig.made("/firewalls", {"name": "fw"})["firewall"]
    where = f"/firewalls/{firewall['id']}/actions/apply_to_resources"
    target = {"type": "server", "server": {"id": server["id"]}}
    nobody = {"type": "server", "server": {"id": 1}}
    assert refusal(rig.ask("POST", where, {"apply_to": [nobody]})) == (404, "firewall_resource_not_found")
    created = rig.ask("POST", "/firewalls", {"name": "fw2", "apply_to": [nobody]})
    assert refusal(created) == (422, "firewall_resource_not_found")
    assert rig.ask("POST", where, {"apply_to": [target]}).status_code == 201
    assert refusal(rig.ask("POST", where, {"apply_to": [target]})) == (422, "firewall_already_applied")


def test_auto_delete_and_delete_protection_exclude_each_other(rig: Rig) -> None:
    body = {"name": "a", "type": "ipv4", "location": "fsn1", "auto_delete": True}
    address = rig.made("/primary_ips", body)["primary_ip"]["id"]
    protect = f"/primary_ips/{address}/actions/change_protection"
    assert fields(rig.ask("POST", protect, {"delete": True})) == ["delete"]
    rig.ask("PUT", f"/primary_ips/{address}", {"auto_delete": False})
    assert rig.ask("POST", protect, {"delete": True}).status_code == 201
    assert fields(rig.ask("PUT", f"/primary_ips/{address}", {"auto_delete": True})) == ["auto_delete"]


def test_server_protection_covers_delete_and_rebuild_alike(rig: Rig) -> None:
    server = rig.machine()
    where = f"/servers/{server['id']}"
    rig.get(where)
    assert fields(rig.ask("POST", f"{where}/actions/change_protection", {"delete": True})) == ["rebuild"]
    rig.ask("POST", f"{where}/actions/change_protection", {"delete": True, "rebuild": True})
    assert refusal(rig.ask("DELETE", where)) == (423, "protected")
    rebuild = rig.ask("POST", f"{where}/actions/rebuild", {"image": "debian-12"})
    assert refusal(rebuild) == (423, "protected")


def test_a_server_without_any_interface_cannot_be_powered_on(rig: Rig) -> None:
    server = rig.machine(start_after_create=False, public_net={"enable_ipv6": False})
    shown = rig.get(f"/servers/{server['id']}")
    rig.ask("POST", f"/primary_ips/{shown['public_net']['ipv4']['id']}/actions/unassign")
    rig.get(f"/servers/{server['id']}")
    assert fields(rig.ask("POST", f"/servers/{server['id']}/actions/poweron")) == ["server"]


def test_a_placement_group_holds_ten_servers(rig: Rig) -> None:
    wanted = group(rig, "g")["placement_group"]["id"]
    for number in range(10):
        rig.machine(f"s{number}", placement_group=wanted)
    body = {"name": "s10", "server_type": "cx22", "image": "debian-12", "placement_group": wanted}
    assert refusal(rig.ask("POST", "/servers", body)) == (422, "placement_error")


def test_an_empty_gateway_of_a_subnet_is_what_clients_in_go_send(rig: Rig) -> None:
    subnet = {"type": "cloud", "ip_range": "10.0.7.0/24", "network_zone": "eu-central", "gateway": ""}
    net = rig.network(subnets=[{**subnet, "ip_range": "10.0.1.0/24"}])
    assert rig.ask("POST", f"/networks/{net['id']}/actions/add_subnet", subnet).status_code == 201
    after = rig.ask("GET", f"/networks/{net['id']}").json()["network"]
    assert [each["gateway"] for each in after["subnets"]] == ["10.0.0.1", "10.0.0.1"]


@pytest.mark.parametrize("name", ["a_b", "-a", "a-", "a..b", "a.", "a" * 64, "a+b"])
def test_a_server_has_a_host_name_of_rfc_1123(rig: Rig, name: str) -> None:
    body = {"name": name, "server_type": "cx22", "image": "debian-12"}
    assert fields(rig.ask("POST", "/servers", body)) == ["name"]


def test_what_was_withdrawn_is_not_to_be_had(rig: Rig) -> None:
    rig.machine("before")
    gone = {"announced": "2020-01-01T00:00:00Z", "unavailable_after": "2020-06-01T00:00:00Z"}
    where = {"locations.fsn1.deprecation": gone}
    rig.control("POST", "/change", {"op": "set", "type": "server_types", "name": "cx22", "set": where})
    body = {"name": "a", "server_type": "cx22", "image": "debian-12", "location": "fsn1"}
    assert fields(rig.ask("POST", "/servers", body)) == ["location"]
    assert rig.ask("POST", "/servers", {**body, "location": "nbg1"}).status_code == 201

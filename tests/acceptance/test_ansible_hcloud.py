"""The Ansible collection `hetzner.hcloud`, which this project did not write, against the simulated project.

`make ansible` installs Ansible 12.3.0, which holds the collection's 5.4.0. That is from before servers and
primary IPs lost their datacenter, so the simulator answers as of then. What the simulator does not have is
not played here: load balancers, certificates, DNS zones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.ansible import INSTALLED, NOT_INSTALLED, Ansible
from tests.rigs.processes import KEY, TOKEN, Simulator, simulator

pytestmark = pytest.mark.skipif(not INSTALLED, reason=NOT_INSTALLED)

INVENTORY = """
plugin: hetzner.hcloud.hcloud
network: net
connect_with: private_ipv4
filters: {label_selector: env=test}
keyed_groups: [{key: hcloud_labels.env, prefix: env}]
"""
NOTHING_LEFT = ("servers", "networks", "volumes", "firewalls", "floating_ips", "primary_ips", "ssh_keys")


@pytest.fixture
def project(place: Path) -> Iterator[Simulator]:
    more = ("--token", TOKEN, "--rate-limit", "0", "--task-seconds", "0", "--api-date", "2026-06-01")
    with simulator(place, "hetzner", *more) as running:
        yield running


@pytest.fixture
def ansible(project: Simulator, place: Path) -> Ansible:
    return Ansible(
        place, {"HCLOUD_TOKEN": TOKEN, "HCLOUD_ENDPOINT": project.url, "PUBLIC_KEY": f"{KEY} me@here"}
    )


def test_a_project_is_built_seen_changed_and_taken_down(ansible: Ansible, project: Simulator) -> None:
    built = ansible.play("hcloud_built")
    assert built.changed == built.tasks[1:]  # all but a look
    as_it_is_built(project)
    before = project.mutations()

    again = ansible.play("hcloud_built", "hcloud_seen")
    assert again.changed == []
    assert project.mutations() == before
    (server,) = again["servers"]["hcloud_server_info"]
    assert (server["name"], server["status"], server["private_networks"]) == ("web", "running", ["net"])
    (network,) = again["networks"]["hcloud_network_info"]
    assert [subnet["ip_range"] for subnet in network["subnetworks"]] == ["10.0.1.0/24"]
    assert [member["name"] for member in network["servers"]] == ["web"]
    (firewall,) = again["firewalls"]["hcloud_firewall_info"]
    assert [rule["protocol"] for rule in firewall["rules"]] == ["tcp", "icmp", "udp"]
    assert [volume["server"] for volume in again["volumes"]["hcloud_volume_info"]] == ["web"]
    (address,) = again["primary ips"]["hcloud_primary_ip_info"]
    assert (address["assignee_id"], address["dns_ptr"]) == (server["id"], "web.example.com")
    assert [each["name"] for each in again["floating ips"]["hcloud_floating_ip_info"]] == ["moving"]
    assert [each["cores"] for each in again["server types"]["hcloud_server_type_info"]] == [2]

    changed = ansible.play("hcloud_changed")
    assert changed.changed == changed.tasks
    as_it_is_changed(project)
    found = ansible.inventory("hcloud.yml", INVENTORY)
    assert found["env_test"]["hosts"] == ["web"]
    assert found["_meta"]["hostvars"]["web"]["ansible_host"] == "10.0.1.5"

    removed = ansible.play("hcloud_removed")
    assert removed.changed == removed.tasks
    assert f"POST /v1/servers/{server['id']}/actions/rebuild" in project.mutations()
    assert [project.names(kind) for kind in NOTHING_LEFT] == [[]] * len(NOTHING_LEFT)


def as_it_is_built(project: Simulator) -> None:
    web, net = project.item("servers", "web"), project.item("networks", "net")
    assert (web["server_type"]["name"], web["image"]["name"], web["status"]) == (
        "cx22",
        "debian-12",
        "running",
    )
    (private,) = web["private_net"]
    assert (private["network"], private["ip"], private["alias_ips"]) == (
        net["id"],
        "10.0.1.5",
        ["10.0.1.6", "10.0.1.7"],
    )
    assert net["routes"] == [{"destination": "10.100.1.0/24", "gateway": "10.0.1.2"}]
    public = web["public_net"]
    assert public["ipv4"]["id"] == project.item("primary_ips", "front")["id"]
    assert public["ipv4"]["dns_ptr"] == "web.example.com"
    assert [each["dns_ptr"] for each in public["ipv6"]["dns_ptr"]] == ["six.example.com"]
    wall = project.item("firewalls", "fw")
    assert [each["id"] for each in public["firewalls"]] == [wall["id"]]
    assert [(rule["direction"], rule["port"]) for rule in wall["rules"]] == [
        ("in", "80-85"),
        ("in", None),
        ("out", "53"),
    ]
    assert project.item("placement_groups", "apart")["servers"] == [web["id"]]
    data = project.item("volumes", "data")
    assert (data["server"], data["size"], data["format"]) == (web["id"], 10, "ext4")
    moving = project.item("floating_ips", "moving")
    assert (moving["server"], moving["dns_ptr"][0]["dns_ptr"]) == (None, "moving.example.com")
    for kind, name in (("servers", "web"), ("networks", "net"), ("volumes", "data"), ("ssh_keys", "k")):
        assert project.item(kind, name)["labels"] == {"env": "prod"}


def as_it_is_changed(project: Simulator) -> None:
    web, net = project.item("servers", "web"), project.item("networks", "net")
    assert (web["server_type"]["name"], web["status"], web["labels"]) == ("cx32", "running", {"env": "test"})
    assert web["protection"] == {"delete": True, "rebuild": True}
    assert web["backup_window"] is not None
    assert web["placement_group"] is None
    assert web["private_net"][0]["alias_ips"] == ["10.0.1.8"]
    assert (net["ip_range"], net["protection"]["delete"]) == ("10.0.0.0/15", True)
    wall = project.item("firewalls", "fw")
    assert [(rule["port"], rule["source_ips"]) for rule in wall["rules"]] == [("443", ["2001:db8::/32"])]
    assert [each["type"] for each in wall["applied_to"]] == ["server", "label_selector"]
    data, moving = project.item("volumes", "data"), project.item("floating_ips", "moving")
    assert (data["size"], data["server"]) == (20, web["id"])
    assert (moving["server"], moving["description"]) == (web["id"], "moved")
    assert project.item("primary_ips", "front")["protection"] == {"delete": True}
    assert project.item("ssh_keys", "k")["labels"] == {"env": "test"}

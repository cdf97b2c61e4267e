"""The Hetzner simulator seen through the official library: what servers are attached to.

As in `test_sim_hetzner`, every test ends by holding all answers against the published description.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hcloud import APIException
from hcloud.firewalls.domain import FirewallResource, FirewallResourceLabelSelector, FirewallRule
from hcloud.networks.domain import NetworkRoute, NetworkSubnet
from hcloud.servers.domain import ServerCreatePublicNetwork

from tests.contract.hetzner_rig import (
    FSN1,
    Rig,
    described,
    done,
    machine,
    stopped,
)

rig = pytest.fixture(described)


def test_networks_with_subnets_and_routes_change_step_by_step(rig: Rig) -> None:
    networks = rig.client.networks
    network = networks.create(
        "net",
        "10.0.0.0/16",
        subnets=[NetworkSubnet(ip_range="10.0.1.0/24", type="cloud", network_zone="eu-central")],
        routes=[NetworkRoute(destination="10.100.1.0/24", gateway="10.0.1.5")],
        labels={"a": "b"},
    )
    assert network.subnets[0].gateway == "10.0.0.1"
    network.update(name="renamed", labels={"c": "d"}, expose_routes_to_vswitch=True)
    subnet = NetworkSubnet(ip_range="10.0.2.0/24", type="cloud", network_zone="us-east")
    done(network.add_subnet(subnet))
    done(network.add_route(NetworkRoute(destination="10.100.2.0/24", gateway="10.0.1.6")))
    done(network.delete_route(NetworkRoute(destination="10.100.1.0/24", gateway="10.0.1.5")))
    done(network.change_ip_range("10.0.0.0/15"))
    now = networks.get_by_name("renamed")
    assert now is not None
    assert now.ip_range == "10.0.0.0/15"
    assert now.expose_routes_to_vswitch is True
    assert [row.ip_range for row in now.subnets] == ["10.0.1.0/24", "10.0.2.0/24"]
    assert [row.destination for row in now.routes] == ["10.100.2.0/24"]
    done(network.delete_subnet(subnet))
    assert len(networks.get_by_id(network.id).subnets) == 1
    done(network.change_protection(delete=True))
    with pytest.raises(APIException) as caught:
        network.delete()
    assert caught.value.code == "protected"
    done(network.change_protection(delete=False))
    network.delete()
    assert networks.get_all() == []
    assert [action.command for action in rig.client.networks.actions.get_all(sort=["id:desc"])][
        -1
    ] == "add_subnet"


def test_private_networks_are_attached_re_addressed_and_left(rig: Rig) -> None:
    server = machine(rig)
    network = rig.client.networks.get_by_id(rig.network()["id"])
    done(server.attach_to_network(network, ip="10.0.1.7", alias_ips=["10.0.1.8"], ip_range="10.0.1.0/24"))
    (private,) = rig.client.servers.get_by_id(server.id).private_net
    assert (private.ip, private.alias_ips) == ("10.0.1.7", ["10.0.1.8"])
    done(server.change_alias_ips(network, ["10.0.1.9"]))
    (private,) = rig.client.servers.get_by_id(server.id).private_net
    assert private.alias_ips == ["10.0.1.9"]
    done(server.detach_from_network(network))
    assert rig.client.servers.get_by_id(server.id).private_net == []
    done(server.attach_to_network(network, ip="10.0.1.7"))


def test_placement_groups_are_joined_off_and_left_any_time(rig: Rig) -> None:
    groups = rig.client.placement_groups
    group = groups.create("group", "spread", labels={"a": "b"}).placement_group
    server = stopped(rig)
    done(server.add_to_placement_group(group))
    assert groups.get_by_id(group.id).servers == [server.id]
    with pytest.raises(APIException) as caught:
        group.delete()
    assert caught.value.code == "resource_in_use"
    done(server.power_on(), server.remove_from_placement_group())
    group.update(name="renamed", labels={})
    assert groups.get_by_name("renamed") is not None
    group.delete()
    assert groups.get_all() == []


def test_volumes_are_attached_detached_and_only_grow(rig: Rig) -> None:
    server = machine(rig)
    made = rig.client.volumes.create(10, "data", location=FSN1, format="ext4", labels={"a": "b"})
    done(made.action)
    volume = rig.client.volumes.get_by_name("data")
    assert volume is not None
    assert (volume.status, volume.format, volume.size) == ("available", "ext4", 10)
    done(volume.attach(server, automount=True))
    assert rig.client.volumes.get_by_id(volume.id).server.id == server.id
    done(volume.resize(20))
    volume.update(name="data-2", labels={})
    with pytest.raises(APIException) as caught:
        volume.delete()
    assert caught.value.code == "resource_in_use"
    done(volume.detach(), volume.change_protection(delete=True))
    with pytest.raises(APIException) as caught:
        volume.delete()
    assert caught.value.code == "protected"
    done(volume.change_protection(delete=False))
    assert rig.client.volumes.get_by_id(volume.id).size == 20
    volume.delete()
    assert rig.client.volumes.get_all(status=["available"]) == []
    assert "resize_volume" in [action.command for action in rig.client.volumes.actions.get_all()]


def test_firewalls_reach_servers_directly_and_by_label(rig: Rig) -> None:
    server = machine(rig, labels={"role": "web"})
    rule = FirewallRule("in", "tcp", ["10.0.0.0/8", "2001:DB8:0:0::/64"], port="80-85", description="web")
    made = rig.client.firewalls.create("fw", rules=[rule], labels={"a": "b"})
    done(*made.actions)
    firewall = made.firewall
    assert firewall.rules[0].source_ips == ["10.0.0.0/8", "2001:db8::/64"]
    by_name = FirewallResource("server", server=server)
    by_label = FirewallResource("label_selector", label_selector=FirewallResourceLabelSelector("role=web"))
    done(*firewall.apply_to_resources([by_name, by_label]))
    shown = rig.client.firewalls.get_by_id(firewall.id).applied_to
    assert [row.type for row in shown] == ["server", "label_selector"]
    assert shown[1].applied_to_resources[0].server.id == server.id
    done(*firewall.set_rules([FirewallRule("out", "icmp", destination_ips=["0.0.0.0/0"])]))
    firewall.update(name="renamed")
    assert rig.client.firewalls.get_by_name("renamed").rules[0].protocol == "icmp"
    with pytest.raises(APIException) as caught:
        firewall.delete()
    assert caught.value.code == "resource_in_use"
    done(*firewall.remove_from_resources([by_name]))
    assert rig.client.servers.get_by_id(server.id).public_net.firewalls[0].status == "applied"
    with pytest.raises(APIException) as caught:
        firewall.remove_from_resources([by_name])
    assert caught.value.code == "firewall_managed_by_label_selector"
    done(*firewall.remove_from_resources([by_label]))
    assert rig.client.servers.get_by_id(server.id).public_net.firewalls == []
    firewall.delete()


def refused(code: str, call: Callable[..., Any], *given: Any, **options: Any) -> None:
    with pytest.raises(APIException) as caught:
        call(*given, **options)
    assert caught.value.code == code


def by_label(expression: str) -> FirewallResource:
    return FirewallResource("label_selector", label_selector=FirewallResourceLabelSelector(expression))


def test_a_firewall_is_applied_to_nothing_twice(rig: Rig) -> None:
    server = FirewallResource("server", server=machine(rig))
    firewalls = rig.client.firewalls
    firewall = firewalls.create("fw").firewall
    for twice in ([server, server], [by_label("a=b"), by_label("a=b")]):
        refused("firewall_already_applied", firewall.apply_to_resources, twice)
        refused("server_already_added", firewalls.create, "fw-2", resources=twice)
    assert firewalls.get_by_id(firewall.id).applied_to == []
    assert len(firewalls.get_all()) == 1


def test_a_new_server_takes_each_firewall_and_each_volume_once(rig: Rig) -> None:
    firewall = rig.client.firewalls.create("fw").firewall
    volume = rig.client.volumes.create(10, "data", location=FSN1).volume
    refused("firewall_already_applied", machine, rig, firewalls=[firewall, firewall])
    refused("volume_already_attached", machine, rig, volumes=[volume, volume])
    assert rig.client.servers.get_all() == []
    machine(rig, firewalls=[firewall], volumes=[volume])
    assert len(rig.client.firewalls.get_by_id(firewall.id).applied_to) == 1


def test_a_server_has_at_most_five_firewalls_those_of_its_labels_among_them(rig: Rig) -> None:
    server = machine(rig, labels={"role": "web"})
    made = [rig.client.firewalls.create(f"fw-{number}").firewall for number in range(6)]
    for firewall in made[:3]:
        done(*firewall.apply_to_resources([by_label("role=web")]))
    for firewall in made[3:5]:
        done(*firewall.apply_to_resources([FirewallResource("server", server=server)]))
    done(*made[0].apply_to_resources([FirewallResource("server", server=server)]))  # is there by its label
    limit = "resource_limit_exceeded"
    for target in (by_label("role"), FirewallResource("server", server=server)):
        refused(limit, made[5].apply_to_resources, [target])
        refused(limit, rig.client.firewalls.create, "fw-6", resources=[target])
    done(*made[5].apply_to_resources([by_label("role=db")]))
    refused(limit, machine, rig, "web-2", labels={"role": "web"}, firewalls=made[3:])
    machine(rig, "web-2", labels={"role": "web"}, firewalls=made[2:5])
    assert len(rig.client.servers.get_by_id(server.id).public_net.firewalls) == 5


def test_primary_ips_move_between_servers_that_are_off(rig: Rig) -> None:
    server = stopped(rig, public_net=ServerCreatePublicNetwork(enable_ipv4=False))
    made = rig.client.primary_ips.create("ipv4", "addr", assignee_type="server", assignee_id=server.id)
    done(made.action)
    address = made.primary_ip
    assert rig.client.primary_ips.get_by_id(address.id).assignee_id == server.id
    assert rig.client.servers.get_by_id(server.id).public_net.ipv4.ip == address.ip
    done(address.change_dns_ptr(address.ip, "web.example.org"))
    assert rig.client.servers.get_by_id(server.id).public_net.ipv4.dns_ptr == "web.example.org"
    with pytest.raises(APIException) as caught:
        address.delete()
    assert caught.value.code == "must_be_unassigned"
    done(address.unassign())
    address.update(name="addr-2", auto_delete=False, labels={"a": "b"})
    done(address.assign(server.id, "server"), address.unassign(), address.change_protection(delete=True))
    with pytest.raises(APIException) as caught:
        address.delete()
    assert caught.value.code == "protected"
    done(address.change_protection(delete=False))
    address.delete()
    assert rig.client.primary_ips.get_by_name("addr-2") is None


def test_a_servers_reverse_names_are_those_of_its_addresses(rig: Rig) -> None:
    server = machine(rig)
    six = server.public_net.ipv6.ip.removesuffix("/64") + "1"
    done(server.change_dns_ptr(six, "six.example.org"))
    assert rig.client.servers.get_by_id(server.id).public_net.ipv6.dns_ptr == [
        {"ip": six, "dns_ptr": "six.example.org"}
    ]
    done(server.change_dns_ptr(six, None))
    assert rig.client.servers.get_by_id(server.id).public_net.ipv6.dns_ptr == []


def test_floating_ips_move_between_running_servers(rig: Rig) -> None:
    one, two = machine(rig, "one"), machine(rig, "two")
    made = rig.client.floating_ips.create("ipv4", home_location=FSN1, description="vip", name="vip")
    floating = made.floating_ip
    assert made.action is None
    done(floating.assign(one))
    assert rig.client.servers.get_by_id(one.id).public_net.floating_ips[0].id == floating.id
    done(floating.unassign(), floating.assign(two))
    assert rig.client.floating_ips.get_by_id(floating.id).server.id == two.id
    done(floating.change_dns_ptr(floating.ip, "vip.example.org"))
    floating.update(description="other", name="vip-2", labels={"a": "b"})
    with pytest.raises(APIException) as caught:
        floating.delete()
    assert caught.value.code == "must_be_unassigned"
    done(floating.unassign(), floating.change_protection(delete=True))
    done(floating.change_protection(delete=False))
    now = rig.client.floating_ips.get_by_name("vip-2")
    assert now is not None
    assert now.dns_ptr == [{"ip": floating.ip, "dns_ptr": "vip.example.org"}]
    floating.delete()
    assert rig.client.floating_ips.get_all() == []
    direct = rig.client.floating_ips.create("ipv6", server=one)
    done(direct.action)
    assert rig.client.floating_ips.get_by_id(direct.floating_ip.id).server.id == one.id

"""The Hetzner simulator seen through the official library: every call in scope, over real HTTP.

At the end of each test all answers, and all request bodies that were accepted, are held against the
published description of the API (where it is at hand).
"""

from __future__ import annotations

import re

import pytest
from hcloud import APIException
from hcloud.firewalls.domain import FirewallResource
from hcloud.isos.domain import Iso
from hcloud.servers.domain import ServerCreatePublicNetwork

from reconciler.sim.hetzner.routes import ROUTES
from tests import facts
from tests.contract.hetzner_rig import (
    CX22,
    CX32,
    DEBIAN,
    FSN1,
    KEY_1,
    KEY_2,
    UBUNTU,
    Rig,
    described,
    done,
    machine,
    stopped,
    violations,
)

OUT_OF_SCOPE = re.compile(r"\w+ /(load_balancers|certificates|zones)\b")


rig = pytest.fixture(described)


def test_answers_are_checked_against_the_published_description(rig: Rig) -> None:
    rig.machine()
    (exchange,) = rig.api.exchanges
    assert violations(exchange) == []
    exchange.payload["server"]["status"] = "broken"
    del exchange.payload["action"]
    exchange.body["labels"] = 3
    assert len(violations(exchange)) == 3
    rig.api.exchanges.clear()


def test_every_operation_of_the_description_is_served_but_for_those_out_of_scope() -> None:
    served = {re.sub(r"\{\w+\}", "{id}", key) for key in ROUTES}
    described = {
        f"{method.upper()} {re.sub(r'{[a-z_]+}', '{id}', path)}"
        for path, operations in facts.hetzner()["paths"].items()
        for method in operations
    }
    assert served <= described
    missing = {key for key in described - served if not OUT_OF_SCOPE.match(key)}
    assert missing == {"GET /servers/{id}/metrics"}


def test_catalogues_can_be_listed_and_found_by_name_and_id(rig: Rig) -> None:
    client = rig.client
    assert [row.name for row in client.locations.get_all()] == ["fsn1", "nbg1", "hel1", "ash", "hil", "sin"]
    assert client.locations.get_by_id(1).network_zone == "eu-central"
    cax = client.server_types.get_by_name("cax11")
    assert cax is not None
    assert client.server_types.get_by_id(cax.id).architecture == "arm"
    assert client.load_balancer_types.get_by_name("lb11") is not None
    assert client.load_balancer_types.get_by_id(1).name == "lb11"
    iso = client.isos.get_all(architecture=["x86"], include_architecture_wildcard=True)
    assert {row.architecture for row in iso} == {"x86", None}
    assert client.isos.get_by_id(iso[0].id).name == iso[0].name
    assert rig.ask("GET", "/pricing").json()["pricing"]["currency"] == "EUR"


def test_images_are_found_by_name_and_architecture_and_deprecated_ones_only_when_asked(rig: Rig) -> None:
    images = rig.client.images
    x86 = images.get_by_name_and_architecture("debian-12", "x86")
    arm = images.get_by_name_and_architecture("debian-12", "arm")
    assert x86 is not None
    assert arm is not None
    assert x86.id != arm.id
    assert images.get_by_id(x86.id).os_flavor == "debian"
    assert images.get_by_name_and_architecture("debian-11", "x86") is None
    old = images.get_by_name_and_architecture("debian-11", "x86", include_deprecated=True)
    assert old is not None
    assert old.deprecation is not None
    assert {row.type for row in images.get_all(type=["app"])} == {"app"}


def test_datacenters_are_gone(rig: Rig) -> None:
    with pytest.raises(APIException) as caught:
        rig.client._client.request(method="GET", url="/datacenters")
    assert caught.value.code == "deprecated_api_endpoint"
    rig.api.exchanges.clear()  # 410 is the deprecation's announcement come true, not in the description


def test_ssh_keys_live_from_creation_to_deletion(rig: Rig) -> None:
    keys = rig.client.ssh_keys
    one = keys.create("one", KEY_1, labels={"team": "a"})
    assert one.fingerprint == "0f:a2:0a:d7:38:3e:65:45:08:6b:63:84:1c:ff:dc:ba"
    keys.create("two", KEY_2)
    assert keys.get_by_fingerprint(one.fingerprint).id == one.id
    assert keys.get_by_id(one.id).public_key == KEY_1
    one.update(name="uno", labels={"team": "b"})
    assert [key.name for key in keys.get_all(label_selector="team=b")] == ["uno"]
    assert keys.get_by_name("one") is None
    one.delete()
    assert [key.name for key in keys.get_all()] == ["two"]


def test_a_server_is_created_with_everything_that_can_be_given(rig: Rig) -> None:
    client = rig.client
    key = client.ssh_keys.create("key", KEY_1)
    group = client.placement_groups.create("group", "spread").placement_group
    firewall = client.firewalls.create("fw").firewall
    volume = client.volumes.create(10, "data", location=FSN1).volume
    network = client.networks.get_by_id(rig.network()["id"])
    address = client.primary_ips.create("ipv4", "addr", location=FSN1).primary_ip
    made = client.servers.create(
        "web-1",
        CX22,
        DEBIAN,
        ssh_keys=[type(key.data_model)(name="key")],
        volumes=[volume],
        firewalls=[firewall],
        networks=[network],
        user_data="#cloud-config\n",
        labels={"env": "prod"},
        location=FSN1,
        automount=False,
        placement_group=group,
        public_net=ServerCreatePublicNetwork(ipv4=address, enable_ipv6=False),
    )
    assert made.root_password is None
    assert made.server.status == "initializing"
    assert made.server.locked is True
    done(made.action, *made.next_actions)
    assert {action.command for action in made.next_actions} == {
        "attach_to_network",
        "attach_volume",
        "start_server",
    }
    server = client.servers.get_by_name("web-1")
    assert server is not None
    assert (server.status, server.locked) == ("running", False)
    assert server.public_net.ipv4.ip == address.ip
    assert server.public_net.ipv6 is None
    assert server.private_net[0].network.id == network.id
    assert [row.id for row in server.volumes] == [volume.id]
    assert server.placement_group.id == group.id
    assert [(row.firewall.id, row.status) for row in server.public_net.firewalls] == [
        (firewall.id, "applied")
    ]
    assert client.firewalls.get_by_id(firewall.id).applied_to[0].server.id == server.id
    assert client.networks.get_by_id(network.id).servers[0].id == server.id
    (member,) = client.networks.get_member_all(network)
    assert (member.id, member.status, member.subnet) == (server.id, "ok", "10.0.1.0/24")
    assert client.placement_groups.get_by_id(group.id).servers == [server.id]
    assert client.volumes.get_by_id(volume.id).server.id == server.id
    assert client.servers.get_all(status=["running"], label_selector="env in (prod,dev)")[0].id == server.id


def test_deleting_a_server_frees_what_it_held_and_takes_its_own_addresses_along(rig: Rig) -> None:
    network = rig.client.networks.get_by_id(rig.network()["id"])
    kept = rig.client.primary_ips.create("ipv4", "kept", location=FSN1).primary_ip
    server = machine(rig, networks=[network], public_net=ServerCreatePublicNetwork(ipv4=kept))
    volume = rig.client.volumes.create(10, "data", server=server)
    done(volume.action, *volume.next_actions)
    firewall = rig.client.firewalls.create("fw", resources=[FirewallResource("server", server=server)])
    done(*firewall.actions)
    assert len(rig.client.primary_ips.get_all()) == 2
    action = server.delete()
    done(action)
    assert rig.client.servers.get_all() == []
    assert [row.assignee_id for row in rig.client.primary_ips.get_all()] == [None]
    assert rig.client.volumes.get_by_id(volume.volume.id).server is None
    assert rig.client.firewalls.get_by_id(firewall.firewall.id).applied_to == []
    assert rig.client.networks.get_by_id(network.id).servers == []
    rig.client.networks.get_by_id(network.id).delete()


def test_power_commands_lead_to_the_states_they_name(rig: Rig) -> None:
    server = machine(rig)
    states = []
    for command in ("power_off", "power_on", "reboot", "reset", "shutdown"):
        done(getattr(server, command)())
        states.append(rig.client.servers.get_by_id(server.id).status)
    assert states == ["off", "running", "running", "running", "off"]
    commands = [action.command for action in server.get_actions()]
    assert commands[-5:] == [
        "stop_server",
        "start_server",
        "reboot_server",
        "reset_server",
        "shutdown_server",
    ]


def test_a_changed_type_starts_the_server_and_can_keep_the_disk_for_the_way_back(rig: Rig) -> None:
    server = stopped(rig)
    done(server.change_type(CX32, upgrade_disk=False))
    now = rig.client.servers.get_by_id(server.id)
    assert (now.server_type.name, now.status, now.primary_disk_size) == ("cx32", "running", 40)
    done(now.power_off(), now.change_type(CX22, upgrade_disk=True))
    assert rig.client.servers.get_by_id(server.id).server_type.name == "cx22"


def test_a_server_is_updated_rebuilt_protected_and_backed_up(rig: Rig) -> None:
    server = machine(rig)
    server.update(name="web-2", labels={"x": "y"})
    rebuilt = server.rebuild(UBUNTU, user_data="#cloud-config\n")
    done(rebuilt.action)
    assert rebuilt.root_password
    done(server.enable_backup())
    image = server.create_image(description="before", type="backup", labels={"k": "v"})
    done(image.action)
    snapshot = server.create_image(description="keep", type="snapshot")
    done(snapshot.action)
    now = rig.client.servers.get_by_name("web-2")
    assert now is not None
    assert (now.image.name, now.backup_window) == ("ubuntu-24.04", "22-02")
    assert rig.client.images.get_by_id(image.image.id).status == "available"
    done(server.disable_backup())
    assert [row.id for row in rig.client.images.get_all(type=["backup", "snapshot"])] == [snapshot.image.id]
    done(server.change_protection(delete=True, rebuild=True))
    with pytest.raises(APIException) as caught:
        server.delete()
    assert caught.value.code == "protected"
    done(server.change_protection(delete=False, rebuild=False), server.delete())


def test_snapshots_are_updated_protected_used_and_deleted(rig: Rig) -> None:
    server = machine(rig)
    made = server.create_image(description="golden")
    done(made.action)
    image = rig.client.images.get_by_id(made.image.id)
    image.update(description="better", labels={"a": "b"})
    done(image.change_protection(delete=True))
    with pytest.raises(APIException) as caught:
        image.delete()
    assert caught.value.code == "protected"
    done(image.change_protection(delete=False))
    body = {"name": "web-2", "server_type": "cx22", "image": str(image.id), "location": "fsn1"}
    assert rig.made("/servers", body)["server"]["image"]["description"] == "better"
    image.delete()
    assert rig.client.images.get_all(type=["snapshot"]) == []


def test_rescue_runs_at_the_next_boot_only(rig: Rig) -> None:
    server = machine(rig)
    answer = server.enable_rescue(type="linux64")
    done(answer.action)
    assert answer.root_password
    assert rig.client.servers.get_by_id(server.id).rescue_enabled is True
    done(server.disable_rescue())
    assert rig.client.servers.get_by_id(server.id).rescue_enabled is False
    done(server.enable_rescue(type="linux64").action, server.reset())
    assert rig.client.servers.get_by_id(server.id).rescue_enabled is False
    assert rig.api.state()["servers"][0]["internal"]["booted"] == "rescue"


def test_isos_passwords_and_consoles_are_handed_out(rig: Rig) -> None:
    server = machine(rig)
    done(server.attach_iso(Iso(name="netboot.xyz.iso")))
    assert rig.client.servers.get_by_id(server.id).iso.name == "netboot.xyz.iso"
    done(server.detach_iso())
    assert rig.client.servers.get_by_id(server.id).iso is None
    password = server.reset_password()
    done(password.action)
    assert password.root_password
    assert server.request_console().wss_url.startswith("wss://")


def test_actions_are_read_one_by_one_several_at_once_and_by_resource(rig: Rig) -> None:
    made = rig.client.servers.create("web-1", CX22, DEBIAN, location=FSN1)
    later = made.next_actions[0]
    assert rig.client.actions.get_by_id(made.action.id).status == "success"
    together = rig.ask("GET", "/actions", id=[made.action.id, later.id]).json()["actions"]
    assert [action["id"] for action in together] == [made.action.id, later.id]
    assert rig.client.servers.actions.get_by_id(later.id).command == "start_server"
    assert len(rig.client.servers.get_actions(made.server, status=["success"])) == 2
    assert rig.ask("GET", f"/servers/{made.server.id}/actions/{later.id}").json()["action"]["progress"] == 100
    assert rig.ask("GET", "/actions").status_code == 410
    rig.api.exchanges.pop()  # the id is required, so the description has no answer for that

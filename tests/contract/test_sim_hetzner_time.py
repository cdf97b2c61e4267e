"""Time in the Hetzner simulator: actions that run, the locks they hold, and the hourly request budget."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hcloud.isos.domain import Iso

from tests.contract.hetzner_rig import TOKEN, Rig, refusal, running


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Actions take ten seconds (creating a server thirty), by a clock that the test moves."""
    with running(action_seconds=10) as rig:
        yield rig


def running_machine(rig: Rig, name: str = "web-1", **more: Any) -> str:
    server = rig.machine(name, **more)
    rig.clock.pass_seconds(1000)
    return f"/servers/{server['id']}"


def test_an_action_makes_progress_and_its_effect_is_seen_when_it_is_done(rig: Rig) -> None:
    made = rig.made("/servers", {"name": "web-1", "server_type": "cx22", "image": "debian-12"})
    server, create, start = f"/servers/{made['server']['id']}", made["action"], made["next_actions"][0]
    assert (create["status"], create["progress"], create["finished"]) == ("running", 0, None)
    rig.clock.pass_seconds(15)
    assert rig.get(f"/actions/{create['id']}")["progress"] == 50
    assert rig.get(server)["status"] == "initializing"
    rig.clock.pass_seconds(15)
    finished = rig.get(f"/actions/{create['id']}")
    assert (finished["status"], finished["progress"]) == ("success", 100)
    assert finished["finished"] > finished["started"]
    assert rig.get(f"/actions/{start['id']}")["status"] == "running"
    assert (rig.get(server)["status"], rig.get(server)["locked"]) == ("starting", True)
    rig.clock.pass_seconds(10)
    assert (rig.get(server)["status"], rig.get(server)["locked"]) == ("running", False)


def test_a_server_is_locked_while_an_action_runs_on_it(rig: Rig) -> None:
    server = running_machine(rig)
    volume = rig.made("/volumes", {"name": "v", "size": 10, "location": "fsn1"})["volume"]
    rig.clock.pass_seconds(10)
    assert rig.ask("POST", f"{server}/actions/poweroff").status_code == 201
    assert rig.get(server)["status"] == "stopping"
    number = int(server.rsplit("/", 1)[1])
    for method, path, body in [
        ("POST", f"{server}/actions/poweron", None),
        ("DELETE", server, None),
        ("POST", f"/volumes/{volume['id']}/actions/attach", {"server": number}),
    ]:
        assert refusal(rig.ask(method, path, body)) == (423, "locked")
    assert rig.ask("PUT", server, {"labels": {"a": "b"}}).status_code == 200
    rig.clock.pass_seconds(10)
    assert rig.ask("POST", f"{server}/actions/poweron").status_code == 201


def test_an_action_whose_lock_was_taken_away_ends_without_the_lock_of_the_next(rig: Rig) -> None:
    server = running_machine(rig)
    rig.ask("POST", f"{server}/actions/reboot")
    rig.clock.pass_seconds(5)
    rig.control("POST", "/change", {"op": "unlock", "type": "servers", "name": "web-1"})
    assert rig.ask("POST", f"{server}/actions/reset").status_code == 201
    rig.clock.pass_seconds(5)
    assert rig.get(server)["locked"] is True
    rig.clock.pass_seconds(5)
    assert rig.get(server)["locked"] is False


def test_a_second_change_to_a_network_meets_a_conflict(rig: Rig) -> None:
    network = f"/networks/{rig.network()['id']}"
    route = {"destination": "10.100.0.0/24", "gateway": "10.0.1.5"}
    assert rig.ask("POST", f"{network}/actions/add_route", route).status_code == 201
    other = {"destination": "10.101.0.0/24", "gateway": "10.0.1.5"}
    assert refusal(rig.ask("POST", f"{network}/actions/add_route", other)) == (409, "conflict")
    assert refusal(rig.ask("PUT", network, {"name": "x"})) == (409, "conflict")
    assert refusal(rig.ask("DELETE", network)) == (409, "conflict")
    assert rig.get(network)["routes"] == []
    rig.clock.pass_seconds(10)
    assert rig.get(network)["routes"] == [route]
    assert rig.ask("POST", f"{network}/actions/add_route", other).status_code == 201


def test_members_of_a_network_are_seen_coming_and_going(rig: Rig) -> None:
    network = rig.network()["id"]
    server = running_machine(rig)

    def member() -> list[str]:
        rows = rig.ask("GET", f"/networks/{network}/members").json()["members"]
        return [row["status"] for row in rows]

    rig.ask("POST", f"{server}/actions/attach_to_network", {"network": network})
    assert (member(), rig.get(server)["private_net"]) == (["attaching"], [])
    rig.clock.pass_seconds(10)
    assert (member(), len(rig.get(server)["private_net"])) == (["ok"], 1)
    rig.ask("POST", f"{server}/actions/detach_from_network", {"network": network})
    assert member() == ["detaching"]
    rig.clock.pass_seconds(10)
    assert (member(), rig.get(server)["private_net"]) == ([], [])


def test_alias_addresses_are_the_old_ones_until_their_change_is_done(rig: Rig) -> None:
    network = rig.network()["id"]
    server = running_machine(rig, networks=[network])

    def aliases() -> list[str]:
        (private,) = rig.get(server)["private_net"]
        found: list[str] = private["alias_ips"]
        return found

    body = {"network": network, "alias_ips": ["10.0.1.8"]}
    assert rig.ask("POST", f"{server}/actions/change_alias_ips", body).status_code == 201
    assert aliases() == []
    rig.clock.pass_seconds(10)
    assert aliases() == ["10.0.1.8"]


def test_a_deleted_server_is_deleting_first_and_keeps_its_name_till_it_is_gone(rig: Rig) -> None:
    server = running_machine(rig)
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12"}
    action = rig.ask("DELETE", server).json()["action"]
    assert rig.get(server)["status"] == "deleting"
    assert refusal(rig.ask("DELETE", server)) == (423, "locked")
    assert refusal(rig.ask("POST", "/servers", body)) == (409, "uniqueness_error")
    rig.clock.pass_seconds(10)
    assert rig.get(f"/actions/{action['id']}")["status"] == "success"
    assert refusal(rig.ask("GET", server)) == (404, "not_found")
    rig.made("/servers", body)


def test_a_shutdown_succeeds_before_the_guest_is_off_and_some_guests_do_not_listen(rig: Rig) -> None:
    listens, deaf = running_machine(rig, "listens"), running_machine(rig, "deaf")
    rig.control("POST", "/change", {"op": "set", "type": "servers", "name": "deaf", "set": {"acpi": False}})
    actions = [rig.ask("POST", f"{path}/actions/shutdown").json()["action"]["id"] for path in (listens, deaf)]
    rig.clock.pass_seconds(10)
    assert [rig.get(f"/actions/{number}")["status"] for number in actions] == ["success", "success"]
    assert [rig.get(path)["status"] for path in (listens, deaf)] == ["running", "running"]
    rig.clock.pass_seconds(10)
    assert [rig.get(path)["status"] for path in (listens, deaf)] == ["off", "running"]


def test_a_late_shutdown_does_not_undo_a_newer_reset(rig: Rig) -> None:
    server = running_machine(rig)
    rig.ask("POST", f"{server}/actions/shutdown")
    rig.clock.pass_seconds(10)
    assert rig.ask("POST", f"{server}/actions/reset").status_code == 201
    rig.clock.pass_seconds(100)
    assert rig.get(server)["status"] == "running"


def test_detaching_an_iso_takes_its_time_where_there_is_one_to_detach(rig: Rig) -> None:
    running_machine(rig)
    server = rig.client.servers.get_by_name("web-1")
    assert server.detach_iso().status == "success"
    assert rig.client.servers.get_by_id(server.id).locked is False
    assert server.attach_iso(Iso(name="netboot.xyz.iso")).status == "running"
    rig.clock.pass_seconds(10)
    assert server.detach_iso().status == "running"
    rig.clock.pass_seconds(10)
    assert rig.client.servers.get_by_id(server.id).iso is None


def test_an_unused_rescue_system_is_off_again_after_an_hour(rig: Rig) -> None:
    server = running_machine(rig)
    rig.ask("POST", f"{server}/actions/enable_rescue", {"type": "linux64"})
    rig.clock.pass_seconds(3599)
    assert rig.get(server)["rescue_enabled"] is True
    rig.clock.pass_seconds(1)
    assert rig.get(server)["rescue_enabled"] is False


def test_a_firewall_is_pending_on_a_server_until_it_is_applied(rig: Rig) -> None:
    server = running_machine(rig)
    firewall = rig.made("/firewalls", {"name": "fw"})["firewall"]["id"]
    target = {"type": "server", "server": {"id": int(server.rsplit("/", 1)[1])}}
    where = f"/firewalls/{firewall}/actions/apply_to_resources"
    assert refusal(rig.ask("POST", where, {"apply_to": [target]})) == (409, "conflict")
    rig.clock.pass_seconds(10)
    rig.ask("POST", where, {"apply_to": [target]})
    assert rig.get(server)["public_net"]["firewalls"] == [{"id": firewall, "status": "pending"}]
    rig.clock.pass_seconds(10)
    assert rig.get(server)["public_net"]["firewalls"] == [{"id": firewall, "status": "applied"}]


def test_the_budget_is_shown_used_up_refused_and_refilled() -> None:
    with running(rate_limit=3600) as rig:
        first = rig.ask("GET", "/servers")
        assert first.headers["RateLimit-Limit"] == "3600"
        assert first.headers["RateLimit-Remaining"] == "3599"
        assert float(first.headers["RateLimit-Reset"]) == rig.clock.now + 1
    with running(rate_limit=3) as rig:
        left = [rig.ask("GET", "/servers").headers["RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = rig.ask("GET", "/servers")
        assert refusal(refused) == (429, "rate_limit_exceeded")
        assert refused.headers["RateLimit-Remaining"] == "0"
        rig.clock.pass_seconds(1200)
        assert rig.ask("GET", "/servers").status_code == 200
        assert rig.ask("GET", "/servers", token="second-project").headers["RateLimit-Remaining"] == "2"


def test_the_same_seed_gives_the_same_world_and_another_seed_another_one() -> None:
    def world(seed: int) -> Any:
        with running(seed=seed) as rig:
            rig.machine(networks=[rig.network()["id"]])
            state = rig.control("GET", "/state")
            return [state["servers"], state["networks"], state["primary_ips"]]

    assert world(7) == world(7)
    assert world(7) != world(8)


def test_many_clients_at_once_never_share_an_id_a_name_or_an_address() -> None:
    with running() as rig:
        network = rig.network()["id"]
        url = f"http://127.0.0.1:{rig.server.port}/v1/servers"

        def create(number: int) -> int:
            name = f"s{number // 2}"  # every name is asked for twice
            body = {"name": name, "server_type": "cx22", "image": "debian-12", "networks": [network]}
            headers = {"Authorization": f"Bearer {TOKEN}"}
            return requests.post(url, json=body, headers=headers, timeout=10).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(create, range(80)))
        assert sorted(statuses) == [201] * 40 + [409] * 40
        servers = rig.control("GET", "/state")["servers"]
        assert len({server["id"] for server in servers}) == 40
        assert len({server["name"] for server in servers}) == 40
        assert len({server["private_net"][0]["ip"] for server in servers}) == 40
        assert len({server["public_net"]["ipv4"]["ip"] for server in servers}) == 40

"""Bad days on demand: faults, and changes behind the client's back, in the Hetzner simulator."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hcloud import APIException
from hcloud.actions.domain import ActionFailedException

from tests.contract.hetzner_rig import OTHER_TOKEN, Rig, described, refusal

rig = pytest.fixture(described)


def fault(rig: Rig, kind: str, **more: Any) -> None:
    rig.control("POST", "/faults", {"kind": kind, **more})


def change(rig: Rig, **what: Any) -> Any:
    return rig.control("POST", "/change", what)


def names(rig: Rig, kind: str = "servers") -> list[str]:
    return [row["name"] for row in rig.ask("GET", f"/{kind}").json()[kind]]


def groups(rig: Rig, count: int) -> None:
    for number in range(count):
        rig.made("/placement_groups", {"name": f"g{number:03}", "type": "spread"})


# --- faults ------------------------------------------------------------------------------------------


def test_an_empty_list_looks_like_an_empty_project_and_passes(rig: Rig) -> None:
    rig.machine()
    fault(rig, "empty_list", path="/v1/servers", times=1)
    assert rig.client.servers.get_all() == []
    assert names(rig) == ["web-1"]


@pytest.mark.parametrize(("mode", "seen"), [("end", 50), ("skip", 70), ("short", 117)])
def test_a_missing_page_ends_or_holes_a_list_that_counts_more(rig: Rig, mode: str, seen: int) -> None:
    groups(rig, 120)
    fault(rig, "missing_page", path="/v1/placement_groups", options={"mode": mode})
    page = rig.ask("GET", "/placement_groups", per_page=50).json()
    assert page["meta"]["pagination"]["total_entries"] == 120
    assert len(rig.client.placement_groups.get_all()) == seen
    rig.control("DELETE", "/faults")
    assert len(rig.client.placement_groups.get_all()) == 120


def test_stale_reads_show_the_world_of_when_the_rule_was_posted(rig: Rig) -> None:
    old = rig.machine("old")
    fault(rig, "stale", method="GET", path="/v1/servers.*")
    assert rig.ask("DELETE", f"/servers/{old['id']}").status_code == 200
    new = rig.machine("new")
    assert names(rig) == ["old"]
    assert rig.get(f"/servers/{old['id']}")["status"] == "running"
    assert refusal(rig.ask("GET", f"/servers/{new['id']}")) == (404, "not_found")
    assert [row["name"] for row in rig.control("GET", "/state")["servers"]] == ["new"]
    rig.control("DELETE", "/faults")
    assert names(rig) == ["new"]


def test_an_accepted_action_can_end_in_an_error_without_effect(rig: Rig) -> None:
    rig.machine()
    server = rig.client.servers.get_by_name("web-1")
    assert server is not None
    options = {"code": "host_down", "message": "the host went away"}
    fault(rig, "action_error", method="POST", path=".*/poweroff", times=1, options=options)
    with pytest.raises(ActionFailedException) as caught:
        server.power_off().wait_until_finished()
    error = caught.value.action.error
    assert error is not None
    assert (error["code"], error["message"]) == ("host_down", "the host went away")
    assert rig.client.servers.get_by_id(server.id).status == "running"
    server.power_off().wait_until_finished()
    assert rig.client.servers.get_by_id(server.id).status == "off"


def test_a_failed_change_of_alias_addresses_leaves_the_old_ones_and_frees_the_new(rig: Rig) -> None:
    network = rig.client.networks.get_by_id(rig.network()["id"])
    server = rig.client.servers.get_by_id(rig.machine(networks=[network.id])["id"])
    server.change_alias_ips(network, ["10.0.1.8", "10.0.1.9"]).wait_until_finished()
    fault(rig, "action_error", method="POST", path=".*/change_alias_ips", times=1)
    with pytest.raises(ActionFailedException):
        server.change_alias_ips(network, ["10.0.1.9", "10.0.1.10"]).wait_until_finished()
    (private,) = rig.client.servers.get_by_id(server.id).private_net
    assert private.alias_ips == ["10.0.1.8", "10.0.1.9"]
    (member,) = network.get_member_all()
    assert (member.status, member.alias_ips) == ("ok", ["10.0.1.8", "10.0.1.9"])
    other = rig.client.servers.get_by_id(rig.machine("web-2")["id"])
    with pytest.raises(APIException) as caught:
        other.attach_to_network(network, ip="10.0.1.9")
    assert caught.value.code == "ip_not_available"
    other.attach_to_network(network, ip="10.0.1.10").wait_until_finished()


def test_a_failed_creation_fails_what_waits_for_it_and_leaves_the_server_off(rig: Rig) -> None:
    network = rig.network()["id"]
    fault(rig, "action_error", method="POST", path="/v1/servers", times=1)
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12", "networks": [network]}
    made = rig.made("/servers", body)
    ids = [made["action"]["id"], *(action["id"] for action in made["next_actions"])]
    assert [rig.get(f"/actions/{number}")["status"] for number in ids] == ["error", "error", "error"]
    server = rig.get(f"/servers/{made['server']['id']}")
    assert (server["status"], server["locked"], server["private_net"]) == ("off", False, [])


def test_a_stuck_lock_stays_after_its_action_until_it_is_taken_away(rig: Rig) -> None:
    server = rig.machine()
    where = f"/servers/{server['id']}"
    rig.get(where)
    fault(rig, "stuck_lock", method="POST", path=".*/reboot", times=1)
    action = rig.ask("POST", f"{where}/actions/reboot").json()["action"]
    assert rig.get(f"/actions/{action['id']}")["status"] == "success"
    assert rig.get(where)["locked"] is True
    assert refusal(rig.ask("POST", f"{where}/actions/poweroff")) == (423, "locked")
    change(rig, op="unlock", type="servers", name="web-1")
    assert rig.ask("POST", f"{where}/actions/poweroff").status_code == 201


def test_a_stuck_lock_with_a_time_limit_is_given_back_by_itself(rig: Rig) -> None:
    where = f"/servers/{rig.machine()['id']}"
    rig.get(where)
    fault(rig, "stuck_lock", method="POST", path=".*/reboot", times=1, seconds=60)
    rig.ask("POST", f"{where}/actions/reboot")
    assert rig.get(where)["locked"] is True
    rig.clock.pass_seconds(60)
    assert rig.get(where)["locked"] is False


def test_a_stuck_lock_that_was_taken_away_takes_no_other_actions_lock_when_its_time_is_up(rig: Rig) -> None:
    where = f"/servers/{rig.machine()['id']}"
    rig.get(where)
    fault(rig, "stuck_lock", method="POST", path=".*/reboot", times=1, seconds=60)
    fault(rig, "stuck_lock", method="POST", path=".*/reset", times=1)
    rig.ask("POST", f"{where}/actions/reboot")
    change(rig, op="unlock", type="servers", name="web-1")
    assert rig.ask("POST", f"{where}/actions/reset").status_code == 201
    rig.clock.pass_seconds(60)
    assert rig.get(where)["locked"] is True


def test_a_lost_permission_is_forbidden(rig: Rig) -> None:
    fault(rig, "lost_permission", path="/v1/volumes.*")
    assert refusal(rig.ask("GET", "/volumes")) == (403, "forbidden")
    assert rig.ask("GET", "/servers").status_code == 200


@pytest.mark.parametrize(("status", "code"), [(503, "unavailable"), (500, "server_error"), (409, "conflict")])
def test_an_injected_status_has_the_apis_own_shape_and_changes_nothing(
    rig: Rig, status: int, code: str
) -> None:
    fault(rig, "status", method="POST", status=status, times=1)
    body = {"name": "g", "type": "spread"}
    assert refusal(rig.ask("POST", "/placement_groups", body)) == (status, code)
    assert names(rig, "placement_groups") == []


def test_an_injected_status_is_an_answer_of_the_budget_of_whoever_asks(rig: Rig) -> None:
    assert rig.ask("GET", "/servers").headers["RateLimit-Remaining"] == "3599"
    fault(rig, "status", method="GET", path="/v1/servers", status=503, times=2)
    mine, others = rig.ask("GET", "/servers"), rig.ask("GET", "/servers", token=OTHER_TOKEN)
    assert [answer.headers["RateLimit-Remaining"] for answer in (mine, others)] == ["3598", "3599"]
    assert float(mine.headers["RateLimit-Reset"]) == rig.clock.now + 2
    assert mine.headers["X-Correlation-Id"] != others.headers["X-Correlation-Id"]


@pytest.mark.parametrize(
    "rule",
    [{"kind": "status", "status": 429}, {"kind": "refused", "options": {"code": "rate_limit_exceeded"}}],
)
def test_an_injected_limit_says_when_the_budget_is_full_again(rig: Rig, rule: dict[str, Any]) -> None:
    for said, seconds in ((0, 3600), (60, 60)):  # the hour that an empty budget takes, and what the rule says
        fault(rig, **rule, times=1, seconds=said)
        answer = rig.ask("GET", "/servers")
        assert refusal(answer) == (429, "rate_limit_exceeded")
        assert answer.headers["RateLimit-Remaining"] == "0"
        assert float(answer.headers["RateLimit-Reset"]) == rig.clock.now + seconds


def test_a_connection_cut_after_the_effect_is_in_the_ledger_as_applied(rig: Rig) -> None:
    fault(rig, "reset_after", method="POST", path="/v1/placement_groups", times=1)
    with pytest.raises(requests.ConnectionError):
        rig.ask("POST", "/placement_groups", {"name": "g", "type": "spread"})
    assert names(rig, "placement_groups") == ["g"]
    (entry,) = [entry for entry in rig.control("GET", "/ledger") if entry["method"] == "POST"]
    assert (entry["applied"], entry["status"], entry["fault"]) == (True, 0, "reset_after")


def test_a_request_delivered_twice_cannot_make_two_things_of_one_name(rig: Rig) -> None:
    fault(rig, "deliver_twice", method="POST", path="/v1/servers", times=1)
    rig.machine()
    assert names(rig) == ["web-1"]
    assert [exchange.status for exchange in rig.api.exchanges][:2] == [201, 409]


def test_refused_requests_are_in_the_ledger_as_not_applied(rig: Rig) -> None:
    rig.ask("POST", "/servers", {})
    (entry,) = rig.control("GET", "/ledger")
    assert (entry["applied"], entry["status"]) == (False, 422)


# --- changes behind the client's back ----------------------------------------------------------------


def test_another_client_can_create_command_and_delete(rig: Rig) -> None:
    body = {"name": "web-1", "server_type": "cx22", "image": "debian-12"}
    made = change(rig, op="create", type="servers", body=body)
    where = f"/servers/{made['server']['id']}"
    assert rig.get(where)["status"] == "running"
    change(rig, op="request", method="POST", path=f"{where}/actions/enable_backup")
    assert rig.get(where)["backup_window"] == "22-02"
    rig.ask("POST", f"{where}/actions/change_protection", {"delete": True, "rebuild": True})
    change(rig, op="delete", type="servers", name="web-1")
    assert refusal(rig.ask("GET", where)) == (404, "not_found")
    assert names(rig, "primary_ips") == []


def test_attributes_can_be_changed_behind_the_clients_back(rig: Rig) -> None:
    where = f"/servers/{rig.machine(labels={'env': 'prod', 'keep': 'me'})['id']}"
    values = {"labels.env": "dev", "server_type": "cx32", "name": "other", "protection.delete": True}
    change(rig, op="set", type="servers", name="web-1", set=values)
    server = rig.get(where)
    assert (server["name"], server["server_type"]["name"]) == ("other", "cx32")
    assert server["labels"] == {"env": "dev", "keep": "me"}
    assert server["protection"]["delete"] is True
    change(rig, op="power", name="other", to="off")
    assert rig.get(where)["status"] == "off"


def test_an_object_deleted_behind_the_clients_back_leaves_no_dangling_reference(rig: Rig) -> None:
    network = rig.network()["id"]
    server = rig.machine(networks=[network])
    body = {"name": "v", "size": 10, "server": server["id"]}
    assert refusal(rig.ask("GET", "/volumes/1")) == (404, "not_found")
    volume = rig.made("/volumes", body)["volume"]["id"]
    target = {"type": "server", "server": {"id": server["id"]}}
    firewall = rig.made("/firewalls", {"name": "fw", "apply_to": [target]})["firewall"]["id"]
    for kind, number in (("volumes", volume), ("firewalls", firewall), ("networks", network)):
        change(rig, op="delete", type=kind, id=number)
    shown = rig.get(f"/servers/{server['id']}")
    assert [shown["volumes"], shown["private_net"], shown["public_net"]["firewalls"]] == [[], [], []]


@pytest.mark.parametrize(
    "what",
    [
        {"op": "delete", "type": "servers", "name": "nobody"},
        {"op": "delete", "type": "toasters", "name": "x"},
        {"op": "set", "type": "networks", "name": "net", "set": {"servers": [1]}},
        {"op": "power", "name": "nobody", "to": "off"},
        {"op": "explode"},
        {"op": "create", "type": "networks", "body": {"name": "net", "ip_range": "10.0.0.0/16"}},
    ],
)
def test_a_change_that_cannot_be_made_says_why(rig: Rig, what: dict[str, Any]) -> None:
    rig.network()
    url = f"http://127.0.0.1:{rig.server.port}/_sim/change"
    answer = rig.session.post(url, json=what, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    with pytest.raises(ValueError, match=r"\w"):
        rig.api.change(what)


def test_the_library_reports_a_refusal_with_code_and_correlation(rig: Rig) -> None:
    with pytest.raises(APIException) as caught:
        rig.client.servers.get_by_id(1)
    assert (caught.value.code, len(caught.value.correlation_id or "")) == ("not_found", 16)

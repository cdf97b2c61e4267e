"""What is special about the Hetzner driver: its lists, its tasks, and its machines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.diff import creation
from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.address import Address
from reconciler.model.catalog import Mutability
from reconciler.model.plan import Action
from reconciler.model.values import ExternalRef, Value
from reconciler.providers.account import Account
from reconciler.providers.driver import ObserveRequest, Request, TaskState
from reconciler.providers.hetzner.types import TYPES
from reconciler.testing import Sample, World
from tests.contract.hetzner_harness import HetznerHarness, asked, hetzner, poweroff
from tests.contract.hetzner_samples import samples
from tests.contract.hetzner_samples.firewall import firewall
from tests.contract.hetzner_samples.network import network
from tests.contract.hetzner_samples.ssh_key import ssh_key
from tests.contract.hetzner_samples.vm import vm
from tests.contract.hetzner_samples.wanting import want

GROUPS = frozenset({"placement_group"})


@pytest.fixture
def harness() -> Iterator[HetznerHarness]:
    with hetzner() as made:
        yield made
        assert made.violations() == []


@pytest.fixture
def world(harness: HetznerHarness) -> World:
    return World(harness)


def of(world: World) -> HetznerHarness:
    assert isinstance(world.harness, HetznerHarness)
    return world.harness


# -- lists -----------------------------------------------------------------------------------------


def groups(harness: HetznerHarness, number: int) -> None:
    for index in range(number):
        harness.rig.made("/placement_groups", {"name": f"group-{index}", "type": "spread"})


def test_lists_come_in_pages_of_fifty(harness: HetznerHarness) -> None:
    groups(harness, 101)
    seen = harness.driver.observe(ObserveRequest(GROUPS))
    assert (len(seen.resources), seen.complete, seen.requests) == (101, GROUPS, 3)


@pytest.mark.parametrize("mode", ["end", "skip", "short"])
def test_a_list_that_lost_a_page_is_not_complete(harness: HetznerHarness, mode: str) -> None:
    groups(harness, 120)
    harness.fault("missing_page", options={"mode": mode})
    seen = harness.driver.observe(ObserveRequest(GROUPS))
    assert seen.resources
    assert not seen.complete
    assert [(item.type, item.external_id) for item in seen.unseen] == [("placement_group", None)]


def test_a_list_that_changed_while_it_was_read_is_read_again(harness: HetznerHarness) -> None:
    groups(harness, 60)
    harness.fault("missing_page", times=1)
    seen = harness.driver.observe(ObserveRequest(GROUPS))
    assert (len(seen.resources), seen.complete) == (60, GROUPS)


def test_an_empty_list_is_reported_as_it_is(harness: HetznerHarness) -> None:
    groups(harness, 3)
    harness.fault("empty_list")
    seen = harness.driver.observe(ObserveRequest(GROUPS))
    assert (seen.resources, seen.complete) == ((), GROUPS)


def test_one_type_that_cannot_be_seen_does_not_hide_the_others(harness: HetznerHarness) -> None:
    harness.fault("lost_permission", path="/v1/volumes")
    seen = harness.driver.observe(ObserveRequest(frozenset({"volume", "network"})))
    assert seen.complete == {"network"}
    assert [(item.type, item.external_id) for item in seen.unseen] == [("volume", None)]


def test_an_object_that_cannot_be_read_is_unseen_and_spoils_only_completeness(
    harness: HetznerHarness,
) -> None:
    groups(harness, 2)
    change = {"op": "set", "type": "placement_groups", "name": "group-0", "set": {"created": "yesterday"}}
    harness.rig.control("POST", "/change", change)
    seen = harness.driver.observe(ObserveRequest(GROUPS))
    assert [item.name for item in seen.resources] == ["group-1"]
    assert not seen.complete
    assert seen.unseen[0].external_id is not None
    harness.rig.api.exchanges.clear()  # the damage is no valid answer, as intended


def test_a_damaged_mark_is_no_mark(world: World) -> None:
    key = ssh_key()
    world.apply(key)
    broken = {"op": "set", "type": "ssh_keys", "name": "admin", "set": {"labels": {"reconciler/owner": "x"}}}
    of(world).rig.control("POST", "/change", broken)
    seen = world.look(key.address, key)
    assert seen.mark is None
    assert seen.tags == {}


# -- tasks -----------------------------------------------------------------------------------------


def test_actions_are_polled_together(harness: HetznerHarness) -> None:
    tasks = []
    for index in range(60):
        body = {"name": f"volume-{index}", "size": 10, "location": "fsn1"}
        tasks.append(f"action/{harness.rig.made('/volumes', body)['action']['id']}")
    before = len(asked(harness))
    states = harness.driver.poll([*tasks, "action/1"])
    assert {states[task].state for task in tasks} == {TaskState.DONE}
    assert states["action/1"].state is TaskState.UNKNOWN
    assert len(asked(harness)) - before == 2


def test_all_actions_of_an_answer_are_waited_for() -> None:
    with hetzner(action_seconds=1.0) as harness:
        world = World(harness)
        (call,) = world.lower(Action.CREATE, vm(), None, creation(vm(), world.catalog))
        tasks = world.submit(call, vm().address)
        assert len(tasks) == 2  # making it, and starting it
        assert world.look(vm().address, vm()).busy
        harness.rig.clock.pass_seconds(3600)
        assert {status.state for status in harness.driver.poll(tasks).values()} == {TaskState.DONE}
        assert not world.look(vm().address, vm()).busy


def test_a_call_that_starts_several_actions_gives_them_all_as_tasks() -> None:
    with hetzner(action_seconds=1.0) as harness:
        world = World(harness)
        (call,) = world.lower(Action.CREATE, firewall(), None, creation(firewall(), world.catalog))
        assert len(world.submit(call, firewall().address)) == 2  # its rules, and its selector


def test_a_shutdown_is_over_when_the_machine_is_off_and_not_when_it_was_asked() -> None:
    with hetzner(action_seconds=1.0) as harness:
        server = str(harness.rig.machine()["id"])
        harness.rig.clock.pass_seconds(3600)
        path = f"/servers/{server}/actions/shutdown"
        tasks = harness.driver.submit(Request("server.shutdown", "POST", path, {"id": server}, {})).tasks
        harness.rig.clock.pass_seconds(1.5)
        assert [status.state for status in harness.driver.poll(tasks).values()] == [
            TaskState.DONE,
            TaskState.RUNNING,
        ]
        harness.rig.clock.pass_seconds(3600)
        assert {status.state for status in harness.driver.poll(tasks).values()} == {TaskState.DONE}


def test_a_machine_on_which_an_action_runs_is_busy() -> None:
    with hetzner(action_seconds=1.0) as harness:
        server = str(harness.rig.machine()["id"])
        harness.rig.clock.pass_seconds(3600)
        target = ObserveRequest(frozenset(), (("vm", server),))
        assert [item.busy for item in harness.driver.observe(target).resources] == [False]
        harness.rig.ask("POST", f"/servers/{server}/actions/create_image")
        assert [item.busy for item in harness.driver.observe(target).resources] == [True]


def test_an_action_that_ends_in_an_error_says_which_and_why(world: World) -> None:
    machine = vm()
    world.apply(machine)
    options = {"code": "action_failed", "message": "the host broke"}
    of(world).fault("action_error", method="POST", options=options)
    tasks = world.driver.submit(poweroff(world.ids[machine.address])).tasks
    (status,) = world.driver.poll(tasks).values()
    assert status.state is TaskState.FAILED
    assert status.message == "stop_server: the host broke (action_failed)"


# -- machines --------------------------------------------------------------------------------------


def test_what_a_server_type_brings_is_observed(world: World) -> None:
    world.apply(vm())
    values = world.recorded[vm().address].attributes
    assert (values["cpu_cores"], values["memory_mb"], values["primary_disk_gb"]) == (2, 4096, 40)
    assert isinstance(values["ipv4"], ExternalRef)
    assert values["public_ipv4"]


def test_a_firewall_that_picks_a_machine_by_label_is_not_the_machines_own(world: World) -> None:
    world.apply(want("firewall/all", label_selectors=("env=test",)))
    world.apply(want("firewall/mine"))
    world.apply(vm(firewalls=("firewall/mine",)))
    assert world.recorded[vm().address].attributes["firewalls"] == (Address.parse("firewall/mine"),)
    (shown,) = of(world).rig.ask("GET", "/servers").json()["servers"]
    assert len(shown["public_net"]["firewalls"]) == 2


def test_an_empty_description_is_none(world: World) -> None:
    wall = firewall()
    world.apply(wall)
    change = {"op": "set", "type": "firewalls", "name": "web", "set": {"rules.0.description": ""}}
    of(world).rig.control("POST", "/change", change)
    world.look(wall.address, wall)
    assert not world.pending(wall)


def test_machines_without_firewalls_cost_no_further_request_but_the_catalogue(world: World) -> None:
    for index in range(3):
        world.apply(vm(f"web-{index}"))
    seen = world.driver.observe(ObserveRequest(frozenset({"vm"})))
    assert (len(seen.resources), seen.requests) == (3, 3)
    assert {offer.kind for offer in seen.offers or ()} == {"server_type", "image"}


@pytest.mark.parametrize("listens", [True, False])
def test_a_shutdown_is_waited_for_and_then_enforced(world: World, listens: bool) -> None:
    machine = vm(power_state="running")
    world.apply(machine)
    change = {"op": "set", "type": "servers", "name": "web-1", "set": {"acpi": listens}}
    of(world).rig.control("POST", "/change", change)
    world.apply(vm(power_state="stopped"))
    assert world.recorded[machine.address].state == "stopped"
    assert [path.rpartition("/")[2] for path in asked(of(world), "POST")[-2:]] == ["shutdown", "poweroff"]


def test_a_machine_that_is_gone_has_no_shutdown_to_wait_for(harness: HetznerHarness) -> None:
    assert harness.driver.poll(["off/1"])["off/1"].state is TaskState.UNKNOWN


def test_an_unknown_status_is_said_and_not_guessed(world: World) -> None:
    world.apply(vm())
    change = {"op": "set", "type": "servers", "name": "web-1", "set": {"status": "unknown"}}
    of(world).rig.control("POST", "/change", change)
    seen = world.look(vm().address, vm())
    assert (seen.state, seen.busy) == ("updating", True)
    assert "power_state" not in seen.attributes


def test_reverse_dns_of_an_address_that_the_provider_chose_is_set_with_the_creation(world: World) -> None:
    entry = want("floating_ip/entry", ip_version="ipv6", location="fsn1", reverse_dns="in.example.com")
    world.apply(entry)
    (shown,) = of(world).rig.ask("GET", "/floating_ips").json()["floating_ips"]
    assert [item["dns_ptr"] for item in shown["dns_ptr"]] == ["in.example.com"]
    assert world.recorded[Address.parse("floating_ip/entry")].attributes["reverse_dns"] == "in.example.com"


def test_reverse_dns_without_an_address_is_refused_before_anything_is_sent(world: World) -> None:
    private = vm(ipv4_enabled=False)
    world.apply(private)
    server = world.ids[private.address]
    path = f"/servers/{server}/actions/change_dns_ptr"
    params = {"ip": "${public_ipv4}", "dns_ptr": "a.example.com"}
    before = len(asked(of(world), "POST"))
    with pytest.raises(ProviderError, match="no public ipv4 address"):
        world.driver.submit(Request("server.change_dns_ptr", "POST", path, {"id": server}, params))
    assert len(asked(of(world), "POST")) == before


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.desired.type)
def test_an_object_that_somebody_renamed_gets_its_name_back(world: World, sample: Sample) -> None:
    for desired in (*sample.first, sample.desired):
        world.apply(desired)
    address = sample.desired.address
    wire = TYPES[address.type].wire
    of(world).rig.ask("PUT", f"/{wire.collection}/{world.ids[address]}", {"name": "somebodys"})
    seen = world.look(address, sample.desired)
    (change,) = world.pending(sample.desired).changes
    assert (change.name, change.before, change.mutability) == (
        wire.name,
        "somebodys",
        Mutability.IN_PLACE,
    )
    (call,) = world.apply(sample.desired)
    assert call.params == (("name", address.name),)
    healed = world.look(address, sample.desired)
    assert (healed.name, healed.mark) == (address.name, seen.mark)


def test_a_machine_takes_its_address_from_the_subnet_that_is_named(world: World) -> None:
    world.apply(network())
    place: dict[str, Value] = {"network": "network/net", "ip_range": "10.0.2.0/24"}
    machine = vm(parts={"network_attachment": [place]})
    world.apply(machine)
    (attachment,) = world.look(machine.address, machine).parts
    assert str(attachment.attributes["ip"]).startswith("10.0.2.")
    assert not world.pending(machine)


# -- as whom ---------------------------------------------------------------------------------------


def test_a_token_is_tried_by_one_read_of_one_row(harness: HetznerHarness) -> None:
    before = len(harness.rig.server.ledger.since())
    assert harness.driver.account() == Account("an API token of a project")
    (entry,) = harness.rig.server.ledger.since()[before:]
    assert (entry["method"], entry["path"]) == ("GET", "/v1/locations")
    with pytest.raises(ProviderError) as caught:
        harness.connect("wrong").account()
    assert caught.value.code is ErrorCode.UNAUTHORIZED

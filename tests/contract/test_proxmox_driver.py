"""What is special about the Proxmox VE driver, tried before the simulator."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from reconciler.errors import ErrorCode, ProviderError
from reconciler.model.address import Address
from reconciler.model.diff import Diff
from reconciler.model.plan import Action
from reconciler.model.resource import Desired, Observed
from reconciler.model.values import SecretRef
from reconciler.providers.account import Account
from reconciler.providers.driver import Observation, ObserveRequest, TaskState
from reconciler.providers.proxmox.marks import FAULT
from reconciler.sim.proxmox import Token
from reconciler.testing import OWNER, World
from tests.contract.proxmox_harness import ProxmoxHarness, proxmox
from tests.contract.proxmox_rig import AUDITOR_SECRET, IMAGE, PASSWORD
from tests.contract.proxmox_samples.container import container
from tests.contract.proxmox_samples.guest import KEY_1, disk, nic
from tests.contract.proxmox_samples.vm import vm
from tests.contract.proxmox_samples.wanting import changed, want, with_parts

WEB = Address.parse("vm/web-1")
GUESTS = frozenset({"vm", "container"})


@pytest.fixture
def made() -> Iterator[ProxmoxHarness]:
    with proxmox() as harness:
        yield harness
        assert harness.violations() == []


@pytest.fixture
def world(made: ProxmoxHarness) -> World:
    return World(made)


def truth(world: World, address: Address = WEB) -> Any:
    return rig_of(world).state(int(world.ids[address]))


def rig_of(world: World) -> Any:
    harness = world.harness
    assert isinstance(harness, ProxmoxHarness)
    return harness.rig


def everything(world: World) -> Observation:
    known = {
        kind: frozenset(world.ids[address] for address in world.ids if address.type == kind)
        for kind in GUESTS
    }
    return world.driver.observe(ObserveRequest(GUESTS, known=known))


def seen_in(observation: Observation, vmid: str) -> Observed:
    return next(item for item in observation.resources if item.external_id == vmid)


def clone(**values: Any) -> Desired:
    body: dict[str, Any] = {"node": "pve1", "clone_from": 9000, "clone_full": True}
    return want(
        "vm/web-1",
        {"disk": [{"slot": "scsi0", "size_gb": 20}], "nic": [nic(bridge="vmbr1")]},
        {"env": "test"},
        **(body | values),
    )


def test_a_clone_has_its_own_mark_tags_options_and_size(world: World) -> None:
    desired = clone(description="A web server", cpu_cores=4, ci_ssh_keys=(KEY_1,), power_state="running")
    world.apply(desired)
    assert world.pending(desired) == Diff(WEB)
    seen = world.look(WEB, desired)
    assert seen.mark is not None
    assert seen.mark.resource == world.mark(WEB).resource
    assert dict(seen.tags) == {"env": "test"}
    assert truth(world)["config"]["description"] == "A web server"
    assert seen.state == "running"


def test_a_clone_that_was_cut_off_from_its_second_call_is_known_by_its_description(world: World) -> None:
    desired = clone(description="A web server")
    rig_of(world).change(op="set", vmid=9000, set={"tags": f"rc-owner-{OWNER.hex};rc-id-{uuid4().hex}"})
    calls = world.lower(Action.CREATE, desired, None, Diff(WEB))
    world.run(calls[:1], WEB)
    seen = seen_in(everything(world), world.ids[WEB])
    assert seen.mark is not None
    assert (seen.mark.owner, seen.mark.resource) == (OWNER, world.mark(WEB).resource)
    assert seen.attributes["description"] == "A web server"
    template = seen_in(everything(world), "9000")
    assert template.mark is None


@pytest.mark.parametrize("description", ["A web server", None])
def test_a_mark_that_stayed_in_a_description_is_brought_to_its_place(
    world: World, description: str | None
) -> None:
    # A clone of a template that is all that its manifest wants: nothing but the mark is left to do.
    rig_of(world).change(op="set", vmid=9000, set={"tags": "env+test"})
    desired = clone(**({"description": description} if description else {}))
    desired = replace(desired, parts=(), collections=frozenset())
    calls = world.lower(Action.CREATE, desired, None, Diff(WEB))
    world.run(calls[:1], WEB)
    world.look(WEB, desired)
    assert "rc-id-" not in truth(world)["config"]["tags"]
    assert [item.name for item in world.pending(desired).changes] == [FAULT]
    world.apply(desired)
    assert world.pending(desired) == Diff(WEB)
    config = truth(world)["config"]
    assert config.get("description") == description
    assert sorted(config["tags"].split(";")) == [
        "env+test",
        f"rc-id-{world.mark(WEB).resource.hex}",
        f"rc-owner-{OWNER.hex}",
    ]


def test_an_adopted_guest_keeps_no_mark_of_another_in_its_description(world: World) -> None:
    stale = f"Old\nrc-owner-{OWNER.hex} rc-id-{uuid4().hex}"
    rig_of(world).change(op="create", vmid=700, config={"name": "web-1", "description": stale, "cores": 2})
    desired = replace(vm(), tags={})
    world.adopt(desired, "700")
    seen = world.look(WEB, desired)
    assert seen.mark is not None
    assert seen.mark.resource == world.mark(WEB).resource
    assert (truth(world)["config"]["description"], dict(seen.tags)) == ("Old", {})


def test_a_clone_s_disks_that_must_change_do_so_before_its_first_start(world: World) -> None:
    desired = with_parts(clone(power_state="running"), {"disk": [disk(size=20, cache="writeback")]})
    world.apply(desired)
    assert world.recorded[WEB].state == "stopped"
    calls = world.apply(desired)
    assert [call.operation for call in calls] == ["vm.config", "vm.start"]
    assert world.pending(desired) == Diff(WEB)


def test_a_container_is_cloned_from_another(world: World) -> None:
    source = container()
    world.apply(source)
    body: dict[str, Any] = {"clone_from": int(world.ids[source.address]), "clone_full": True, "cpu_cores": 2}
    twin = want(
        "container/ct-2",
        {"disk": [{"slot": "rootfs", "size_gb": 12}], "nic": [nic(ip4_config="dhcp")]},
        {"env": "test"},
        node="pve1",
        power_state="running",
        **body,
    )
    world.apply(twin)
    assert world.pending(twin) == Diff(twin.address)
    seen = world.look(twin.address, twin)
    assert seen.mark is not None
    assert seen.mark.resource == world.mark(twin.address).resource != world.mark(source.address).resource


def test_an_image_is_imported_and_grown(world: World) -> None:
    desired = vm(parts={"disk": [disk(size=20, import_from=IMAGE)]})
    world.apply(desired)
    assert world.pending(desired) == Diff(WEB)


def test_a_changed_option_leaves_volume_address_and_serial_as_they_were(world: World) -> None:
    desired = vm(parts={"disk": [disk(disk_serial="S 1")], "nic": [nic()]})
    world.apply(desired)
    before = truth(world)["config"]
    world.apply(with_parts(desired, {"disk": [disk(cache="none", aio="native")], "nic": [nic(vlan_tag=7)]}))
    after = truth(world)["config"]
    volume, mac = before["scsi0"].partition(",")[0], before["net0"].partition(",")[0]
    assert after["scsi0"].startswith(f"{volume},")
    assert {"aio=native", "serial=S%201", "size=32G"} <= set(after["scsi0"].split(","))
    assert after["net0"].startswith(f"{mac},")
    assert not [key for key in after if key.startswith("unused")]


def test_a_removed_disk_leaves_nothing_behind(world: World) -> None:
    desired = vm(parts={"disk": [disk(), disk("scsi1", 5), disk("ide0", 1)]}, power_state="running")
    world.apply(desired)
    fewer = with_parts(desired, {"disk": [disk()]})
    world.apply(fewer)
    assert world.pending(fewer) == Diff(WEB)
    assert [
        volume for volume in truth(world)["config"] if volume.startswith(("unused", "scsi1", "ide0"))
    ] == []
    assert world.recorded[WEB].state == "running"


def test_a_disk_that_somebody_exchanged_is_not_destroyed_for_the_old_one(world: World) -> None:
    desired = vm(parts={"disk": [disk(), disk("scsi1", 5)]})
    world.apply(desired)
    machine = rig_of(world).vm(int(world.ids[WEB]))
    machine.config.put(delete="scsi1")
    machine.config.put(scsi1="local-lvm:7")
    before = truth(world)["config"]
    with pytest.raises(ProviderError) as error:
        world.apply(with_parts(desired, {"disk": [disk()]}))
    assert error.value.code is ErrorCode.CONFLICT
    assert truth(world)["config"] == before


def test_a_change_on_top_of_somebody_else_s_is_refused_whole(world: World) -> None:
    desired = vm()
    world.apply(desired)
    rig_of(world).change(op="set", vmid=int(world.ids[WEB]), set={"net0": "virtio,bridge=vmbr1"})
    before = truth(world)["config"]
    with pytest.raises(ProviderError) as error:
        world.apply(with_parts(desired, {"nic": [nic(vlan_tag=7)]}))
    assert (error.value.code, error.value.ambiguous) == (ErrorCode.CONFLICT, False)
    assert truth(world)["config"] == before


def test_what_waits_for_a_restart_is_shown_as_pending_beside_what_is_in_force(world: World) -> None:
    desired = vm(power_state="running")
    world.apply(desired)
    rig_of(world).change(op="set", vmid=int(world.ids[WEB]), set={"cores": 8})
    seen = world.look(WEB, desired)
    assert seen.attributes["cpu_cores"] == 2
    assert seen.pending == {"cpu_cores"}


def test_one_restart_takes_on_all_that_needs_one(world: World) -> None:
    desired = vm(power_state="running")
    world.apply(desired)
    more = with_parts(
        changed(desired, cpu_cores=4, memory_mb=4096, agent_enabled=True),
        {"disk": [disk(size=40, cache="none")]},
    )
    calls = world.apply(more)
    assert [call.operation for call in calls] == ["vm.config", "vm.shutdown", "vm.start", "vm.resize"]
    assert world.pending(more) == Diff(WEB)
    assert world.recorded[WEB].state == "running"


def test_a_guest_that_ignores_a_shutdown_is_stopped(world: World) -> None:
    world.apply(vm(power_state="running"))
    rig_of(world).change(op="ignore_shutdown", vmid=int(world.ids[WEB]))
    off = vm(power_state="stopped")
    world.apply(off)
    assert world.pending(off) == Diff(WEB)


def test_a_machine_is_paused_and_goes_on(world: World) -> None:
    for state in ("running", "paused", "running", "paused", "stopped", "paused"):
        desired = vm(power_state=state)
        world.apply(desired)
        assert world.recorded[WEB].state == state


def test_a_paused_machine_is_no_running_one_in_a_look_at_everything(world: World) -> None:
    world.apply(vm(power_state="running"))
    assert seen_in(everything(world), world.ids[WEB]).state == "running"
    world.apply(vm(power_state="paused"))
    assert seen_in(everything(world), world.ids[WEB]).state == "paused"


def test_a_running_guest_is_deleted_with_its_disks(world: World) -> None:
    world.apply(vm(power_state="running"))
    world.delete(WEB)
    assert truth(world) is None


def test_a_stranger_costs_no_request_and_is_seen_from_the_list(world: World) -> None:
    few = everything(world).requests
    for vmid in range(500, 520):
        rig_of(world).change(op="occupy", vmid=vmid)
    seen = everything(world)
    assert seen.requests == few
    assert len(seen.resources) == 21
    assert all(item.mark is None for item in seen.resources)
    assert seen.complete == GUESTS


def test_a_guest_with_our_mark_is_read_even_if_nobody_knows_it(world: World) -> None:
    world.apply(vm())
    seen = world.driver.observe(ObserveRequest(GUESTS))
    found = seen_in(seen, world.ids[WEB])
    assert found.mark is not None
    assert found.parts


def test_without_the_privilege_to_see_all_nothing_is_absent(world: World) -> None:
    world.apply(vm())
    rig_of(world).fault("lost_permission")
    seen = everything(world)
    target = world.observe(WEB)
    rig_of(world).clear_faults()
    assert not seen.resources
    assert not seen.complete
    assert {item.external_id for item in seen.unseen} == {None}
    assert not target.absent
    assert [item.external_id for item in target.unseen] == [world.ids[WEB]]


def test_an_empty_list_does_not_make_a_target_absent(world: World) -> None:
    world.apply(vm())
    rig_of(world).fault("empty_list", path=".*/cluster/resources")
    seen = world.observe(WEB)
    rig_of(world).clear_faults()
    assert not seen.absent
    assert seen.unseen


def test_guests_of_an_offline_node_are_unseen_and_no_list_is_complete(world: World) -> None:
    world.apply(vm())
    world.apply(vm("web-2", node="pve2"))
    rig_of(world).fault("offline_node", options={"node": "pve2"})
    seen = everything(world)
    target = world.observe(Address.parse("vm/web-2"))
    rig_of(world).clear_faults()
    assert not seen.complete
    assert world.ids[Address.parse("vm/web-2")] in {item.external_id for item in seen.unseen}
    assert seen_in(seen, world.ids[WEB]).mark is not None
    assert not target.absent
    assert target.unseen


def test_a_stranger_whose_node_does_not_say_how_it_is_is_unseen(world: World) -> None:
    stranger = next(item for item in everything(world).resources if item.attributes.get("is_template"))
    rig_of(world).fault("offline_node", options={"node": stranger.attributes["node"]})
    seen = everything(world)
    rig_of(world).clear_faults()
    assert "unknown" not in {item.state for item in seen.resources}
    assert any("does not say how guest" in item.message for item in seen.unseen)


def test_an_id_that_a_guest_of_the_other_type_has_is_absent_as_this_one(world: World) -> None:
    world.apply(vm())
    target = ("container", world.ids[WEB])
    assert world.driver.observe(ObserveRequest(frozenset(), (target,))).absent == {target}


def test_a_vmid_that_somebody_took_first_is_said_to_exist(world: World) -> None:
    calls = world.lower(Action.CREATE, vm(), None, Diff(WEB))
    world.fill(calls[0], WEB)
    rig_of(world).change(op="occupy", vmid=int(world.ids[WEB]))
    with pytest.raises(ProviderError) as error:
        world.submit(calls[0], WEB)
    assert error.value.code is ErrorCode.ALREADY_EXISTS
    (seen,) = world.observe(WEB).resources
    assert seen.mark is None


def test_a_locked_guest_is_busy_and_refuses_for_now(world: World) -> None:
    desired = vm()
    world.apply(desired)
    rig_of(world).fault("stuck_lock", options={"vmid": int(world.ids[WEB]), "lock": "backup"})
    seen = world.look(WEB, desired)
    with pytest.raises(ProviderError) as error:
        world.apply(changed(desired, cpu_cores=4))
    rig_of(world).clear_faults()
    assert seen.busy
    assert seen.attributes["config_lock"] == "backup"
    assert (error.value.code, error.value.transient) == (ErrorCode.LOCKED, True)


@pytest.mark.parametrize(
    ("ends", "state"),
    [("WARNINGS: 2", TaskState.DONE), ("OK", TaskState.DONE), ("disk is full", TaskState.FAILED)],
)
def test_a_task_s_own_result_decides(world: World, ends: str, state: TaskState) -> None:
    calls = world.lower(Action.CREATE, vm(), None, Diff(WEB))
    rig_of(world).fault("action_error", method="POST", options={"exitstatus": ends})
    tasks = world.submit(calls[0], WEB)
    rig_of(world).clear_faults()
    status = world.driver.poll(tasks)[tasks[0]]
    assert status.state is state
    assert ends == "OK" or status.message.startswith(ends)


def test_many_tasks_of_a_node_are_asked_for_at_once(world: World) -> None:
    tasks: list[str] = []
    for number in range(6):
        where = Address.of("vm", f"m-{number}")
        (call,) = world.lower(Action.CREATE, vm(f"m-{number}"), None, Diff(where))
        tasks += world.submit(call, where)
    before = len(rig_of(world).server.ledger.since())
    states = world.driver.poll(tasks)
    assert len(rig_of(world).server.ledger.since()) == before + 1
    assert {status.state for status in states.values()} == {TaskState.DONE}
    assert len(states) == 6


def test_tasks_that_run_are_not_done() -> None:
    with proxmox(task_seconds=5.0) as harness:
        world = World(harness)
        calls = world.lower(Action.CREATE, vm(), None, Diff(WEB))
        tasks = world.submit(calls[0], WEB)
        assert [status.state for status in world.driver.poll(tasks).values()] == [TaskState.RUNNING]
        harness.rig.fault("status", method="GET", path=".*/tasks/.*/status", status=404)
        denied = world.driver.poll(tasks).values()
        assert [status.state for status in denied] == [TaskState.RUNNING], "a denial is not its end"
        harness.rig.clock.now += 6
        assert [status.state for status in world.driver.poll(tasks).values()] == [TaskState.DONE]


def test_a_node_that_goes_offline_leaves_its_tasks_unfinished_and_others_known(world: World) -> None:
    tasks: list[str] = []
    for name, node in (("m-1", "pve1"), ("m-2", "pve2")):
        where = Address.of("vm", name)
        (call,) = world.lower(Action.CREATE, vm(name, node=node), None, Diff(where))
        tasks += world.submit(call, where)
    rig_of(world).fault("offline_node", options={"node": "pve2"})
    states = world.driver.poll(tasks)
    rig_of(world).clear_faults()
    assert [states[task].state for task in tasks] == [TaskState.DONE, TaskState.RUNNING]


def test_a_container_s_removed_volume_is_gone_and_others_stay(world: World) -> None:
    mounts = [disk(f"mp{number}", 4, mount_path=f"/{number}") for number in range(3)]
    desired = container(parts={"disk": [disk("rootfs", 8), *mounts]})
    world.apply(desired)
    rig = rig_of(world)
    rig.ct(int(world.ids[desired.address])).config.put(delete="mp2")  # somebody keeps this one aside
    kept = truth(world, desired.address)["config"]["unused0"]
    world.look(desired.address, desired)
    world.apply(container(parts={"disk": [disk("rootfs", 8), *mounts[:2]]}, power_state="running"))
    fewer = container(parts={"disk": [disk("rootfs", 8), mounts[1]]}, power_state="running")
    world.apply(fewer)
    config = truth(world, desired.address)["config"]
    assert {key for key in config if key.startswith(("mp", "unused"))} == {"mp1", "unused0"}
    assert config["unused0"] == kept
    bodies = [entry["body"] for entry in rig.server.ledger.since() if entry["method"] == "PUT"]
    (destroyed,) = [body for body in bodies if body.get("delete", "").startswith("unused")]
    assert destroyed["digest"]
    assert world.recorded[desired.address].state == "running"


def test_root_by_password_may_do_what_a_token_may_not(made: ProxmoxHarness) -> None:
    world = World(made)
    devices: Any = {"disk": [disk("rootfs", 8)], "host_device": [{"slot": "dev0", "host_path": "/dev/fuse"}]}
    with pytest.raises(ProviderError) as error:
        world.apply(container(parts=devices))
    assert error.value.code is ErrorCode.FORBIDDEN
    world = World(made)
    world.driver = made.connect(f"root@pam:{PASSWORD}")
    world._reserved = iter(range(910_001, 910_100))  # type: ignore[assignment] # ids that nobody has tried
    device = {"slot": "dev0", "host_path": "/dev/kvm", "deny_write": True, "device_uid": 1, "device_gid": 2}
    for listed in (devices["host_device"], [{**device, "device_mode": "0660"}], []):
        parts: Any = {**devices, "host_device": listed}
        desired = container(parts=parts)
        world.apply(desired)
        assert world.pending(desired) == Diff(desired.address)
    machine = vm(qemu_args="-device edu")
    world.apply(machine)
    assert world.pending(machine) == Diff(WEB)


def test_a_wrong_password_is_unauthorized(made: ProxmoxHarness) -> None:
    driver = made.connect("root@pam:a-wrong-one")
    with pytest.raises(ProviderError) as error:
        driver.observe(ObserveRequest(GUESTS))
    assert error.value.code is ErrorCode.UNAUTHORIZED
    assert "a-wrong-one" not in str(error.value)


def test_a_login_that_nobody_answers_is_no_wrong_password(made: ProxmoxHarness) -> None:
    driver = made.connect(f"root@pam:{PASSWORD}")
    made.rig.fault("status", method="POST", status=503)
    with pytest.raises(ProviderError) as error:
        driver.observe(ObserveRequest(GUESTS))
    made.rig.clear_faults()
    assert (error.value.code, error.value.transient) == (ErrorCode.UNAVAILABLE, True)
    driver.observe(ObserveRequest(GUESTS))
    assert made.meter.asked == len(made.rig.server.ledger.since())


def test_who_may_only_look_is_forbidden_to_change(world: World, made: ProxmoxHarness) -> None:
    world.driver = made.connect(f"reconciler@pve!auditor={AUDITOR_SECRET}")
    with pytest.raises(ProviderError) as error:
        world.apply(vm())
    assert error.value.code is ErrorCode.FORBIDDEN


def test_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.secrets["ci"] = "hunter2-hunter2"
    with caplog.at_level(logging.DEBUG):
        for name in ("proxmoxer.core", "proxmoxer.backends.https"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        world.apply(vm(ci_password=SecretRef("ci", "one")))
        for name in ("proxmoxer.core", "proxmoxer.backends.https"):
            logging.getLogger(name).setLevel(logging.WARNING)
    assert "hunter2-hunter2" not in caplog.text
    assert truth(world)["config"]["cipassword"] == "hunter2-hunter2"


def test_a_name_in_a_path_stays_one_segment(made: ProxmoxHarness) -> None:
    with pytest.raises(ProviderError):
        made.driver.poll(["UPID:a b?c#d:0:0:0:qmstart:101:root@pam:"])
    entry = made.rig.server.ledger.since()[0]
    assert str(entry["path"]).startswith("/api2/json/nodes/a b?c#d/tasks/UPID:a b?c#d:")
    assert not entry["query"]


def test_a_connection_that_idled_is_not_used_again(
    made: ProxmoxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.providers.proxmox.client._IDLE_LIMIT", -1.0)
    world = World(made)
    world.apply(vm())
    assert world.recorded[WEB].exists


def test_making_a_driver_sends_nothing(made: ProxmoxHarness) -> None:
    made.connect(f"root@pam:{PASSWORD}")
    assert made.rig.server.ledger.since() == []


def test_every_request_is_asked_of_the_budget(made: ProxmoxHarness) -> None:
    world = World(made)
    world.apply(vm())
    assert made.meter.asked == len(made.meter.told) == len(made.rig.server.ledger.since())


def test_an_adopted_guest_keeps_the_tags_that_no_manifest_could_write(world: World) -> None:
    rig_of(world).change(op="create", vmid=700, config={"name": "old", "tags": "alpha;a+b+c", "cores": 2})
    desired = replace(vm(), tags={}, tags_named=False)
    world.adopt(desired, "700")
    seen = world.look(WEB, desired)
    assert seen.mark is not None
    assert dict(seen.tags) == {"alpha": "", "a": "b+c"}


# -- as whom ---------------------------------------------------------------------------------------


def test_an_account_says_who_it_is_and_when_its_token_expires(made: ProxmoxHarness) -> None:
    at = int(made.rig.clock()) + 86_400
    made.rig.api._access._tokens["reconciler@pve!short"] = Token("short", expire=at)
    driver = made.connect("reconciler@pve!short=short")
    assert driver.account() == Account("reconciler@pve!short", datetime.fromtimestamp(at, UTC))
    assert made.connect().account() == Account("reconciler@pve!demo")
    assert made.connect(f"root@pam:{PASSWORD}").account() == Account("root@pam")
    assert [each.path for each in made.sent()] == ["/access/ticket"]
    made.rig.clock.now += 90_000
    with pytest.raises(ProviderError, match="token expired") as caught:
        driver.account()
    assert caught.value.code is ErrorCode.UNAUTHORIZED


def test_an_account_that_may_not_see_its_token_or_nothing_at_all_is_accepted_as_what_it_is(
    made: ProxmoxHarness,
) -> None:
    tokens = made.rig.api._access._tokens
    tokens["reconciler@pve!blind"] = Token("blind", frozenset(), expire=1 << 32)
    assert made.connect(f"reconciler@pve!auditor={AUDITOR_SECRET}").account() == Account(
        "reconciler@pve!auditor"
    )
    blind = made.connect("reconciler@pve!blind=blind").account()
    assert blind == Account("reconciler@pve!blind, which has no permission on anything")


def test_a_wrong_secret_has_no_account(made: ProxmoxHarness) -> None:
    for credential in ("wrong", "root@pam:wrong", "nobody@pve!x=y"):
        with pytest.raises(ProviderError) as caught:
            made.connect(credential).account()
        assert caught.value.code is ErrorCode.UNAUTHORIZED

"""Lowering for Proxmox VE: which requests a step becomes, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from reconciler.catalog import core_part, merge
from reconciler.diff import creation, diff, removal
from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import Diff, PartAction, PartChange
from reconciler.model.plan import Action, Call, ExternalId, Impact, MarkValue, ReservedId
from reconciler.model.resource import Desired, Lifecycle, Recorded
from reconciler.model.values import Entry, SecretRef, Value, canonical
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox import ProxmoxDriver
from reconciler.providers.proxmox.lower import lower
from reconciler.providers.proxmox.types import GUESTS

CATALOG = merge((core_part(), ProxmoxDriver.catalog))
WEB = Address.parse("vm/web-1")
CT = Address.parse("container/ct-1")
SETTINGS = {"node": "pve1", "storage": "local-lvm"}
Parts = Mapping[str, Sequence[Mapping[str, Value]]]

SCSI0: dict[str, Value] = {"slot": "scsi0", "size_gb": 32, "storage": "local-lvm"}
HELD: dict[str, Value] = {**SCSI0, "volume_id": "local-lvm:vm-101-disk-0"}
NET0: dict[str, Value] = {"slot": "net0", "bridge": "vmbr0"}
PLUGGED: dict[str, Value] = {**NET0, "mac_address": "BC:24:11:00:00:01", "nic_model": "virtio"}
HOTPLUG: tuple[str, ...] = ("usb", "disk", "network")


def bare(where: Address, parts: Parts | None = None, *, downtime: bool = False, **values: Any) -> Desired:
    inner = tuple(
        Desired(where.part(kind, str(item["slot"])), kind, "proxmox", "lab", _canonical(item))
        for kind, items in (parts or {}).items()
        for item in items
    )
    return Desired(
        where,
        where.type,
        "proxmox",
        "lab",
        _canonical(values),
        parts=inner,
        collections=frozenset(parts or {}),
        lifecycle=Lifecycle(allow_downtime=downtime),
    )


def there(where: Address, parts: Parts | None = None, state: str = "stopped", **values: Any) -> Recorded:
    inner = tuple(
        _recorded(where.part(kind, str(item["slot"])), "available", None, item)
        for kind, items in (parts or {}).items()
        for item in items
    )
    body = {"node": "pve1", "power_state": state, "hotplug": HOTPLUG, "os_type": "l26", **values}
    return replace(_recorded(where, state, "101", body), parts=inner)


def _recorded(where: Address, state: str, external_id: str | None, values: Mapping[str, Value]) -> Recorded:
    return Recorded(
        1, UUID(int=1), where, where.type, "proxmox", "lab", state, external_id, _canonical(values)
    )


def _canonical(values: Mapping[str, Value]) -> dict[str, Value]:
    about = CATALOG.definitions
    return {
        name: canonical(value, about[name].cardinality, about[name].format) for name, value in values.items()
    }


def create(desired: Desired, **settings: Any) -> tuple[Call, ...]:
    request = LowerRequest(
        Action.CREATE, desired, None, creation(desired, CATALOG), settings=SETTINGS | settings
    )
    return lower(request)


def update(desired: Desired, recorded: Recorded) -> tuple[Call, ...]:
    difference = diff(desired, recorded, CATALOG)
    return lower(LowerRequest(Action.UPDATE, desired, recorded, difference, settings=SETTINGS))


def delete(recorded: Recorded) -> tuple[Call, ...]:
    return lower(LowerRequest(Action.DELETE, None, recorded, removal(recorded, CATALOG)))


def names(calls: Sequence[Call]) -> list[str]:
    return [call.operation.partition(".")[2] for call in calls]


def test_a_machine_is_made_with_all_its_parts_and_its_mark_in_one_call() -> None:
    desired = bare(
        WEB, {"disk": [SCSI0], "nic": [{**NET0, "ip4_config": "dhcp"}]}, cpu_cores=2, pool="pool/prod"
    )
    (call,) = create(replace(desired, tags={"env": "prod", "web": ""}))
    assert (call.method, call.path, call.creates) == ("POST", "/nodes/{node}/qemu", True)
    params = dict(call.params)
    assert params["vmid"] == ReservedId()
    assert params["name"] == "web-1"
    assert params["cores"] == "2"
    assert params["scsi0"] == "local-lvm:32"
    assert params["net0"] == "virtio,bridge=vmbr0"
    assert params["ipconfig0"] == "ip=dhcp"
    assert params["pool"] == ExternalId(Address.parse("pool/prod"))
    assert params["tags[0]"] == MarkValue("owner", "rc-owner-{}")
    assert params["tags[1]"] == MarkValue("resource", "rc-id-{}")
    assert [params["tags[2]"], params["tags[3]"]] == ["env+prod", "web"]


def test_a_machine_that_shall_run_is_started_last() -> None:
    calls = create(
        bare(WEB, {"disk": [{**SCSI0, "import_from": "local:import/a.qcow2"}]}, power_state="running")
    )
    assert names(calls) == ["create", "resize", "start"]


def test_a_secret_stands_in_a_call_by_its_name_only() -> None:
    (call,) = create(bare(WEB, ci_password=SecretRef("ci", "ab12")))
    assert dict(call.params)["cipassword"] == SecretRef("ci", "ab12")
    assert "SecretRef(credential='ci', fingerprint='ab12')" in call.content()


def test_a_clone_carries_its_mark_in_its_description_until_its_tags_are_set() -> None:
    calls = create(bare(WEB, clone_from=9000, clone_node="pve2", clone_full=True, description="A web server"))
    assert names(calls) == ["clone", "config"]
    clone, config = dict(calls[0].params), dict(calls[1].params)
    assert dict(calls[0].path_params) == {"node": "pve2", "source": "9000"}
    assert (clone["newid"], clone["target"], clone["full"]) == (ReservedId(), "pve1", 1)
    assert clone["description.text"] == "A web server"
    assert clone["description.mark[1]"] == MarkValue("resource", "rc-id-{}")
    assert config["description"] == "A web server"
    assert config["tags[1]"] == MarkValue("resource", "rc-id-{}")


def test_a_template_s_disk_grows_and_one_that_it_has_not_is_new() -> None:
    parts: Parts = {"disk": [SCSI0, {**SCSI0, "slot": "scsi1", "from_template": False}]}
    calls = create(bare(WEB, parts, clone_from=9000))
    assert names(calls) == ["clone", "config", "resize"]
    assert "scsi0" not in dict(calls[1].params)
    assert dict(calls[1].params)["scsi1"] == "local-lvm:32"
    assert dict(calls[2].params) == {"disk": "scsi0", "size": "32G"}


def test_a_clone_whose_disks_must_change_is_not_started_before_they_are_known() -> None:
    plain = bare(WEB, {"disk": [{"slot": "scsi0", "size_gb": 32}]}, clone_from=9000, power_state="running")
    tuned = bare(WEB, {"disk": [{"slot": "scsi0", "cache": "none"}]}, clone_from=9000, power_state="running")
    assert names(create(plain))[-1] == "start"
    assert "start" not in names(create(tuned))


def test_a_restore_carries_id_mark_and_options_and_leaves_its_disks_to_the_backup() -> None:
    parts: Parts = {"disk": [SCSI0], "nic": [NET0]}
    calls = create(bare(WEB, parts, archive="local:backup/a.vma.zst", archive_unique=True, cpu_cores=2))
    assert names(calls) == ["create", "resize"]
    params = dict(calls[0].params)
    assert (params["archive"], params["unique"], params["cores"]) == ("local:backup/a.vma.zst", 1, "2")
    assert params["vmid"] == ReservedId()
    assert params["tags[1]"] == MarkValue("resource", "rc-id-{}")
    assert "scsi0" not in params
    (call,) = create(bare(CT, archive="local:backup/a.tar.zst"))
    assert dict(call.params)["ostemplate"] == "local:backup/a.tar.zst"
    assert dict(call.params)["restore"] == "1"


def test_a_container_is_unprivileged_where_nobody_says_otherwise() -> None:
    desired = bare(CT, {"disk": [{**SCSI0, "slot": "rootfs"}], "nic": [NET0]}, os_template="local:vztmpl/a")
    params = dict(create(desired)[0].params)
    assert params["unprivileged"] == "1"
    assert params["rootfs"] == "local-lvm:32"
    assert params["net0"] == "name=eth0,bridge=vmbr0"


@pytest.mark.parametrize(
    ("desired", "words"),
    [
        (replace(bare(WEB), tags={"Env": "x"}), "tag"),
        (replace(bare(WEB), tags={"a+b": "x"}), "tag"),
        (replace(bare(WEB), tags={"rc-id-1": ""}), "tag"),
        (bare(WEB, {"disk": [{"slot": "scsi0"}]}), "no size"),
        (bare(WEB, {"disk": [{**SCSI0, "slot": "mp0"}]}), "no slot"),
        (bare(WEB, {"disk": [{**SCSI0, "mount_path": "/data"}]}), "mount_path"),
        (
            bare(WEB, {"disk": [{**SCSI0, "slot": "sata0", "iothread": True}]}),
            "scsi or virtio, not at sata",
        ),
        (bare(WEB, {"disk": [{**SCSI0, "slot": "efidisk0", "cache": "none", "aio": "native"}]}), "`aio`"),
        (bare(WEB, {"disk": [{**SCSI0, "tpm_version": "v2.0"}]}), "tpmstate"),
        (bare(WEB, {"nic": [{**NET0, "mtu": 65535}]}), "mtu"),
        (
            bare(
                CT, {"disk": [{**SCSI0, "slot": "rootfs"}], "nic": [{**NET0, "mtu": 1}]}, os_template="a:b/c"
            ),
            "mtu",
        ),
        (bare(CT, {"disk": [{**SCSI0, "slot": "rootfs"}]}), "nothing to make"),
        (bare(CT, os_template="local:vztmpl/a"), "root file system"),
        (bare(CT, {"cd_drive": [{"slot": "ide2"}]}, os_template="local:vztmpl/a"), "no cd_drive"),
        (bare(Address.parse("pool/a+b")), "pool"),
    ],
)
def test_what_the_provider_cannot_do_is_refused_when_planning(desired: Desired, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        create(desired)


def test_a_node_must_be_known_from_somewhere() -> None:
    with pytest.raises(PlanError, match="no node"):
        create(bare(WEB), node="")
    assert dict(create(bare(WEB, node="pve2"))[0].path_params)["node"] == "pve2"


def test_a_disk_s_new_option_keeps_its_volume_its_serial_and_what_is_not_understood() -> None:
    held = {**HELD, "disk_serial": "S 1", "other_options": (Entry("newkey", "7"),)}
    desired = bare(WEB, {"disk": [{**SCSI0, "cache": "writeback"}]})
    (call,) = update(desired, there(WEB, {"disk": [held]}))
    text = str(dict(call.params)["scsi0"])
    assert text.startswith("local-lvm:vm-101-disk-0,")
    assert {"cache=writeback", "serial=S%201", "newkey=7", "size=32G"} <= set(text.split(","))


def test_an_interface_s_new_bridge_keeps_its_address() -> None:
    desired = bare(WEB, {"nic": [{**NET0, "bridge": "vmbr1"}]})
    (call,) = update(desired, there(WEB, {"nic": [PLUGGED]}, state="running"))
    assert dict(call.params) == {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr1"}
    assert call.impact is Impact.ONLINE


def test_a_part_of_a_property_string_changes_and_the_rest_stays() -> None:
    others = (Entry("agent", "1", "new"), Entry("cpu", "2", "x"))
    recorded = there(WEB, agent_enabled=True, agent_type="isa", other_options=others)
    (call,) = update(bare(WEB, agent_freeze_fs=False), recorded)
    assert dict(call.params) == {"agent": "1,type=isa,freeze-fs=0,new=1"}


def test_the_first_change_of_a_step_is_guarded_by_the_recorded_digest() -> None:
    desired = bare(WEB, {"disk": [{**SCSI0, "size_gb": 40}]}, cpu_limit=2)
    calls = update(desired, there(WEB, {"disk": [HELD]}, config_digest="abc"))
    assert names(calls) == ["config", "resize"]
    assert dict(calls[0].params)["digest"] == "abc"
    assert "digest" not in dict(calls[1].params)


def test_all_changes_that_need_a_stop_share_one_restart_and_growth_comes_after_it() -> None:
    desired = bare(
        WEB,
        {"disk": [{**SCSI0, "size_gb": 40, "cache": "none"}]},
        downtime=True,
        cpu_cores=4,
        memory_mb=4096,
        shutdown_timeout=60,
    )
    calls = update(desired, there(WEB, {"disk": [HELD]}, state="running", cpu_cores=2, memory_mb=2048))
    assert names(calls) == ["config", "shutdown", "start", "resize"]
    assert calls[1].impact is Impact.REBOOT
    assert dict(calls[1].params) == {"timeout": 60, "forceStop": 1}


def test_a_machine_that_is_off_stays_off_and_sees_no_power_call() -> None:
    calls = update(bare(WEB, cpu_cores=4), there(WEB, cpu_cores=2))
    assert names(calls) == ["config"]


def test_what_hotplug_allows_needs_no_restart() -> None:
    recorded = there(
        WEB, state="running", hotplug=("cpu", "memory"), numa_enabled=True, vcpus=1, memory_mb=1024
    )
    assert names(update(bare(WEB, vcpus=2, memory_mb=2048), recorded)) == ["config"]
    assert "shutdown" in names(update(bare(WEB, memory_mb=512, downtime=True), recorded))


@pytest.mark.parametrize(
    ("desired", "recorded"),
    [
        (
            bare(WEB, {"disk": [HELD, {**SCSI0, "slot": "ide0"}]}),
            there(WEB, {"disk": [HELD]}, state="running"),
        ),
        (bare(WEB, balloon_mb=0), there(WEB, state="running", balloon_mb=512)),
        (bare(WEB, hotplug=("cpu",)), there(WEB, state="running")),
        (
            bare(WEB, {"nic": [{**NET0, "ip4_config": "dhcp"}]}),
            there(WEB, {"nic": [PLUGGED]}, state="running"),
        ),
        (bare(CT, pinned_node="pve2"), there(CT, state="running", pinned_node="pve1")),
        (bare(CT, {"disk": []}), there(CT, {"disk": [{**HELD, "slot": "mp0"}]}, state="running")),
    ],
)
def test_what_would_only_wait_for_a_stop_is_lowered_with_it(desired: Desired, recorded: Recorded) -> None:
    """Whether it may be stopped is the planner's to decide."""
    assert any(call.impact is Impact.REBOOT for call in update(desired, recorded))
    assert {call.impact for call in update(desired, replace(recorded, state="stopped"))} == {Impact.ONLINE}


def test_a_removed_disk_of_a_machine_leaves_no_unused_volume() -> None:
    desired = bare(WEB, {"disk": []})
    (call,) = update(desired, there(WEB, {"disk": [HELD]}, state="running"))
    assert (call.operation, dict(call.params)) == ("vm.config", {"delete": "scsi0", "force": 1})
    assert call.summary == "destroy scsi0"


def test_a_slot_is_not_emptied_and_filled_in_one_step() -> None:
    desired = bare(WEB, {"disk": [SCSI0]})
    recorded = there(WEB, {"disk": [HELD]})
    (made,) = creation(desired, CATALOG).parts
    difference = Diff(WEB, parts=(PartChange(made.address, PartAction.DELETE, ()), made))
    with pytest.raises(PlanError, match="scsi0"):
        lower(LowerRequest(Action.UPDATE, desired, recorded, difference, settings=SETTINGS))


def test_a_disk_that_somebody_detached_is_not_passed_off_with_an_empty_one() -> None:
    desired = bare(WEB, {"disk": [SCSI0]})
    lost = there(WEB, {"disk": []}, unused_volumes=(Entry("unused0", "local-lvm:vm-101-disk-0"),))
    drifted = replace(lost, applied_desired_hash=desired.hash())
    with pytest.raises(PlanError, match="local-lvm:vm-101-disk-0 is unused"):
        update(desired, drifted)
    assert update(desired, lost)  # what a manifest newly asks for is made beside what lies there
    named = bare(WEB, {"disk": [{**SCSI0, "attach_volume": "local-lvm:vm-101-disk-0"}]})
    (call,) = update(named, replace(drifted, applied_desired_hash=named.hash()))
    assert "local-lvm:vm-101-disk-0" in str(dict(call.params)["scsi0"])


def test_a_removed_volume_of_a_container_is_destroyed_by_its_own_id() -> None:
    held = {**HELD, "slot": "mp0", "mount_path": "/data"}
    calls = update(bare(CT, {"disk": []}), there(CT, {"disk": [held]}))
    assert names(calls) == ["config", "destroy_volume"]
    assert dict(calls[0].params) == {"delete": "mp0"}
    assert dict(calls[1].params) == {"volume": "local-lvm:vm-101-disk-0"}


def test_a_guest_that_is_to_go_off_goes_off_before_it_is_changed() -> None:
    recorded = there(WEB, state="running", cpu_cores=2)
    calls = update(bare(WEB, cpu_cores=4, power_state="stopped"), recorded)
    assert names(calls) == ["shutdown", "config"]
    assert calls[0].impact is Impact.STOP


def test_a_paused_guest_is_stopped_without_being_asked() -> None:
    calls = update(bare(WEB, power_state="stopped"), there(WEB, state="paused"))
    assert names(calls) == ["stop"]


def test_a_guest_joins_and_leaves_a_pool_by_its_own_attribute() -> None:
    (join,) = update(bare(WEB, pool="pool/b"), there(WEB, pool="pool/a"))
    assert dict(join.params) == {"poolid": ExternalId(Address.parse("pool/b")), "vms": "101", "allow-move": 1}


def test_a_running_machine_is_migrated_online_and_only_when_asked() -> None:
    recorded = there(WEB, state="running", pinned_node="pve1")
    (call,) = update(bare(WEB, pinned_node="pve2"), recorded)
    assert dict(call.params) == {"target": "pve2", "online": 1}
    assert diff(bare(WEB, node="pve2"), recorded, CATALOG).changes == ()


def test_new_tags_are_sent_with_the_mark_and_the_tags_that_stay() -> None:
    desired = replace(bare(WEB), tags={"env": "prod"})
    (call,) = update(desired, replace(there(WEB), tags={"env": "test", "old": ""}))
    params = dict(call.params)
    assert [params[f"tags[{number}]"] for number in range(3)][2] == "env+prod"
    assert "tags[3]" not in params


def test_a_new_description_brings_the_mark_along_which_the_old_one_may_have_held() -> None:
    tags = {"env": "prod"}
    desired = replace(bare(WEB, description="new"), tags=tags)
    (call,) = update(desired, replace(there(WEB), tags=tags))
    params = dict(call.params)
    assert params["description"] == "new"
    assert params["tags[1]"] == MarkValue("resource", "rc-id-{}")
    assert params["tags[2]"] == "env+prod"


def test_an_adoption_writes_the_mark_first_and_keeps_the_tags() -> None:
    recorded = replace(there(WEB, config_digest="abc"), tags={"Found": "", "env": "prod"})
    desired = replace(bare(WEB, cpu_cores=8), tags=recorded.tags)
    request = LowerRequest(Action.ADOPT, desired, recorded, diff(desired, recorded, CATALOG))
    mark, change = lower(request)
    assert dict(mark.params)["digest"] == "abc"
    assert dict(change.params) == {"cores": "8"}, "the digest is another one by then"
    (call,) = lower(replace(request, diff=Diff(WEB)))
    call = replace(call, params=call.params[1:])
    assert [name for name, _ in call.params] == [f"tags[{number}]" for number in range(4)]
    assert dict(call.params)["tags[2]"] == "Found"


def test_a_delete_stops_what_runs_and_touches_only_its_own_disks() -> None:
    assert names(delete(there(WEB))) == ["delete"]
    stop, gone = delete(there(WEB, state="running"))
    assert (stop.impact, stop.best_effort) == (Impact.STOP, True)
    assert gone.deletes
    assert dict(gone.params) == {"purge": 1, "destroy-unreferenced-disks": 0}


def test_a_protected_guest_is_not_deleted_in_passing() -> None:
    with pytest.raises(PlanError, match="protected"):
        delete(there(WEB, protected=True))


def test_every_attribute_of_the_catalog_has_a_place_on_the_wire() -> None:
    apart = {
        *("description", "node", "pinned_node", "vmid", "pool", "is_template", "config_digest"),
        *(
            "config_lock",
            "other_options",
            "unused_volumes",
            "waiting_parts",
            "mark_fault",
            "power_state",
            "ha_managed",
        ),
        *("clone_from", "clone_node", "clone_full", "clone_storage", "clone_format", "clone_snapshot"),
        *("archive", "archive_unique", "live_restore", "copy_limit_kib", "import_working_storage"),
        *("os_template", "ignore_unpack_errors", "root_password", "ssh_public_keys"),
    }
    for kind in GUESTS:
        held = {field.attribute for field in kind.fields}
        assert set(CATALOG.attributes(kind.names.type, "proxmox")) <= held | apart
    for part in {name for kind in GUESTS for name in kind.parts}:
        spelt = {name for kind in GUESTS if part in kind.parts for name in kind.parts[part].names}
        assert set(CATALOG.attributes(part, "proxmox")) <= spelt

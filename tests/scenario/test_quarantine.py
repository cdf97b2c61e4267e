"""Doubt about whose an object is: half an answer makes none, and what made it ends it again."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.approval import Permit
from reconciler.executor.context import Connections
from reconciler.executor.observe.denial import observe_ours
from reconciler.store.recorded.observations import Ours
from tests.rigs.stage import Simulator, Stage, document, result_of

WEB = document(
    "VirtualMachine",
    "web",
    "endpoint: proxmox-1, memory: 1GiB, cpu_cores: 2, disks: [{slot: scsi0, size: 8GiB}]",
)
TEAM = document("Pool", "team", "endpoint: proxmox-1, description: Ours")
NET = document("Network", "net", 'endpoint: hetzner-1, ip_range: "10.0.0.0/16"')
MACHINE = document(
    "VirtualMachine",
    "db",
    "endpoint: hetzner-1, server_type: cx22, image: debian-12, firewalls: [wall]",
)
WALL = document("Firewall", "wall", "endpoint: hetzner-1")
CONTAINER = document(
    "Container",
    "ct",
    "endpoint: proxmox-1, unprivileged: %s, cpu_cores: 1, memory: 512MiB, "
    'os_template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", '
    "disks: [{slot: rootfs, size: 8GiB, storage: local-lvm}]",
    "lifecycle: {replace: allowed, create_before_destroy: true}",
)
GROUP = document(
    "PlacementGroup", "apart", "endpoint: hetzner-1, placement_type: spread", "lifecycle: {on_remove: delete}"
)
OTHER = document("Network", "other", 'endpoint: hetzner-1, ip_range: "10.1.0.0/16"')
TASK_STATUS = "/api2/json/nodes/.*/tasks/[^/]*/status"


def whose(stage: Stage) -> list[str]:
    """Of what is not simply a stranger's."""
    rows = stage.rows(
        "SELECT management FROM resources"
        " WHERE is_root AND deleted_at IS NULL AND management <> 'unmanaged' ORDER BY id"
    )
    return [row[0] for row in rows]


def quiet(stage: Stage, simulator: Simulator) -> None:
    """Nothing is left to do, and a further apply sends nothing."""
    stage.settle()
    before = len(simulator.sent())
    stage.settle()
    assert len(simulator.sent()) == before


def test_an_empty_list_of_options_is_no_answer(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    vmid = proxmox.external_id("vm/web")
    proxmox.pve.fault("empty_list", path=f"/api2/json/nodes/.*/qemu/{vmid}/pending", times=1)
    (item,) = proxmox.plan().blocked
    assert item.reason == "unknown"
    assert whose(proxmox) == ["managed"]
    quiet(proxmox, proxmox.pve)


def test_a_mark_that_is_taken_off_and_put_back_ends_its_own_quarantine(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.settle()
    vmid = int(proxmox.external_id("vm/web"))
    (guest,) = (item for item in proxmox.pve.state()["guests"] if item["vmid"] == vmid)
    proxmox.pve.change(op="unset", vmid=vmid, keys=["tags"])
    (item,) = proxmox.plan().blocked
    assert item.reason == "quarantined"
    assert "over by itself" in item.hint
    proxmox.pve.change(op="set", vmid=vmid, set={"tags": guest["config"]["tags"]})
    assert proxmox.plan().blocked == ()
    assert whose(proxmox) == ["managed"]
    quiet(proxmox, proxmox.pve)


def test_labels_that_are_taken_off_and_put_back_end_their_own_quarantine(stage: Stage) -> None:
    stage.want(WALL)
    stage.settle()
    (wall,) = stage.hcloud.state()["firewalls"]
    stage.hcloud.change(op="set", type="firewalls", name="wall", set={"labels": {}})
    stage.want(WALL, MACHINE)
    quarantined, waiting = stage.plan().blocked
    assert quarantined.reason == "quarantined"
    assert str(waiting.address) == "vm/db"
    assert waiting.message == "needs firewall/wall, which is in quarantine"
    assert "ends the quarantine" in waiting.hint
    stage.hcloud.change(op="set", type="firewalls", name="wall", set={"labels": wall["labels"]})
    quiet(stage, stage.hcloud)
    assert whose(stage) == ["managed", "managed"]


def test_what_lost_its_mark_and_then_went_is_made_again(stage: Stage) -> None:
    stage.want(NET, OTHER)
    stage.settle()
    stage.hcloud.change(op="set", type="networks", name="net", set={"labels": {}})
    stage.apply()
    stage.hcloud.change(op="delete", type="networks", name="net")
    quiet(stage, stage.hcloud)
    assert sorted(item["name"] for item in stage.hcloud.state()["networks"]) == ["net", "other"]


def comment(stage: Stage, name: str = "team") -> str:
    return str(stage.pve.state()["pools"][name]["comment"])


def edit(stage: Stage, text: str, name: str = "team") -> None:
    stage.pve.change(op="set_pool", pool=name, set={"comment": text})


def test_a_pools_comment_is_a_field_that_people_edit(proxmox: Stage) -> None:
    proxmox.want(document("Pool", "team", "endpoint: proxmox-1"))
    proxmox.settle()
    mark = comment(proxmox)
    assert mark.startswith("rc-owner-")
    for text in (f"{mark} ask Ada", f"ask Ada {mark}", f"ask Ada\n{mark}\nor Bob"):
        edit(proxmox, text)
        quiet(proxmox, proxmox.pve)
        assert comment(proxmox) == text, "it is still to be read, so it is left as the person wrote it"
    edit(proxmox, "ask Ada")
    (step,) = proxmox.plan().steps
    assert [(change.name, change.before, change.after) for change in step.changes] == [
        ("mark_fault", "missing", None)
    ]
    quiet(proxmox, proxmox.pve)
    assert comment(proxmox) == f"ask Ada\n{mark}"
    assert whose(proxmox) == ["managed"]


def test_a_pools_description_that_was_edited_is_drift_and_its_mark_is_not_lost(proxmox: Stage) -> None:
    proxmox.want(TEAM)
    proxmox.settle()
    before = comment(proxmox)
    edit(proxmox, "Mine")
    quiet(proxmox, proxmox.pve)
    assert comment(proxmox) == before


def test_a_pool_whose_mark_is_gone_is_not_deleted(proxmox: Stage) -> None:
    """It has room for one: somebody else's new pool of that name would look the same."""
    proxmox.want(TEAM, document("Pool", "other", "endpoint: proxmox-1"))
    proxmox.settle()
    edit(proxmox, "theirs")
    proxmox.want(document("Pool", "other", "endpoint: proxmox-1"))
    (outcome,) = proxmox.apply().outcomes
    assert "does not carry our mark any more" in outcome.message
    assert comment(proxmox) == "theirs"


def test_a_pool_without_our_mark_says_nothing_of_the_login_that_sees_it(proxmox: Stage) -> None:
    """Another cluster has pools of the same names; what it denies of ours is not gone for that."""
    proxmox.want(TEAM, WEB)
    proxmox.settle()
    ((vmid, uid),) = proxmox.rows(
        "SELECT external_id, uid FROM resources WHERE address = 'vm/web' AND deleted_at IS NULL"
    )
    edit(proxmox, "theirs")
    proxmox.pve.change(op="delete", vmid=int(vmid))
    elsewhere = replace(proxmox.context, connections=Connections(proxmox.context.connections.endpoints))
    seen = observe_ours(elsewhere, "proxmox-1", Ours("vm", vmid, uid))
    elsewhere.connections.close()
    assert seen.absent == frozenset()
    assert ["another project's token" in item.message for item in seen.unseen] == [True]


def test_a_pool_with_the_mark_of_another_is_not_ours(proxmox: Stage) -> None:
    proxmox.want(TEAM)
    proxmox.settle()
    mark = comment(proxmox)
    edit(proxmox, f"rc-owner-{'0' * 31}1 rc-id-{'0' * 31}2")
    (item,) = proxmox.plan().blocked
    assert item.reason == "quarantined"
    edit(proxmox, mark)
    quiet(proxmox, proxmox.pve)


def test_one_denial_of_a_running_task_is_not_its_end(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.pve.fault("status", method="GET", path=TASK_STATUS, status=404, times=1)
    quiet(proxmox, proxmox.pve)
    assert whose(proxmox) == ["managed"]


def test_a_look_that_fails_after_accepted_calls_leaves_nothing_in_doubt_for_ever(proxmox: Stage) -> None:
    proxmox.want(WEB)
    proxmox.apply(waves=0)
    proxmox.pve.fault("status", method="GET", path="/api2/json/cluster/resources", status=500)
    session = proxmox.session()
    applied = session.apply(Permit())
    assert result_of(applied, "vm/web") == "ambiguous"
    proxmox.pve.clear()
    quiet(proxmox, proxmox.pve)
    assert whose(proxmox) == ["managed"]
    assert len(proxmox.pve.state()["guests"]) == 2, "the template of the demo, and one machine"


def test_a_clone_whose_answer_was_lost_and_that_could_not_be_looked_at_is_ours_all_the_same(
    proxmox: Stage,
) -> None:
    """Until its tags are written its mark is in its description, which no list shows."""
    spec = "endpoint: proxmox-1, clone_from: 9000, cpu_cores: 2, memory: 1GiB"
    proxmox.want(document("VirtualMachine", "web", spec))
    proxmox.pve.fault("reset_after", method="POST", path=".*/clone", times=1)
    proxmox.pve.fault("status", method="GET", path=r".*/qemu/\d{7}/.*", status=500)
    assert result_of(proxmox.apply(), "vm/web") == "ambiguous"
    proxmox.pve.clear()
    quiet(proxmox, proxmox.pve)
    assert [sent for sent in proxmox.pve.applied() if sent.endswith("/clone")] == [
        "POST /nodes/pve1/qemu/9000/clone"
    ]
    assert whose(proxmox) == ["managed"]


def test_what_is_in_the_list_is_not_gone_whatever_is_said_of_it_alone(stage: Stage) -> None:
    """The deletion and the look after it are both answered with "not found", and neither is so."""
    stage.want(NET, GROUP)
    stage.settle()
    group = stage.external_id("placement_group/apart")
    stage.want(NET)
    stage.hcloud.fault("status", path=f"/v1/placement_groups/{group}", status=404)
    assert result_of(stage.apply(), "placement_group/apart") == "failed"
    ((message,),) = stage.rows("SELECT error_message FROM resource_operations WHERE status = 'failed'")
    assert "it is in the list all the same" in message
    stage.hcloud.clear()
    (step,) = stage.plan().steps
    assert (step.action, str(step.address)) == ("delete", "placement_group/apart")
    assert whose(stage) == ["managed", "managed"]
    quiet(stage, stage.hcloud)
    assert (whose(stage), stage.hcloud.state()["placement_groups"]) == (["managed"], [])


def test_an_old_one_that_was_said_to_be_gone_is_not_left_behind(proxmox: Stage) -> None:
    """In a replacement that makes the new one first nobody would look at the old one again."""
    proxmox.want(CONTAINER % "true")
    proxmox.settle()
    old = proxmox.external_id("container/ct")
    proxmox.want(CONTAINER % "false")
    proxmox.pve.fault("status", method="DELETE", path=f"/api2/json/nodes/.*/lxc/{old}", status=404, times=1)
    proxmox.apply()
    quiet(proxmox, proxmox.pve)
    (guest,) = [each for each in proxmox.pve.state()["guests"] if each["name"] == "ct"]
    assert str(guest["vmid"]) == proxmox.external_id("container/ct") != old
    assert whose(proxmox) == ["managed"]

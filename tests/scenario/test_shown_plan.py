"""What a plan shows is what is done: no later wave destroys more, and what only drifted is not sent along."""

from __future__ import annotations

import pytest

from reconciler.engine.approval import Permit
from reconciler.engine.saved import same_as_saved
from reconciler.model.diff import Reason
from reconciler.model.plan import Action, BlockReason, Impact
from reconciler.store.work import plans
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import ACTOR, adopting, machine, network, stranger


def by_hand(stage: Stage, name: str = "web", image: str = "ubuntu-22.04") -> int:
    """A server that somebody made; gives its id."""
    body = {"name": name, "server_type": "cx22", "image": image, "location": "fsn1"}
    stage.hcloud.change(op="create", type="servers", body=body)
    return next(int(each["id"]) for each in stage.hcloud.state()["servers"] if each["name"] == name)


def servers(stage: Stage) -> list[int]:
    return [int(each["id"]) for each in stage.hcloud.state()["servers"]]


def deleted(stage: Stage) -> list[str]:
    return [each for each in stage.hcloud.sent("DELETE") if "/servers/" in each]


# -- taking over ----------------------------------------------------------------------------------------


def test_what_is_taken_over_is_not_destroyed_unless_a_shown_plan_says_so(stage: Stage) -> None:
    number = by_hand(stage)
    life = f'lifecycle: {{adopt: "{number}", replace: allowed}}'
    stage.want(machine(more=", location: fsn1", rest=life))
    plan = stage.plan()
    assert [step.action for step in plan.steps] == [Action.ADOPT]
    (item,) = plan.blocked
    assert item.action is Action.REPLACE, "what would follow is named"
    assert "image ubuntu-22.04 → debian-12" in item.message
    for _ in range(3):
        applied = stage.apply()  # as --yes, or a cycle of the daemon, does it
        assert (servers(stage), deleted(stage)) == ([number], [])
    assert [step.action for step in applied.withheld] == [Action.REPLACE], "it waits for a person"
    assert "was taken over" in applied.withheld[0].approvals[0]
    plan = stage.plan()
    stage.apply(Permit.for_plan(plan))
    assert len(deleted(stage)) == 1
    assert number not in servers(stage)


def test_what_is_taken_over_is_made_as_wanted_in_the_same_apply_as_shown(stage: Stage) -> None:
    number = by_hand(stage, "theirs", "debian-12")
    spec = ", location: fsn1, backups: true"
    stage.want(machine("ours", spec, f'lifecycle: {{adopt: "{number}"}}'))
    plan = stage.plan()
    (step,) = plan.steps
    assert {change.name for change in step.changes} >= {"backups"}
    applied = stage.apply(Permit.for_plan(plan))
    assert (applied.left.steps, applied.left.blocked) == ((), ())
    (there,) = stage.hcloud.state()["servers"]
    assert there["name"] == "ours"


@pytest.mark.parametrize("drift", ["heal", "report"])
def test_what_was_never_applied_has_not_drifted(stage: Stage, drift: str) -> None:
    reporting(stage, drift)
    number = stranger(stage, "net")
    stage.want(network(more=", protected: true", rest=adopting(number)))
    (step,) = stage.plan().steps
    assert [(change.name, change.reason) for change in step.changes] == [("protected", Reason.MANIFEST)]
    stage.settle()
    (there,) = stage.hcloud.state()["networks"]
    assert there["protection"] == {"delete": True}


def test_a_take_over_that_was_cut_short_is_finished_where_drift_is_only_reported(stage: Stage) -> None:
    reporting(stage, "report")
    number = stranger(stage, "net")
    stage.want(network(more=", protected: true", rest=adopting(number)))
    stage.hcloud.fault("status", method="POST", path=".*/change_protection", status=422, times=1)
    stage.apply(waves=1)
    stage.settle()
    assert stage.hcloud.state()["networks"][0]["protection"] == {"delete": True}


def test_a_plan_saved_at_the_first_contact_with_an_endpoint_is_still_good(stage: Stage) -> None:
    number = stranger(stage, "net")
    stage.want(network(rest=adopting(number)), machine())
    session = stage.session()
    session.observe()  # of nothing: no endpoint is known yet
    saved = session.save(session.preview())
    with stage.engine.store.transaction(ACTOR) as tx:
        found = plans.find_plan(tx, str(saved))
    plan = stage.plan()
    assert {str(address) for address in found.steps} == {"network/net", "vm/web"}
    same_as_saved(found, plan)
    stage.hcloud.change(op="set", type="networks", id=number, set={"labels.theirs": "new"})
    session = stage.session()
    session.observe()
    moved = {step.hash() for step in session.preview().plan.steps}
    assert set(found.steps.values()) - moved, "but what it takes over is another thing now"


# -- drift that is only reported ------------------------------------------------------------------------


def reporting(stage: Stage, drift: str = "report") -> None:
    stage.inventory = stage.inventory.replace(
        "credential: hetzner-token}", f"credential: hetzner-token, drift: {drift}}}"
    ).replace("credential: proxmox-token,", f"credential: proxmox-token, drift: {drift},")
    assert f"drift: {drift}" in stage.inventory


def guest(more: str, rest: str = "") -> str:
    return document("VirtualMachine", "web", f"endpoint: proxmox-1, {more}", rest)


def test_under_report_only_what_the_manifest_changed_is_sent(proxmox: Stage) -> None:
    reporting(proxmox)
    proxmox.want(guest("cpu_cores: 2, memory: 2GiB, description: one, power_state: stopped"))
    proxmox.settle()
    number = proxmox.external_id("vm/web")
    proxmox.pve.change(op="set", vmid=int(number), set={"memory": "4096"})
    before = len(proxmox.pve.sent())
    proxmox.want(guest("cpu_cores: 2, memory: 2GiB, description: two, power_state: stopped"))
    plan = proxmox.plan()
    (step,) = plan.steps
    assert [(change.name, change.reason) for change in step.changes] == [("description", Reason.MANIFEST)]
    assert [item.reason for item in plan.blocked] == [BlockReason.REPORT_ONLY]
    assert not step.partial
    applied = proxmox.apply()
    assert [item.reason for item in applied.left.blocked] == [BlockReason.REPORT_ONLY]
    assert len(proxmox.pve.sent()) == before + 1
    assert proxmox.rows("SELECT attribute FROM v_drift") == [("memory_mb",)], "still drift, and still said"
    proxmox.want(guest("cpu_cores: 2, memory: 3GiB, description: two, power_state: stopped"))
    (step,) = proxmox.plan().steps
    assert [(change.name, change.reason) for change in step.changes] == [("memory_mb", Reason.MANIFEST)]
    proxmox.settle()


def test_under_report_what_is_said_to_be_none_now_is_taken_off(stage: Stage) -> None:
    reporting(stage)
    stage.want(document("Network", "net", "endpoint: hetzner-1, ip_range: 10.0.0.0/16"))
    stage.settle()
    stage.hcloud.change(op="set", type="networks", name="net", set={"labels.by": "hand"})
    assert stage.plan().steps == (), "a manifest that names no tags leaves them"
    text = document("Network", "net", "endpoint: hetzner-1, ip_range: 10.0.0.0/16")
    stage.want(text.replace("name: net}", "name: net, tags: {}}"))
    stage.settle()
    (found,) = stage.hcloud.state()["networks"]
    assert "by" not in found["labels"]


def test_under_report_a_part_that_came_by_hand_stays_though_another_is_added(stage: Stage) -> None:
    reporting(stage)
    rules = "direction: in, protocol: tcp, port: '{}', source_ips: [0.0.0.0/0]"
    one, two = (f"{{{rules.format(port)}}}" for port in ("22", "80"))
    stage.want(document("Firewall", "f", f"endpoint: hetzner-1, rules: [{one}]"))
    stage.settle()
    number = int(stage.external_id("firewall/f"))
    rule = {"direction": "in", "protocol": "tcp", "source_ips": ["0.0.0.0/0"]}
    there = [rule | {"port": port} for port in ("22", "8080")]
    stage.hcloud.change(
        op="request", method="POST", path=f"/firewalls/{number}/actions/set_rules", body={"rules": there}
    )
    stage.want(document("Firewall", "f", f"endpoint: hetzner-1, rules: [{one}, {two}]"))
    stage.apply()
    (found,) = stage.hcloud.state()["firewalls"]
    assert sorted(rule["port"] for rule in found["rules"]) == ["22", "80", "8080"]


# -- downtime -------------------------------------------------------------------------------------------


def test_memory_that_is_plugged_in_online_needs_nobodys_leave(proxmox: Stage) -> None:
    hot = "power_state: running, cpu_cores: 2, numa_enabled: true, hotplug: [disk, network, usb, memory, cpu]"
    proxmox.want(guest(f"{hot}, memory: 2GiB"))
    proxmox.settle()
    before = len(proxmox.pve.sent())
    proxmox.want(guest(f"{hot}, memory: 4GiB"))
    plan = proxmox.plan()
    (step,) = plan.steps
    assert (step.impact, plan.blocked) == (Impact.ONLINE, ())
    proxmox.settle()
    assert len(proxmox.pve.sent()) == before + 1
    proxmox.want(guest(f"{hot}, memory: 2GiB, description: smaller"))
    plan = proxmox.plan()
    assert [change.name for step in plan.steps for change in step.changes] == ["description"]
    assert [item.reason for item in plan.blocked] == [BlockReason.DOWNTIME_NOT_ALLOWED]
    assert "memory_mb" in plan.blocked[0].message


# -- creation -------------------------------------------------------------------------------------------


def key(name: str, last: str) -> str:
    text = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000{last}"
    return document("SshKey", name, f"endpoint: hetzner-1, public_key: {text}")


def test_what_only_a_creation_takes_is_said_to_differ_for_as_long_as_it_does(stage: Stage) -> None:
    keys = [key("one", "aA"), key("two", "bA")]

    def declare_key(which: str, life: str = "") -> None:
        stage.want(*keys, machine(more=f", location: fsn1, ssh_keys: [{which}]", rest=life))

    declare_key("one")
    stage.settle()
    assert stage.plan().since_creation == ()
    declare_key("two")
    for _ in range(3):
        (said,) = stage.settle().left.since_creation
        assert "vm/web: ssh_keys differs since creation; has no effect on an existing machine" in said
    declare_key("two", "lifecycle: {ignore_changes: [ssh_keys]}")
    assert stage.settle().left.since_creation == ()
    declare_key("two")
    assert stage.settle().left.since_creation, "what was drift-free in between is no new creation"
    declare_key("one")
    assert stage.settle().left.since_creation == ()


def test_of_a_creation_that_was_not_ours_nothing_is_said(stage: Stage) -> None:
    number = by_hand(stage, image="debian-12")
    life = f'lifecycle: {{adopt: "{number}"}}'
    stage.want(key("one", "aA"), machine(more=", location: fsn1, ssh_keys: [one]", rest=life))
    assert stage.settle().left.since_creation == ()


# -- what is partly done --------------------------------------------------------------------------------


def test_a_step_that_left_something_is_not_what_was_applied(stage: Stage) -> None:
    stage.want(machine(more=", location: fsn1"))
    stage.settle()
    (before,) = stage.rows("SELECT applied_desired_hash FROM resources WHERE address = 'vm/web'")
    spec = "server_type: cx32, image: debian-12, endpoint: hetzner-1, location: fsn1, backups: true"
    stage.want(document("VirtualMachine", "web", spec))
    applied = stage.apply()
    assert [item.reason for item in applied.left.blocked] == [BlockReason.DOWNTIME_NOT_ALLOWED]
    assert stage.rows("SELECT applied_desired_hash FROM resources WHERE address = 'vm/web'") == [before]
    assert stage.rows("SELECT attribute FROM v_pending") == [("server_type",)], "nobody's drift: not applied"

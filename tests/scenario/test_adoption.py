"""Taking over what somebody else made, through the engine: by its id, and with what refers to it."""

from __future__ import annotations

import threading

from reconciler.engine.approval import Permit
from reconciler.engine.forgetting import forget
from reconciler.executor.run import run_steps
from reconciler.executor.steps.outcome import Result
from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, BlockReason
from tests.rigs.stage import Stage, document, results
from tests.scenario.test_executor import adopting, machine, network, stranger


def test_an_object_is_taken_over_by_its_id_and_marked_ours(stage: Stage) -> None:
    stage.want(network("theirs", rest=adopting(stranger(stage, "theirs"))))
    assert [step.action for step in stage.plan().steps] == [Action.ADOPT]
    stage.settle()
    (there,) = stage.hcloud.state()["networks"]
    assert {key for key in there["labels"] if key.startswith("reconciler/")} != set()
    assert stage.managed() == {"network/theirs": ("available", "present")}


def test_an_adoption_that_fails_leaves_the_object_nobodys_and_is_tried_again(stage: Stage) -> None:
    stage.want(network("theirs", rest=adopting(stranger(stage, "theirs"))))
    stage.hcloud.fault("status", method="PUT", path="/v1/networks/.*", status=422, times=1)
    assert results(stage.apply(waves=1)) == {"failed": 1}
    assert stage.rows("SELECT management FROM resources") == [("unmanaged",)]
    stage.settle()
    assert stage.managed() == {"network/theirs": ("available", "present")}


def address_of_machines(name: str, rest: str = "") -> str:
    return document("PrimaryIp", name, "endpoint: hetzner-1, ip_version: ipv4, location: fsn1", rest)


def machine_on(address: str) -> str:
    return machine("a", f", location: fsn1, ipv4: {address}", "lifecycle: {allow_downtime: true}")


def forgotten(stage: Stage, address: str) -> None:
    """As after `on_remove: retain`: the object is still there and in use, and no longer ours."""
    wanted, stage.manifests = stage.manifests, {}
    session = stage.session()
    session.load()
    stage.context = session.context
    assert forget(stage.session(), Address.parse(address)).result is Result.DONE
    stage.manifests = wanted


def test_what_uses_an_object_that_is_taken_over_under_another_name_is_left_alone(stage: Stage) -> None:
    stage.want(address_of_machines("old"), machine_on("old"))
    stage.settle()
    number = int(stage.external_id("primary_ip/old"))
    forgotten(stage, "primary_ip/old")
    stage.want(address_of_machines("new", adopting(number)), machine_on("new"))
    plan, before = stage.plan(), len(stage.hcloud.sent())
    assert [(str(step.address), step.action) for step in plan.steps] == [("primary_ip/new", Action.ADOPT)]
    assert [(str(each.address), each.reason) for each in plan.blocked] == [("vm/a", BlockReason.DEPENDENCY)]
    applied = stage.apply(Permit.for_plan(plan))
    assert (applied.left.steps, applied.left.blocked) == ((), ()), "its name is ours to set, and was set"
    assert stage.hcloud.sent()[before:] == [f"PUT /primary_ips/{number}"] * 2, "the machine ran on"
    assert "new" in [each["name"] for each in stage.hcloud.state()["primary_ips"]]


def test_a_machine_is_not_stopped_for_a_change_that_cannot_be_finished(stage: Stage) -> None:
    stage.want(address_of_machines("old"), address_of_machines("new"), machine_on("old"))
    stage.settle()
    stage.want(address_of_machines("old"), address_of_machines("new"), machine_on("new"))
    stage.apply(waves=0)
    steps = stage.preview().plan.steps
    stage.run("UPDATE resources SET external_id = NULL WHERE address = 'primary_ip/new'")
    before = stage.hcloud.sent()
    (outcome,) = run_steps(stage.context, steps, stop=threading.Event())
    assert (outcome.result, outcome.message) == (
        Result.FAILED,
        "primary_ip/new has no object at the provider",
    )
    assert stage.hcloud.sent() == before


def test_what_an_adoption_changes_is_in_the_plan_that_takes_it_over(proxmox: Stage) -> None:
    pool = document("Pool", "lab", "endpoint: proxmox-1")
    proxmox.want(pool)
    proxmox.settle()
    config = {"name": "old", "cores": "2", "memory": "2048", "net0": "virtio,bridge=vmbr0"}
    proxmox.pve.change(op="create", vmid=310, node="pve1", config={**config, "net1": "virtio,bridge=vmbr0"})
    spec = "endpoint: proxmox-1, cpu_cores: 2, memory: 2GiB, nics: [{slot: net0, bridge: vmbr0}]"
    proxmox.want(pool, document("VirtualMachine", "old", spec, adopting(310)))
    plan = proxmox.plan()
    (step,) = plan.steps
    assert (step.action, step.changes) == (Action.ADOPT, ())
    assert [(part.address.name, part.action) for part in step.parts] == [("net1", PartAction.DELETE)]
    assert proxmox.apply(Permit.for_plan(plan)).plan.hash() == plan.hash()
    proxmox.settle()
    assert proxmox.plan().steps == ()

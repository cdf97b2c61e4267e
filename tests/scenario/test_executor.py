"""Steps on bad days: lost answers, refusals, tasks that fail or hang, other workers, and moving ground.

Everything runs over real HTTP against a simulator that breaks on demand. What counts is the world after it:
the simulator's ground truth, its ledger, and what the database says.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from reconciler.executor.run import run_steps
from reconciler.executor.steps.outcome import Result
from reconciler.model.plan import Step
from reconciler.store.database.session import Actor
from tests.rigs.stage import Stage, document, result_of, results

ACTOR = Actor("ada", "a test")
NET = document("Network", "net", "ip_range: 10.0.0.0/16")


def network(name: str = "net", ip_range: str = "10.0.0.0/16", more: str = "", rest: str = "") -> str:
    return document("Network", name, f"ip_range: {ip_range}{more}", rest)


def machine(name: str = "web", more: str = "", rest: str = "") -> str:
    return document(
        "VirtualMachine", name, f"server_type: cx22, image: debian-12, endpoint: hetzner-1{more}", rest
    )


def stranger(stage: Stage, name: str) -> int:
    """A network that somebody else made; gives its id."""
    body = {"name": name, "ip_range": "10.0.0.0/16"}
    stage.hcloud.change(op="create", type="networks", body=body)
    return next(int(item["id"]) for item in stage.hcloud.state()["networks"] if item["name"] == name)


def adopting(number: int) -> str:
    return f'lifecycle: {{adopt: "{number}"}}'


def names(stage: Stage, kind: str) -> list[str]:
    """What really exists."""
    return sorted(item["name"] for item in stage.hcloud.state()[kind])


# -- lost answers ---------------------------------------------------------------------------------------


def test_a_create_whose_answer_is_lost_is_found_by_its_mark_and_not_sent_twice(stage: Stage) -> None:
    stage.want(NET)
    stage.hcloud.fault("reset_after", method="POST", path="/v1/networks", times=1)
    stage.settle()
    assert names(stage, "networks") == ["net"]
    assert stage.hcloud.sent() == ["POST /networks"]
    assert stage.operations() == [("network/net", "create", "done")]


@pytest.mark.parametrize("kind", ["reset_before", "html"])
def test_a_create_that_may_or_may_not_have_been_made_is_in_doubt_and_healed_later(
    stage: Stage, kind: str
) -> None:
    stage.want(NET)
    stage.hcloud.fault(kind, method="POST", path="/v1/networks", times=1)
    applied = stage.apply(waves=1)
    assert results(applied) == {"ambiguous": 1}
    assert stage.operations() == [("network/net", "create", "ambiguous")], "neither success nor failure"
    stage.settle()
    assert names(stage, "networks") == ["net"]


def test_a_create_in_doubt_stays_in_doubt_though_looking_for_it_fails_too(stage: Stage) -> None:
    stage.want(NET)
    stage.apply(waves=0)
    stage.hcloud.fault("reset_after", method="POST", path="/v1/networks", times=1)
    stage.hcloud.fault("status", method="GET", path="/v1/networks.*", status=503)
    applied = stage.apply(observe=False, waves=1)
    assert result_of(applied, "network/net") == "ambiguous"
    assert stage.operations()[-1] == ("network/net", "create", "ambiguous")
    stage.hcloud.clear()
    stage.settle()
    assert names(stage, "networks") == ["net"]
    assert stage.hcloud.sent() == ["POST /networks"], "it was there all the time"


def test_an_update_whose_answer_is_lost_is_in_doubt_and_the_next_plan_sees_how_it_is(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.hcloud.fault("reset_after", method="POST", path=".*/change_protection", times=1)
    applied = stage.apply(waves=1)
    assert results(applied) == {"ambiguous": 1}
    assert stage.operations()[-1] == ("network/net", "update", "ambiguous")
    after = stage.apply()
    assert after.outcomes == (), "it had taken effect"
    assert after.left.blocked == ()
    assert len([each for each in stage.hcloud.sent() if "change_protection" in each]) == 1


def test_a_delete_whose_answer_is_lost_is_in_doubt_and_the_next_look_says_that_it_is_gone(
    stage: Stage,
) -> None:
    stage.want(NET, network("other", "10.1.0.0/16"))
    stage.settle()
    number = stage.external_id("network/net")
    stage.want(network("other", "10.1.0.0/16"))
    stage.hcloud.fault("reset_after", method="DELETE", path="/v1/networks/.*", times=1)
    assert results(stage.apply(waves=1)) == {"ambiguous": 1}
    stage.settle()
    assert names(stage, "networks") == ["other"]
    assert [each for each in stage.hcloud.sent() if each.startswith("DELETE")] == [
        f"DELETE /networks/{number}"
    ]
    assert stage.managed().keys() == {"network/other"}


def test_a_request_that_is_delivered_twice_makes_one_object(stage: Stage) -> None:
    stage.want(NET)
    stage.hcloud.fault("deliver_twice", method="POST", path="/v1/networks", times=1)
    stage.settle()
    assert names(stage, "networks") == ["net"]


# -- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [409, 423, 429])
def test_a_refusal_that_passes_is_tried_again(stage: Stage, status: int) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    rule = {"method": "POST", "path": ".*/change_protection", "times": 2, "seconds": 1.0}
    stage.hcloud.fault("status", **rule, status=status)
    stage.settle()
    assert len([each for each in stage.hcloud.sent() if "change_protection" in each]) == 3
    assert len([each for each in stage.hcloud.applied() if "change_protection" in each]) == 1


def test_a_refusal_that_does_not_pass_is_tried_a_bounded_number_of_times(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.hcloud.fault("status", method="POST", path=".*/change_protection", status=423)
    applied = stage.apply(waves=1)
    assert results(applied) == {"failed": 1}
    assert len([each for each in stage.hcloud.sent() if "change_protection" in each]) == 5
    assert stage.operations()[-1] == ("network/net", "update", "failed")
    assert stage.managed()["network/net"] == ("available", "present"), "it is as it was, and says so"


def test_a_server_error_on_a_change_is_not_sent_again_blindly(stage: Stage) -> None:
    stage.want(NET)
    stage.settle()
    stage.want(network(more=", protected: true"))
    stage.hcloud.fault("status", method="POST", path=".*/change_protection", status=500)
    assert results(stage.apply(waves=1)) == {"ambiguous": 1}
    assert len([each for each in stage.hcloud.sent() if "change_protection" in each]) == 1
    stage.hcloud.clear()
    stage.settle()


def test_what_a_provider_refuses_for_good_is_not_tried_again_and_waits_its_time(stage: Stage) -> None:
    stage.want(network(ip_range="10.0.0.0/16"), network("clash", "10.9.0.0/16"))
    stage.hcloud.fault("status", method="POST", path="/v1/networks", status=422, times=1)
    stage.options = replace(stage.options, retry_now=False)
    applied = stage.apply()
    assert results(applied) == {"failed": 1, "done": 1}
    (item,) = applied.left.blocked
    assert item.reason == "back_off"
    assert "retry" in item.hint, "and the plan says how to hurry it"
    (item,) = stage.apply().left.blocked
    assert item.reason == "back_off"
    stage.options = replace(stage.options, retry_now=True)
    stage.settle()


def test_under_a_rate_limit_the_work_goes_on_without_a_storm(stage: Stage) -> None:
    stage.want(*(network(f"n{number}", f"10.{number}.0.0/16") for number in range(6)))
    stage.hcloud.fault("status", method="POST", path="/v1/networks", status=429, times=3, seconds=1.0)
    stage.settle()
    assert len(names(stage, "networks")) == 6
    assert len(stage.hcloud.sent()) <= 9, "each refusal is answered by one more attempt, later"


def test_a_name_that_is_taken_by_somebody_else_is_said_and_left_alone(stage: Stage) -> None:
    """The list did not show it, so only the provider's refusal tells."""
    stranger(stage, "net")
    stage.hcloud.fault("empty_list", method="GET", path="/v1/networks")
    stage.want(NET)
    applied = stage.apply(waves=1)
    assert results(applied) == {"failed": 1}
    assert "not ours" in applied.outcomes[0].message
    (there,) = stage.hcloud.state()["networks"]
    assert there["labels"] == {}


# -- tasks ----------------------------------------------------------------------------------------------


def test_a_task_that_fails_fails_its_step_and_the_next_plan_goes_on_from_what_is_there(stage: Stage) -> None:
    stage.want(machine())
    stage.hcloud.fault("action_error", method="POST", path="/v1/servers", times=1)
    applied = stage.apply(waves=1)
    assert results(applied) == {"failed": 1}
    assert stage.operations() == [("vm/web", "create", "failed")]
    assert stage.external_id("vm/web"), "the object is there and is ours"
    stage.apply()
    assert names(stage, "servers") == ["web"]
    assert stage.hcloud.sent().count("POST /servers") == 1


def test_a_task_that_hangs_past_its_time_leaves_its_step_in_doubt(stage: Stage) -> None:
    stage.want(machine())
    stage.apply(waves=0)
    (step,) = stage.preview().plan.steps
    short = replace(step, calls=tuple(replace(call, timeout=1) for call in step.calls))
    api: Any = stage.hcloud.server.api
    api.project.timeline.action_seconds = 3600
    (outcome,) = run_steps(stage.context, [short], stop=threading.Event())
    assert outcome.result is Result.AMBIGUOUS
    assert "still running" in outcome.message
    assert stage.operations() == [("vm/web", "create", "ambiguous")]
    assert stage.external_id("vm/web"), "what the provider said before is not lost"
    assert stage.hcloud.sent() == ["POST /servers"]


# -- what depends on what -------------------------------------------------------------------------------


def test_a_failure_stops_what_depends_on_it_and_nothing_else(stage: Stage) -> None:
    attached = "\n".join(["spec:", "  endpoint: hetzner-1", "  server_type: cx22", "  image: debian-12"])
    with_net = f"{attached}\n  networks: [{{network: net}}]\n"
    subnet = ", subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]"
    inside = f"apiVersion: reconciler/v1\nkind: VirtualMachine\nmetadata: {{name: inside}}\n{with_net}"
    stage.want(network(more=subnet), inside, machine("apart"))
    stage.hcloud.fault("status", method="POST", path="/v1/networks", status=422)
    applied = stage.apply(waves=1)
    assert {str(o.address): o.result.value for o in applied.outcomes} == {
        "network/net": "failed",
        "vm/inside": "skipped",
        "vm/apart": "done",
    }
    assert "network/net" in next(o.message for o in applied.outcomes if o.result is Result.SKIPPED)
    assert names(stage, "servers") == ["apart"]
    stage.hcloud.clear()
    stage.settle()
    assert names(stage, "servers") == ["apart", "inside"]


def test_independent_steps_run_side_by_side_and_each_is_told_once(stage: Stage) -> None:
    stage.want(*(network(f"n{number}", f"10.{number}.0.0/16") for number in range(4)))
    stage.apply(waves=0)
    plan = stage.preview().plan
    stage.hcloud.fault("latency", method="POST", path="/v1/networks", seconds=0.4)
    running: list[str] = []
    most: list[int] = []
    told: list[str] = []

    def started(step: Step) -> None:
        running.append(str(step.address))
        most.append(len(running))

    def ended(outcome: Any) -> None:
        running.remove(str(outcome.address))
        told.append(str(outcome.address))

    outcomes = run_steps(stage.context, plan.steps, stop=threading.Event(), started=started, ended=ended)
    assert max(most) == 4
    assert sorted(told) == sorted(str(step.address) for step in plan.steps)
    assert [outcome.address for outcome in outcomes] == [step.address for step in plan.steps]


def test_two_names_for_one_address_are_refused_and_change_nothing_back_and_forth(stage: Stage) -> None:
    address = "ip_version: ipv4, location: fsn1, auto_delete: false"
    machine_at = ", location: fsn1, ipv4: out"
    stage.want(
        document("PrimaryIp", "out", f"{address}, reverse_dns: one.example.com"),
        machine("web", machine_at),
    )
    stage.settle()
    stage.want(
        document("PrimaryIp", "out", f"{address}, reverse_dns: one.example.com"),
        machine("web", f"{machine_at}, ipv4_reverse_dns: two.example.com"),
    )
    before = stage.hcloud.sent()
    for _ in range(3):
        applied = stage.apply()
    (blocked,) = applied.left.blocked
    assert str(blocked.address) == "vm/web"
    assert "one.example.com (fleet.yaml:" in blocked.message
    assert "two.example.com (fleet.yaml:" in blocked.message
    assert stage.hcloud.sent() == before


def test_an_image_that_is_no_longer_there_replaces_no_machine(stage: Stage) -> None:
    stage.want(machine("first"))
    stage.settle()
    path = f"/servers/{stage.external_id('vm/first')}/actions/create_image"
    made = stage.hcloud.change(op="request", method="POST", path=path, body={"type": "snapshot"})
    number = str(made["image"]["id"])

    def twin(more: str = "", image: str = number) -> str:
        found = machine("twin", more, "lifecycle: {replace: allowed}")
        return found.replace("image: debian-12", f'image: "{image}"')

    stage.want(machine("first"), twin())
    stage.settle()
    before = stage.hcloud.sent()
    stage.hcloud.change(op="delete", type="images", id=int(number))
    assert [item["image"] for item in stage.hcloud.state()["servers"] if item["name"] == "twin"] == [None]
    stage.settle()
    stage.want(machine("first"), twin(", backups: true"))
    assert [str(step.action) for step in stage.plan().steps] == ["update"]
    stage.want(machine("first"), twin(image="debian-12"))
    assert [str(step.action) for step in stage.plan().steps] == ["replace"]
    assert stage.hcloud.sent() == before


def test_a_clone_that_was_cut_off_gets_its_mark_where_it_belongs(proxmox: Stage) -> None:
    """All that its manifest wants came with the clone, and the call that moves the mark was refused."""
    spec = "endpoint: proxmox-1, clone_from: 9000, clone_full: true, description: Of a template"
    proxmox.pve.change(op="set", vmid=9000, set={"tags": "golden;template"})
    proxmox.want(document("VirtualMachine", "twin", spec))
    proxmox.pve.fault("status", status=403, method="POST", path=".*/config", times=1)
    assert result_of(proxmox.apply(waves=1), "vm/twin") == "failed"

    def config() -> Any:
        guests = proxmox.pve.state()["guests"]
        return next(each["config"] for each in guests if each["config"].get("name") == "twin")

    assert "rc-id-" in config()["description"]
    (step,) = proxmox.plan().steps
    assert ([change.name for change in step.changes], step.tags) == (["mark_fault"], ())
    proxmox.settle()
    assert config()["description"] == "Of a template"
    words = config()["tags"].split(";")
    assert sorted(word.rsplit("-", 1)[0] for word in words) == ["rc-id", "rc-owner"], (
        "and no tag of its template"
    )


def test_a_template_on_another_node_is_cloned_where_it_is(proxmox: Stage) -> None:
    spec = "endpoint: proxmox-1, node: pve2, clone_from: 9000, clone_full: true"
    proxmox.want(document("VirtualMachine", "web", spec))
    (step,) = proxmox.plan().steps
    (call,) = (call for call in step.calls if call.creates)
    assert dict(call.path_params)["node"] == "pve1"
    assert dict(call.params)["target"] == "pve2"
    assert "shared storage only" in call.summary
    applied = proxmox.apply(waves=1)
    assert results(applied) == {"failed": 1}, "the template's storage is local, and the server said so"
    assert "uses local storage" in applied.outcomes[0].message

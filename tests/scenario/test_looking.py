"""How endpoints are looked at: an answer takes as long as it takes."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine import apply
from reconciler.store.database.session import Transaction
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import machine

NEWEST_LOOK = """
SELECT o.outcome, o.requests, o.message, bool_and(t.complete)
FROM endpoint_observations AS o
LEFT JOIN endpoint_observation_types AS t ON o.id = t.observation_id
WHERE o.id = (SELECT max(id) FROM endpoint_observations)
GROUP BY o.id
"""
SERVER = {"name": "theirs", "server_type": "cx22", "image": "debian-12", "location": "fsn1"}


def test_a_cluster_with_a_node_that_is_off_can_be_planned(proxmox: Stage) -> None:
    """Of the guests there no state is known, which is none to be recorded."""
    proxmox.want(document("Pool", "lab", "endpoint: proxmox-1, description: Ours"))
    proxmox.pve.fault("offline_node", options={"node": "pve1"})
    preview = proxmox.preview()
    assert "node pve1 is offline" in str(preview.coverage["proxmox-1"].trouble)
    assert [str(step.address) for step in preview.plan.steps] == ["pool/lab"]


@pytest.mark.parametrize("looking", ["observe_within", "observe_closely"])
def test_a_look_within_a_preview_may_outlast_what_an_idle_transaction_is_given(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, looking: str
) -> None:
    """It waits while a newly declared endpoint answers, or for an object that is to be taken over."""
    real, bounds = getattr(apply, looking), set[str]()

    def looked(*given: Any) -> Any:
        (tx,) = [each for each in given if isinstance(each, Transaction)]
        found = tx._connection.execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        bounds.update(row[0] for row in found)
        return real(*given)

    monkeypatch.setattr(apply, looking, looked)
    stage.hcloud.change(op="create", type="servers", body=SERVER)
    number = next(each["id"] for each in stage.hcloud.state()["servers"])
    stage.want(machine("theirs", rest=f'lifecycle: {{adopt: "{number}"}}'))
    assert [str(step.address) for step in stage.plan().steps] == ["vm/theirs"]
    assert bounds == {"15min"}


def test_an_address_that_came_with_a_machine_of_ours_is_not_told_as_unmanaged(stage: Stage) -> None:
    """It goes with the machine. One that came with a machine of somebody else is told."""
    web = machine("web")
    stage.want(web)
    stage.settle()
    assert stage.preview().unmanaged == {}
    stage.hcloud.change(op="create", type="servers", body=SERVER)
    came = len(stage.hcloud.state()["primary_ips"])
    theirs = sum(
        each["assignee_id"] != stage.hcloud.state()["servers"][0]["id"]
        for each in stage.hcloud.state()["primary_ips"]
    )
    assert came > theirs > 0
    assert stage.preview().unmanaged == {"hetzner-1": 1 + theirs}


def test_every_look_is_on_record_with_its_requests_and_what_was_wrong_with_it(stage: Stage) -> None:
    stage.want(machine("web"))
    stage.apply()
    ((outcome, requests, message, complete),) = stage.rows(NEWEST_LOOK)
    assert (outcome, requests > 0, message, complete) == ("complete", True, None, True)
    for path, wanted in (("/v1/.*", "failed"), ("/v1/volumes", "partial")):
        stage.hcloud.fault("status", path=path, method="GET", status=503)
        stage.apply()
        stage.hcloud.clear()
        ((outcome, _, message, complete),) = stage.rows(NEWEST_LOOK)
        assert (outcome, bool(message), complete) == (wanted, True, None if wanted == "failed" else False)

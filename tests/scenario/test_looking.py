"""How endpoints are looked at: an answer takes as long as it takes."""

from __future__ import annotations

import pytest

from reconciler.engine import apply
from reconciler.executor.context import Context
from reconciler.executor.look import Look, observe_within
from reconciler.store.session import Transaction
from tests.scenario.stage import Stage, document
from tests.scenario.test_executor import machine


def test_a_cluster_with_a_node_that_is_off_can_be_planned(proxmox: Stage) -> None:
    """Of the guests there no state is known, which is none to be recorded."""
    proxmox.want(document("Pool", "lab", "endpoint: proxmox-1, description: Ours"))
    proxmox.pve.fault("offline_node", options={"node": "pve1"})
    preview = proxmox.preview()
    assert "node pve1 is offline" in str(preview.looks["proxmox-1"].trouble)
    assert [str(step.address) for step in preview.plan.steps] == ["pool/lab"]


def test_a_look_within_a_preview_may_outlast_what_an_idle_transaction_is_given(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that is only declared is looked at in the preview's transaction, which waits meanwhile."""
    bounds: list[str] = []

    def looking(tx: Transaction, context: Context, name: str) -> Look:
        found = tx._connection.execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        bounds.extend(row[0] for row in found)
        return observe_within(tx, context, name)

    monkeypatch.setattr(apply, "observe_within", looking)
    stage.want(machine("web"))
    assert [str(step.address) for step in stage.plan().steps] == ["vm/web"]
    assert set(bounds) == {"15min"}

"""A step's end in one statement records what its end piece by piece does: every row, of every kind.

The one goes by what the step was planned from, the other reads everything anew: that is the one difference.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reconciler.engine.planning import PlanOptions
from reconciler.executor.run import run_steps
from reconciler.executor.steps.outcome import Result
from reconciler.planner import Limits
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Stage, document, staged
from tests.rigs.statements import counted

FREE = "lifecycle: {allow_downtime: true, on_remove: delete, replace: allowed}"
WORKERS = 4


def server(volumes: str = "", labels: str = "env: a", networks: str = "{network: net}") -> str:
    spec = (
        "endpoint: hetzner-1, location: fsn1, server_type: cx22, image: debian-12, power_state: running, "
        f"networks: [{networks}]{volumes}"
    )
    return tagged(document("VirtualMachine", "web", spec, FREE), labels)


def tagged(text: str, labels: str) -> str:
    return text.replace("metadata: {", f"metadata: {{tags: {{{labels}}}, ")


def net(more: str = "") -> str:
    subnets = f"{{ip_range: 10.0.1.0/24, network_zone: eu-central}}{more}"
    return document(
        "Network", "net", f"endpoint: hetzner-1, ip_range: 10.0.0.0/16, subnets: [{subnets}]", FREE
    )


def volume(size: int, more: str = "") -> str:
    return document(
        "Volume", "data", f"endpoint: hetzner-1, location: fsn1, size: {size}GiB, server: web{more}", FREE
    )


def guest(cores: int, disks: str, labels: str) -> str:
    spec = (
        f"endpoint: proxmox-1, clone_from: 9000, clone_full: true, cpu_cores: {cores}, memory: 1GiB, "
        f"pool: lab, power_state: running, ci_user: ada, ci_password: {{from: credential/guest-password}}, "
        f"disks: [{{slot: scsi0, from_template: true, size: 20GiB}}{disks}]"
    )
    return tagged(document("VirtualMachine", "db", spec, FREE), labels)


GROUP = document("PlacementGroup", "apart", "endpoint: hetzner-1, placement_type: spread", FREE)
POOL = document("Pool", "lab", "endpoint: proxmox-1", FREE)
MORE_NET = ", {ip_range: 10.0.2.0/24, network_zone: eu-central}"
STORIES = {
    "hetzner": [
        [net(), server(), volume(10), GROUP],
        [net(MORE_NET), server(labels="env: b, role: web"), volume(20), GROUP],
        [net(), server(labels="role: web"), volume(20), GROUP],
    ],
    "proxmox": [
        [POOL, guest(1, "", "env: a")],
        [POOL, guest(2, ", {slot: scsi1, size: 5GiB, storage: local-lvm}", "env: b, role: db")],
        [POOL, guest(2, ", {slot: scsi1, size: 6GiB, storage: local-lvm}", "role: db")],
    ],
}


def piece_by_piece(stage: Stage) -> None:
    """An apply of what is wanted, whose steps know nothing of what they were planned from."""
    for _ in range(4):
        stage.apply(waves=0)
        plan = stage.preview().plan
        if not plan.steps:
            break
        done = run_steps(stage.context, plan.steps, stop=threading.Event(), workers=WORKERS)
        assert {outcome.result for outcome in done} == {Result.DONE}
    assert not stage.preview().plan.steps


def recorded(stage: Stage) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded of what lives; of values those that manifests say, of all else that there are."""
    return {
        "resources": stage.rows(
            "SELECT r.address, r.name, s.name, r.management, r.presence, r.is_root, r.external_id IS NULL,"
            " r.recorded_hash IS NULL, r.observed_at IS NULL, r.claimed_by,"
            " encode(r.applied_desired_hash, 'hex')"
            " FROM resources r JOIN resource_states s ON s.id = r.state_id"
            " WHERE r.deleted_at IS NULL AND r.management = 'managed' ORDER BY 1"
        ),
        "attributes": stage.rows(
            "SELECT DISTINCT r.address, ad.name, a.ordinal, a.data_type, a.value_target_type,"
            " a.value_credential, CASE WHEN w.id IS NOT NULL THEN value_text("
            " a.value_target_type, a.value_key, a.value_inner_key, a.value_string,"
            " a.value_integer, a.value_decimal, a.value_boolean, a.value_datetime,"
            " a.value_credential, a.value_fingerprint) END"
            " FROM resource_attributes a JOIN resources r ON r.id = a.resource_id"
            " JOIN attribute_definitions ad ON ad.id = a.attribute_definition_id"
            " LEFT JOIN (SELECT d.id, d.address, da.attribute_definition_id FROM desired_resources d"
            " JOIN desired_attributes da ON da.desired_resource_id = d.id"
            " WHERE d.valid_to_revision IS NULL) w"
            " ON w.address = r.address AND w.attribute_definition_id = a.attribute_definition_id"
            " WHERE r.deleted_at IS NULL AND r.management = 'managed' ORDER BY 1, 2, 3"
        ),
        "tags": stage.rows(
            "SELECT r.address, t.key, t.value FROM resource_tags rt JOIN resources r ON r.id = rt.resource_id"
            " JOIN tags t ON t.id = rt.tag_id WHERE r.deleted_at IS NULL AND r.management = 'managed'"
            " ORDER BY 1, 2"
        ),
        "ties": stage.rows(
            "SELECT c.address, p.address, t.name FROM resource_relationships rr"
            " JOIN resources c ON c.id = rr.child_resource_id"
            " JOIN resources p ON p.id = rr.parent_resource_id"
            " JOIN relationship_types t ON t.id = rr.relationship_type_id"
            " WHERE c.deleted_at IS NULL AND p.management = 'managed' ORDER BY 1, 2, 3"
        ),
        "pending": stage.rows(
            "SELECT r.address, ad.name FROM resource_pending_attributes x"
            " JOIN resources r ON r.id = x.resource_id"
            " JOIN attribute_definitions ad ON ad.id = x.attribute_definition_id ORDER BY 1, 2"
        ),
    }


@pytest.mark.parametrize("provider", STORIES)
def test_both_ways_record_the_same(database: TestDatabase, place: Any, provider: str) -> None:
    with counted(database) as statements, staged(database, place, providers=[provider]) as stage:
        stage.options = PlanOptions(limits=Limits(destroy=100, share=1.0), retry_now=True)
        at_once, apart = [], []
        for wanted in STORIES[provider]:
            stage.want(*wanted)
            stage.settle()
            stage.apply(waves=0)  # looked at once more, as the others are
            at_once.append(recorded(stage))
        assert all(each["resources"] for each in at_once)
        ended = [each for each in statements.sent if "step_done(" in each.text]
        assert len(ended) == len(stage.operations()) > 0, "every step ended in one statement"
        stage.want()
        stage.settle()
        for wanted in STORIES[provider]:
            stage.want(*wanted)
            piece_by_piece(stage)
            apart.append(recorded(stage))
        assert at_once == apart

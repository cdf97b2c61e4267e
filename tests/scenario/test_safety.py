"""The promises of the whole: what is never destroyed, what never stays half done, and that peace comes back.

Through the engine, from manifests to the simulators' ground truth.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.approval import Permit
from reconciler.engine.planning import PlanOptions
from reconciler.engine.results import Applied, Progress
from reconciler.errors import ManifestError
from reconciler.executor.steps.outcome import Outcome
from reconciler.manifest.source.sources import read_source
from reconciler.manifest.source.state import SourceSpec
from reconciler.model.address import Address
from reconciler.model.plan import Action, BlockReason
from reconciler.planner import Limits, Selection, parse_selector
from reconciler.store.database.session import Actor
from reconciler.store.work.pauses import hold, release
from reconciler.store.work.plans import approve, find_plan
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import VARIABLES, Stage, document, results, staged
from tests.scenario.test_executor import NET, machine, names, network, stranger

FLEET = (NET, network("other", "10.1.0.0/16"), machine("a"), machine("b"))


def world(stage: Stage) -> tuple[list[str], list[str]]:
    return names(stage, "networks"), names(stage, "servers")


# -- manifests that cannot be used ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "kind: [unclosed",
        document("Network", "net", "ip_range: 10.0.0.0/99"),
        document("Network", "net", "ip_rage: 10.0.0.0/16"),
        NET + "---\n" + NET,
        machine("a", more=", networks: [{network: nowhere}]"),
        document("Service", "a", "", "depends_on: [service/b]")
        + "---\n"
        + document("Service", "b", "", "depends_on: [service/a]"),
    ],
)
def test_nothing_is_done_because_of_a_set_with_any_error_in_it(stage: Stage, broken: str) -> None:
    stage.want(*FLEET)
    stage.settle()
    before, sent = world(stage), len(stage.hcloud.sent())
    stage.want(network("new", "10.9.0.0/16"), **{"broken.yaml": broken})
    with pytest.raises(Exception, match=r"problem|cycle"):
        stage.apply()
    assert (world(stage), len(stage.hcloud.sent())) == (before, sent)
    assert (
        len(
            stage.rows(
                "SELECT 1 FROM desired_resources WHERE valid_to_revision IS NULL AND parent_id IS NULL"
            )
        )
        == 4
    )


@pytest.mark.parametrize("folder", ["missing", "empty", "without manifests"])
def test_a_folder_that_is_gone_or_suddenly_empty_removes_nothing(
    stage: Stage, place: Path, folder: str
) -> None:
    stage.want(*FLEET)
    stage.settle()
    where = place / "manifests"
    if folder != "missing":
        where.mkdir()
    if folder == "without manifests":
        (where / "notes.txt").write_text("nothing here")
    with pytest.raises(ManifestError):
        read_source(SourceSpec(paths=(str(where),), name="fleet"), place)
    assert world(stage)[0] == ["net", "other"]


# -- what could not be seen -----------------------------------------------------------------------------

BLINDING: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 401},
    {"kind": "empty_list"},
    {"kind": "html"},
    {"kind": "reset_before"},
    {"kind": "lost_permission"},
]


@pytest.mark.parametrize("fault", BLINDING, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}")
def test_what_could_not_be_seen_is_neither_deleted_nor_made_again(
    stage: Stage, fault: dict[str, Any]
) -> None:
    stage.want(*FLEET)
    stage.settle()
    before, sent = world(stage), len(stage.hcloud.sent())
    stage.want(NET)
    stage.hcloud.fault(method="GET", path="/v1/(servers|networks|firewalls).*", **fault)
    applied = stage.apply()
    assert applied.outcomes == ()
    assert {item.reason for item in applied.left.blocked} == {BlockReason.UNKNOWN}
    assert (world(stage), len(stage.hcloud.sent())) == (before, sent)
    stage.hcloud.clear()
    assert {step.address.name for step in stage.plan().steps} == {"other", "a", "b"}


def test_the_only_one_of_its_kind_that_somebody_deleted_is_made_again(stage: Stage) -> None:
    """Its list shows none of ours any more, so it is asked for itself, and denied."""
    stage.want(NET, machine("a"))
    stage.settle()
    stage.hcloud.change(op="delete", type="networks", name="net")
    applied = stage.apply()
    assert [(str(o.address), o.action.value, o.result.value) for o in applied.outcomes] == [
        ("network/net", "create", "done")
    ]


def test_a_list_that_shows_none_of_ours_by_mistake_is_seen_through(stage: Stage) -> None:
    stage.want(NET, machine("a"))
    stage.settle()
    stage.hcloud.fault("empty_list", method="GET", path="/v1/networks")
    applied = stage.apply()
    assert (applied.outcomes, applied.left.steps, applied.left.blocked) == ((), (), ())
    assert stage.managed()["network/net"] == ("available", "present")


def test_another_projects_token_changes_nothing_in_either_project(
    database: TestDatabase, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staged(database, place, hetzner={"other_token": "of-another-project"}) as stage:
        stage.want(*FLEET)
        stage.settle()
        monkeypatch.setenv("RECONCILER_TEST_HETZNER", "of-another-project")
        stage.want(NET)
        applied = stage.apply()
        assert applied.outcomes == ()
        assert {item.reason for item in applied.left.blocked} == {BlockReason.UNKNOWN}
        state = stage.hcloud.state()
        assert (len(state["servers"]), len(state["other_project"]["servers"])) == (2, 0)


def test_an_endpoint_that_cannot_be_seen_holds_up_no_other(database: TestDatabase, place: Path) -> None:
    with staged(database, place, providers=["hetzner", "proxmox"]) as stage:
        guest = document("VirtualMachine", "db", "endpoint: proxmox-1, cpu_cores: 1, memory: 512MiB")
        stage.want(NET, guest)
        stage.hcloud.fault("status", status=500)
        applied = stage.apply()
        assert results(applied) == {"done": 1}
        assert {str(item.address): item.reason for item in applied.left.blocked} == {
            "network/net": BlockReason.UNKNOWN
        }
        stage.hcloud.clear()
        stage.settle()


def test_a_credential_that_is_gone_holds_up_its_endpoint_alone(
    database: TestDatabase, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with staged(database, place, providers=["hetzner", "proxmox"]) as stage:
        monkeypatch.setenv("RECONCILER_TEST_PROXMOX", "not a credential at all")
        guest = document("VirtualMachine", "db", "endpoint: proxmox-1, cpu_cores: 1, memory: 512MiB")
        stage.want(NET, guest)
        applied = stage.apply()
        assert results(applied) == {"done": 1}
        (item,) = applied.left.blocked
        assert item.reason is BlockReason.UNKNOWN
        assert "not a credential" not in item.message


# -- what is not ours -----------------------------------------------------------------------------------


def test_what_is_not_ours_is_never_changed(stage: Stage) -> None:
    for name in ("theirs", "net"):
        stranger(stage, name)
    before = stage.hcloud.state()["networks"]
    stage.want(NET, network("mine", "10.7.0.0/16"))
    applied = stage.apply()
    assert [item.reason for item in applied.left.blocked] == [BlockReason.NOT_OURS]
    stage.want(network("mine", "10.7.0.0/16"))
    stage.settle()
    stage.want(machine("x"))
    stage.settle()
    assert [item for item in stage.hcloud.state()["networks"] if item["name"] != "mine"] == before


# -- destruction ----------------------------------------------------------------------------------------


SUBNET = ", subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]"


def blocked(applied: Applied) -> dict[str, tuple[BlockReason, str]]:
    return {str(item.address): (item.reason, item.message) for item in applied.left.blocked}


def test_what_is_removed_while_something_that_stays_uses_it_is_kept_and_the_plan_says_why(
    stage: Stage,
) -> None:
    stage.want(network(more=SUBNET), machine("a", more=", networks: [{network: net}]"))
    stage.settle()
    with stage.engine.store.transaction(Actor("ada")) as tx:
        number = hold(tx, "ada", "hands off", address=Address.parse("vm/a"))
    stage.want(machine("a", more=", networks: []"))
    applied = stage.apply()
    assert applied.outcomes == ()
    why = "is still used by vm/a, which is held by ada: hands off"
    assert blocked(applied)["network/net"] == (BlockReason.IN_USE, why)

    body = {"name": "theirs", "server_type": "cx22", "image": "debian-12", "location": "fsn1"}
    net = int(stage.external_id("network/net"))
    stage.hcloud.change(op="create", type="servers", body=body | {"networks": [net]})
    with stage.engine.store.transaction(Actor("ada")) as tx:
        release(tx, str(number))
    applied = stage.apply()
    assert [str(outcome.address) for outcome in applied.outcomes] == ["vm/a"]
    why = "is still used by vm/theirs, which is not ours"
    assert blocked(applied) == {"network/net": (BlockReason.IN_USE, why)}
    assert names(stage, "networks") == ["net"]
    stage.hcloud.change(op="delete", type="servers", name="theirs")
    stage.settle()
    assert names(stage, "networks") == []


def test_a_target_brings_what_it_needs_and_nothing_else(stage: Stage) -> None:
    stage.want(
        network(more=SUBNET),
        network("other", "10.1.0.0/16"),
        machine("a", more=", networks: [{network: net}]"),
    )
    stage.options = PlanOptions(selection=Selection((parse_selector("vm/a"),)))
    assert results(stage.apply()) == {"done": 2}
    assert world(stage) == (["net"], ["a"])


def test_a_mass_deletion_waits_until_the_very_plan_is_approved_and_then_runs_once(stage: Stage) -> None:
    stage.want(*(network(f"n{number}", f"10.{number}.0.0/16") for number in range(6)))
    stage.settle()
    stage.want(network("n0", "10.0.0.0/16"))
    stage.options = PlanOptions(limits=Limits(destroy=3), retry_now=True)
    applied = stage.apply()
    assert applied.outcomes == ()
    assert len(applied.withheld) == 5
    assert len(names(stage, "networks")) == 6
    session = stage.session()
    session.observe()
    number = session.save(session.preview())
    with stage.engine.store.transaction(Actor("grace")) as tx:
        approve(tx, find_plan(tx, str(number)), "grace", stage.engine.key)
    assert results(stage.apply()) == {"done": 5}
    assert names(stage, "networks") == ["n0"]
    assert stage.rows("SELECT used_at IS NOT NULL FROM plan_approvals") == [(True,)]


def test_an_approval_of_a_plan_whose_ground_moved_lets_nothing_through(stage: Stage) -> None:
    stage.want(*(network(f"n{number}", f"10.{number}.0.0/16") for number in range(6)))
    stage.settle()
    stage.want(network("n0", "10.0.0.0/16"))
    stage.options = PlanOptions(limits=Limits(destroy=3), retry_now=True)
    session = stage.session()
    session.observe()
    number = session.save(session.preview())
    with stage.engine.store.transaction(Actor("grace")) as tx:
        approve(tx, find_plan(tx, str(number)), "grace", stage.engine.key)
    stage.hcloud.change(op="set", type="networks", name="n3", set={"labels.precious": "yes"})
    assert stage.apply().outcomes == ()
    assert len(names(stage, "networks")) == 6


def test_an_approval_that_comes_while_an_apply_ends_is_there_for_the_next(stage: Stage) -> None:
    """What waited still waits when this apply tells of it, so that nobody lets the approval expire."""
    stage.want(NET, machine("a"))
    stage.settle()
    stage.want(NET, network("other", "10.1.0.0/16"))
    session = stage.session()
    session.observe()
    number = session.save(session.preview())

    def approved_meanwhile(_: Outcome) -> None:
        with stage.engine.store.transaction(Actor("grace")) as tx:
            approve(tx, find_plan(tx, str(number)), "grace", stage.engine.key)

    session.progress = Progress(ended=approved_meanwhile)
    applied = session.apply(Permit(), waves=1)
    assert [str(outcome.address) for outcome in applied.outcomes] == ["network/other"]
    assert [str(step.address) for step in applied.withheld] == ["vm/a"]
    assert results(stage.apply()) == {"done": 1}
    assert names(stage, "servers") == []


def test_a_machine_whose_manifest_vanished_keeps_its_data_until_somebody_says_so(stage: Stage) -> None:
    stage.want(NET, machine("a"))
    stage.settle()
    stage.want(NET)
    applied = stage.apply()
    assert [str(step.address) for step in applied.withheld] == ["vm/a"]
    assert names(stage, "servers") == ["a"]
    assert results(stage.apply(Permit.for_plan(stage.plan()))) == {"done": 1}
    assert names(stage, "servers") == []


def test_a_guard_survives_the_removal_of_its_manifest(stage: Stage) -> None:
    stage.want(NET, machine("a", rest="lifecycle: {prevent_destroy: true, on_remove: delete}"))
    stage.settle()
    stage.want(NET)
    applied = stage.apply(Permit.for_plan(stage.plan()))
    assert applied.outcomes == ()
    assert [item.reason for item in applied.left.blocked] == [BlockReason.PREVENT_DESTROY]
    assert names(stage, "servers") == ["a"]


# -- the record -----------------------------------------------------------------------------------------


def test_nothing_is_sent_without_an_intent_on_record(stage: Stage) -> None:
    """Each object that was made carries the id of an operation that was on record before its call."""
    stage.want(*FLEET)
    stage.settle()
    known = {str(row[0]).replace("-", "") for row in stage.rows("SELECT id FROM resource_operations")}
    made = [
        entry
        for entry in stage.hcloud.ledger()
        if entry["method"] == "POST" and "labels" in (entry["body"] or {})
    ]
    assert len(made) == 4
    for entry in made:
        assert entry["body"]["labels"]["reconciler/operation"] in known
    ((intents_late,),) = stage.rows(
        "SELECT count(*) FROM resource_operations o JOIN resource_operation_calls c ON c.operation_id = o.id"
        " WHERE o.intended_at > c.sent_at"
    )
    assert intents_late == 0


def test_no_secret_is_anywhere_but_in_the_request_that_needs_it(proxmox: Stage) -> None:
    spec = "endpoint: proxmox-1, cpu_cores: 1, memory: 512MiB, ci_user: admin"
    proxmox.want(document("VirtualMachine", "db", spec + ", ci_password: {from: credential/guest-password}"))
    plan = proxmox.plan()
    proxmox.pve.fault("action_error", method="POST", path=".*/qemu", times=1)
    applied = proxmox.apply()
    proxmox.settle()
    secrets = set(VARIABLES.values()) | {
        value.partition("=")[2] for value in VARIABLES.values() if "=" in value
    }
    told = f"{plan!r} {applied!r}"
    tables = proxmox.rows(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'"
    )
    for (table,) in tables:
        told += repr(proxmox.rows(f"SELECT t::text FROM {table} AS t"))  # noqa: S608 - names from the catalog
    for secret in secrets:
        assert secret not in told


def test_what_depends_on_what_is_on_record_though_nothing_else_changed(stage: Stage) -> None:
    def ties() -> list[tuple[str, str, str]]:
        return stage.rows(
            "SELECT c.address, t.name, p.address FROM resource_relationships rr"
            " JOIN resources p ON p.id = rr.parent_resource_id"
            " JOIN resources c ON c.id = rr.child_resource_id"
            " JOIN relationship_types t ON t.id = rr.relationship_type_id ORDER BY 1, 2, 3"
        )

    shop, main = document("Service", "shop"), document("Database", "main")
    stage.want(shop, main)
    stage.settle()
    assert ties() == []
    stage.want(document("Service", "shop", "", "depends_on: [database/main]"), main)
    stage.settle()
    assert ties() == [("service/shop", "depends_on", "database/main")]
    stage.want(document("Service", "shop", "", "member_of: [cluster/c]"), main, document("Cluster", "c"))
    stage.settle()
    assert ties() == [("service/shop", "member_of", "cluster/c")]
    stage.want(shop, main, document("Cluster", "c"))
    stage.settle()
    assert ties() == []


# -- peace ----------------------------------------------------------------------------------------------

FAULTS: list[dict[str, Any]] = [
    {"kind": "reset_after", "method": "POST"},
    {"kind": "reset_before", "method": "POST"},
    {"kind": "reset_after", "method": "DELETE"},
    {"kind": "status", "status": 423, "method": "POST"},
    {"kind": "status", "status": 503, "method": "PUT"},
    {"kind": "status", "status": 500, "method": "GET", "path": "/v1/networks.*"},
    {"kind": "empty_list", "method": "GET", "path": "/v1/servers"},
    {"kind": "action_error", "method": "POST"},
    {"kind": "deliver_twice", "method": "POST"},
    {"kind": "html", "method": "POST"},
]
SETS: list[tuple[str, ...]] = [
    FLEET,
    (NET, machine("a")),
    (network(more=", protected: true"), network("other", "10.1.0.0/16"), machine("a"), machine("c")),
]


@pytest.mark.parametrize("seed", range(4))
def test_once_faults_stop_the_plan_is_empty_soon_and_stays_so(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    consent: Callable[[], Permit] = lambda: Permit.for_plan(stage.plan())  # noqa: E731
    for _ in range(4):
        stage.want(*chance.choice(SETS))
        for fault in chance.sample(FAULTS, 3):
            stage.hcloud.fault(**{"path": ".*", **fault}, times=chance.randint(1, 2))
        stage.apply(Permit())
    stage.hcloud.clear()
    stage.want(*SETS[2])
    for _ in range(3):
        applied = stage.apply(consent())
    assert applied.left.steps == (), applied.left
    assert applied.left.blocked == ()
    assert world(stage) == (["net", "other"], ["a", "c"])
    before = len(stage.hcloud.sent())
    for _ in range(2):
        assert stage.apply().outcomes == ()
    assert len(stage.hcloud.sent()) == before
    assert stage.rows("SELECT count(*) FROM resource_operations WHERE finished_at IS NULL") == [(0,)]
    marked = [item["labels"]["reconciler/resource"] for item in stage.hcloud.state()["servers"]]
    assert len(marked) == len(set(marked)), "no duplicates"
    rows = {
        str(row[0]).replace("-", "")
        for row in stage.rows("SELECT uid FROM resources WHERE deleted_at IS NULL")
    }
    assert set(marked) <= rows, "no orphans"


def test_two_runs_at_once_make_nothing_twice(stage: Stage) -> None:
    stage.want(*FLEET)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with stage.engine.working("cli") as context:
                session = stage.session()
                session.context = context
                session.recover()
                session.observe()
                session.apply(Permit())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stage.settle()
    assert world(stage) == (["net", "other"], ["a", "b"])
    assert stage.hcloud.applied().count("POST /servers") == 2
    assert {action for _, action, _ in stage.operations()} == {Action.CREATE.value}

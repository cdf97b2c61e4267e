"""After the restoring of an older backup: nothing moves until somebody looked, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.engine.engine import Engine
from reconciler.engine.readopting import look_for_ours, readopt
from reconciler.executor.observe.readopt import Found
from reconciler.model.plan import Action, BlockReason
from reconciler.store.care.backup import back_up
from reconciler.store.care.restore import restore
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Stage, document
from tests.scenario.test_executor import machine, network

HETZNER = ", endpoint: hetzner-1"


@contextmanager
def restored(stage: Stage, file: Path, target: TestDatabase) -> Iterator[Stage]:
    """The same fleet, providers and home, with the database as it was when the file was written."""
    restore(target.admin, file, "a person")
    with (
        Engine.open(stage.home, target.admin, "ada@test", check_plans=True) as engine,
        engine.working("cli") as context,
    ):
        yield replace(stage, engine=engine, context=context, database=target)


def looked(stage: Stage) -> tuple[Found, ...]:
    session = stage.session()
    found = look_for_ours(session)
    stage.context = session.context
    return found


def taken_back(stage: Stage) -> tuple[list[str], int]:
    session = stage.session()
    done = readopt(session, look_for_ours(session))
    stage.context = session.context
    return sorted(map(str, done.addresses)), done.released


def file_of(stage: Stage) -> Path:
    """Where a backup of it goes, made now."""
    path = stage.home / "fleet.backup"
    back_up(stage.database.admin, path, force=True)
    return path


def steps(stage: Stage) -> list[tuple[str, Action]]:
    return [(str(step.address), step.action) for step in stage.plan().steps]


def test_what_happened_since_is_known_again_and_nothing_is_sent(
    stage: Stage, empty_database: TestDatabase
) -> None:
    kept, gone = network("kept", more=HETZNER), network("gone", "10.1.0.0/16", more=HETZNER)
    changed = network("changed", "10.2.0.0/16", more=HETZNER)
    stage.want(kept, gone, changed)
    stage.settle()
    file = file_of(stage)
    changed = document(
        "Network", "changed", "ip_range: 10.2.0.0/16, expose_routes_to_vswitch: true, endpoint: hetzner-1"
    )
    stage.want(kept, changed, network("new", "10.3.0.0/16", more=HETZNER), machine("web", ", location: fsn1"))
    stage.settle()
    there, before = stage.hcloud.state(), len(stage.hcloud.sent())

    with restored(stage, file, empty_database) as later:
        held = later.apply()
        assert held.outcomes == ()
        assert {str(each.address): each.reason for each in held.left.blocked} == {
            "network/changed": BlockReason.HELD,
            "network/gone": BlockReason.HELD,
            "network/new": BlockReason.QUARANTINED,
            "vm/web": BlockReason.QUARANTINED,
        }
        assert taken_back(later) == (["network/new", "vm/web"], 1)
        assert later.managed() == {
            "network/changed": ("available", "present"),
            "network/gone": ("missing", "absent"),
            "network/kept": ("available", "present"),
            "network/new": ("available", "present"),
            "vm/web": ("running", "present"),
        }
        assert steps(later) == [("network/gone", Action.FORGET)], "and that is the honest difference"
        later.settle()
        assert steps(later) == []
        ((reason,),) = later.rows(
            "SELECT DISTINCT s.reason FROM resource_history h JOIN resources r ON r.id = h.resource_id"
            " JOIN changesets s ON s.id = h.changeset_id AND s.changed_at = h.changed_at"
            " WHERE r.address = 'vm/web' AND h.management = 'managed' AND h.action = 'insert'"
        )
        assert reason == "taken back: it carries our mark"
    assert stage.hcloud.sent()[before:] == []
    assert stage.hcloud.state() == there


def test_what_no_manifest_wants_is_shown_and_kept(stage: Stage, empty_database: TestDatabase) -> None:
    stage.want(network("kept", more=HETZNER))
    stage.settle()
    file = file_of(stage)
    stage.want(network("kept", more=HETZNER), network("extra", "10.1.0.0/16", more=HETZNER))
    stage.settle()
    stage.want(
        network("kept", more=HETZNER)
    )  # its manifest is taken away, and the disaster comes before the apply

    with restored(stage, file, empty_database) as later:
        (found,) = [each for each in looked(later) if each.kept]
        assert [(item.observed.name, item.why) for item in found.kept] == [
            ("extra", "no manifest wants an object of that name")
        ]
        assert taken_back(later) == ([], 1)
        before = len(stage.hcloud.sent())
        later.apply()
        assert stage.hcloud.sent()[before:] == []
        assert "extra" in [each["name"] for each in stage.hcloud.state()["networks"]]


def test_an_object_that_replaced_the_recorded_one_is_taken_back_as_the_same_resource(
    stage: Stage, empty_database: TestDatabase
) -> None:
    rest = "lifecycle: {replace: allowed, allow_downtime: true}"
    anchor = network("anchor", more=HETZNER)
    stage.want(anchor, machine("web", ", location: fsn1", rest))
    stage.settle()
    uid = stage.rows("SELECT uid FROM resources WHERE address = 'vm/web'")
    file = file_of(stage)
    stage.want(
        anchor,
        document(
            "VirtualMachine",
            "web",
            "server_type: cx22, image: ubuntu-24.04, location: fsn1, endpoint: hetzner-1",
            rest,
        ),
    )
    stage.settle()
    number, before = stage.external_id("vm/web"), len(stage.hcloud.sent())

    with restored(stage, file, empty_database) as later:
        assert taken_back(later) == (["vm/web"], 1)
        assert later.rows("SELECT uid FROM resources WHERE address = 'vm/web' AND deleted_at IS NULL") == uid
        assert later.external_id("vm/web") == number
        assert steps(later) == []
    assert stage.hcloud.sent()[before:] == []


def test_an_id_that_was_chosen_since_is_never_chosen_again(
    proxmox: Stage, empty_database: TestDatabase
) -> None:
    def guest(name: str) -> str:
        return document("VirtualMachine", name, "endpoint: proxmox-1, cpu_cores: 1, memory: 1GiB")

    proxmox.want(guest("a"))
    proxmox.settle()
    file = file_of(proxmox)
    proxmox.want(guest("a"), guest("b"))
    proxmox.settle()
    used = int(proxmox.external_id("vm/b"))
    before = len(proxmox.pve.sent())

    with restored(proxmox, file, empty_database) as later:
        assert taken_back(later) == (["vm/b"], 1)
        assert later.external_id("vm/b") == str(used)
        assert steps(later) == []
        assert proxmox.pve.sent()[before:] == []
        proxmox.pve.change(op="delete", vmid=used)
        later.want(guest("a"), guest("b"), guest("c"))
        later.settle()
        assert used not in {int(later.external_id(f"vm/{name}")) for name in "abc"}


def test_what_cannot_be_seen_keeps_everything_held(stage: Stage, empty_database: TestDatabase) -> None:
    stage.want(network("kept", more=HETZNER))
    stage.settle()
    file = file_of(stage)
    stage.want(network("kept", more=HETZNER), network("new", "10.1.0.0/16", more=HETZNER))
    stage.settle()
    before = len(stage.hcloud.sent())
    stage.hcloud.fault("status", method="GET", path="/v1/volumes.*", status=403)

    with restored(stage, file, empty_database) as later:
        assert taken_back(later) == (["network/new"], 0)
        assert [each.reason for each in later.apply().left.blocked] == [BlockReason.HELD]
        stage.hcloud.clear()
        assert taken_back(later) == ([], 1)
        assert steps(later) == []
    assert stage.hcloud.sent()[before:] == []


def test_two_objects_with_one_mark_are_left_to_a_person(stage: Stage, empty_database: TestDatabase) -> None:
    stage.want(network("kept", more=HETZNER))
    stage.settle()
    file = file_of(stage)
    stage.want(network("kept", more=HETZNER), network("new", "10.1.0.0/16", more=HETZNER))
    stage.settle()
    (ours,) = [each for each in stage.hcloud.state()["networks"] if each["name"] == "new"]
    body = {"name": "copy", "ip_range": "10.9.0.0/16", "labels": ours["labels"]}
    stage.hcloud.change(op="create", type="networks", body=body)

    with restored(stage, file, empty_database) as later:
        kept = [(item.observed.name, item.why) for each in looked(later) for item in each.kept]
        assert sorted(kept) == [
            ("copy", "another object carries the very same mark"),
            ("new", "another object carries the very same mark"),
        ]
        assert taken_back(later) == ([], 1)

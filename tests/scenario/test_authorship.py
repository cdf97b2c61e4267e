"""Who did at the provider what a look found: named where its log of tasks tells, nobody where it does not.

People act by real requests of their own, each with a login of theirs; what they did is found by a look.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from proxmoxer import ProxmoxAPI

from reconciler.errors import DatabaseError
from reconciler.model.address import Address
from reconciler.report.blame import blame
from reconciler.report.history import event_sentence, is_told
from reconciler.sim.proxmox import DEMO_TOKEN, Token
from reconciler.store.database.session import Actor
from reconciler.store.history.events import events
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import SECRET, Stage, document, staged

PASSWORD = "of-a-person"
SPEC = (
    "endpoint: proxmox-1, cpu_cores: 2, memory: 2GiB, power_state: running,"
    " disks: [{slot: scsi0, size: 8GiB}]"
)
WEB = document("VirtualMachine", "web", SPEC, "lifecycle: {allow_downtime: true}")


class People:
    """The cluster as its users have it: root@pam and jane@pve by password, joe@pve by a token."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sessions: list[Any] = []
        self.root = self._login(user="root@pam", password=PASSWORD)
        self.jane = self._login(user="jane@pve", password=PASSWORD)
        self.joe = self._login(user="joe@pve", token_name="laptop", token_value=PASSWORD)
        self.us = self._login(user="reconciler@pve", token_name="demo", token_value=SECRET)

    def _login(self, **credentials: Any) -> Any:
        port, ca = self._stage.pve.server.port, self._stage.home / "ca" / "ca.pem"
        client = ProxmoxAPI(f"127.0.0.1:{port}", verify_ssl=str(ca), **credentials)
        self._sessions.append(client._store["session"])
        return client

    def close(self) -> None:
        for session in self._sessions:
            session.close()


@contextmanager
def cluster(database: TestDatabase, place: Path, **options: Any) -> Iterator[tuple[Stage, People]]:
    tokens = {DEMO_TOKEN: Token(SECRET), "joe@pve!laptop": Token(PASSWORD)}
    given = {"tokens": tokens, "password": PASSWORD, "users": {"jane@pve": PASSWORD}, **options}
    with staged(database, place, providers=["proxmox"], proxmox=given) as stage:
        people = People(stage)
        try:
            yield stage, people
        finally:
            people.close()


@pytest.fixture
def both(database: TestDatabase, place: Path) -> Iterator[tuple[Stage, People]]:
    """A cluster with `vm/web` of ours that runs, last looked at just now; and its users."""
    with cluster(database, place) as (stage, people):
        stage.want(WEB)
        stage.settle()
        stage.preview()
        yield stage, people


def world_of(stage: Stage) -> Any:
    """The simulated cluster, for its clocks."""
    api: Any = stage.pve.server.api
    return api.world


def vm(people: Any, stage: Stage, address: str = "vm/web") -> Any:
    """Somebody's way to a machine of ours."""
    vmid = int(stage.external_id(address))
    (guest,) = [each for each in stage.pve.state()["guests"] if each["vmid"] == vmid]
    return people.nodes(guest["node"]).qemu(vmid)


def said(stage: Stage, address: str = "vm/web") -> str:
    """The newest sentence of its history, without the hour that a task began."""
    with stage.engine.store.read() as tx:
        event = events(tx, 1, address, shown=is_told)[0]
    return event_sentence(event, address)


def tasks(stage: Stage) -> list[tuple[Any, ...]]:
    """What is on record of all looks: happening, kind, user, whether it is sure."""
    return stage.rows(
        "SELECT happening, kind, provider_user, is_sure FROM observed_tasks"
        " ORDER BY changed_at, happening, began_at, task"
    )


def lists_of_tasks(stage: Stage) -> list[str]:
    """The requests of the last look for lists of tasks."""
    return [
        str(e["path"]).removeprefix("/api2/json") for e in stage.pve.ledger() if e["path"].endswith("/tasks")
    ]


def test_who_stopped_a_machine_is_named(both: tuple[Stage, People]) -> None:
    stage, people = both
    asked = len(stage.pve.ledger())
    vm(people.jane, stage).status.stop.post()
    stage.preview()
    assert tasks(stage) == [("stopped", "qmstop", "jane@pve", True)]
    assert "running → stopped at the provider, by jane@pve (task qmstop, " in said(stage)
    assert lists_of_tasks(stage) == ["/nodes/pve1/tasks", "/nodes/pve2/tasks"], "one request a node"
    before = len(stage.pve.ledger())
    stage.preview()
    assert len(lists_of_tasks(stage)) == 2, "nothing was found, so that nobody is asked"
    assert len(stage.pve.ledger()) - before == before - asked - 3, "a look with drift is two requests more"


def test_of_two_users_who_may_have_stopped_it_both_are_named(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).status.shutdown.post()
    vm(people.joe, stage).status.stop.post()
    stage.preview()
    assert {row[2:] for row in tasks(stage)} == {("jane@pve", True), ("joe@pve!laptop", True)}
    assert "by one of jane@pve, joe@pve!laptop (task qmshutdown, " in said(stage)


def test_what_a_task_did_that_another_undid_is_not_its_doing(both: tuple[Stage, People]) -> None:
    stage, people = both
    past = [60.0]
    world_of(stage).tasks._clock = lambda: time.time() - past[0]
    vm(people.joe, stage).status.stop.post()
    past[0] = 30
    vm(people.root, stage).status.start.post()
    past[0] = 0
    vm(people.jane, stage).status.stop.post()
    stage.preview()
    assert tasks(stage) == [("stopped", "qmstop", "jane@pve", True)]


def test_a_change_that_a_task_fits_may_be_anothers_still(both: tuple[Stage, People]) -> None:
    """The interface changes most options without a task; only disks and NICs have one there."""
    stage, people = both
    vm(people.jane, stage).config.put(description="by hand")
    stage.preview()
    assert tasks(stage) == []
    assert said(stage).endswith("at the provider, seen by a look")
    vm(people.jane, stage).config.put(description="by hand again")
    vm(people.root, stage).config.post(net0="virtio,bridge=vmbr0")
    stage.preview()
    assert tasks(stage) == [("changed", "qmconfig", "root@pam", False)]
    assert "at the provider, perhaps by root@pam (task qmconfig, " in said(stage)


def test_of_several_who_may_have_changed_it_all_are_named_as_such(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.joe, stage).config.post(description="by joe")
    vm(people.root, stage).config.post(description="by root")
    stage.preview()
    assert "perhaps by joe@pve!laptop or root@pam (task qmconfig, " in said(stage)


def test_what_happened_to_a_part_is_said_of_its_machine_and_of_the_part(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).config.post(scsi1="local-lvm:4")
    stage.preview()
    assert "disk scsi1 added (size 4 GiB) at the provider, perhaps by jane@pve (task qmconfig, " in said(
        stage
    )
    assert "perhaps by jane@pve" in said(stage, "vm/web/disk/scsi1")


def test_who_destroyed_a_machine_and_who_made_another_is_named(both: tuple[Stage, People]) -> None:
    """It takes another of ours that is shown, or the absence would prove nothing."""
    stage, people = both
    stage.want(WEB, WEB.replace("web", "other"))
    stage.settle()
    vm(people.jane, stage).status.stop.post()
    vm(people.jane, stage).delete()
    people.joe.nodes("pve2").qemu.post(vmid=321, name="new")
    stage.preview()
    assert tasks(stage) == [
        ("appeared", "qmcreate", "joe@pve!laptop", True),
        ("vanished", "qmdestroy", "jane@pve", True),
    ]
    assert "missing at the provider, by jane@pve (task qmdestroy, " in said(stage)
    assert "seen for the first time (memory 512 MiB), by joe@pve!laptop (task qmcreate, " in said(
        stage, "vm/new"
    )


def test_what_our_own_login_did_is_nobody_elses(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.us, stage).status.stop.post()
    stage.preview()
    assert tasks(stage) == []
    assert said(stage).endswith("at the provider, seen by a look")


def test_beside_a_task_of_our_own_anothers_is_not_sure(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.us, stage).status.stop.post()
    vm(people.jane, stage).status.stop.post()
    stage.preview()
    assert tasks(stage) == [("stopped", "qmstop", "jane@pve", False)]
    assert "perhaps by jane@pve" in said(stage)


def test_a_login_that_may_not_see_others_tasks_asks_for_none(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).status.stop.post()
    stage.pve.fault("lost_permission", options={"privileges": ["Sys.Audit"]})
    covered = stage.preview().coverage["proxmox-1"]
    assert covered.untold == "Sys.Audit is missing on /nodes/pve1; Sys.Audit is missing on /nodes/pve2"
    assert (tasks(stage), lists_of_tasks(stage)) == ([], [])
    assert stage.managed()["vm/web"][0] == "stopped", "what was found is on record all the same"


def test_where_one_node_does_not_tell_nothing_is_sure(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).status.stop.post()
    stage.pve.fault("status", status=500, method="GET", path=".*/nodes/pve2/tasks")
    covered = stage.preview().coverage["proxmox-1"]
    assert "pve2" in str(covered.untold)
    assert covered.trouble is None, "it was seen whole"
    assert tasks(stage) == [("stopped", "qmstop", "jane@pve", False)]


def test_of_what_was_there_at_the_first_look_nobody_is_asked_for(database: TestDatabase, place: Path) -> None:
    with cluster(database, place) as (stage, people):
        people.jane.nodes("pve1").qemu.post(vmid=321, name="old")
        stage.want()
        stage.settle()
        stage.preview()
        assert stage.rows("SELECT address FROM resources WHERE address = 'vm/old'") == [("vm/old",)]
        assert lists_of_tasks(stage) == []


def test_what_was_over_before_the_last_look_is_not_blamed(both: tuple[Stage, People]) -> None:
    """Also at a server whose clock is an hour behind ours."""
    stage, people = both
    past = [3700.0]
    world_of(stage).tasks._clock = lambda: time.time() - past[0]
    world_of(stage).clock = lambda: time.time() - 3600
    vm(people.joe, stage).config.post(description="long ago")
    stage.preview()
    assert tasks(stage) == []
    past[0] = 3600
    vm(people.jane, stage).config.post(description="just now")
    stage.preview()
    assert tasks(stage) == [("changed", "qmconfig", "jane@pve", False)]


def test_blame_names_who_did_it_there(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).status.stop.post()
    vm(people.root, stage).config.post(description="by hand")
    stage.preview()
    with stage.engine.store.read() as tx:
        found = {item.name: item for item in blame(tx, Address.parse("vm/web"))}
    users = {name: [task.provider_user for task in item.tasks] for name, item in found.items() if item.tasks}
    assert users == {"power_state": ["jane@pve"], "description": ["jane@pve", "root@pam"]}
    assert [task.is_sure for task in found["power_state"].tasks] == [True]


def test_a_person_at_the_database_can_neither_change_nor_add_who_did_it(both: tuple[Stage, People]) -> None:
    stage, people = both
    vm(people.jane, stage).status.stop.post()
    stage.preview()
    with stage.engine.store.transaction(Actor("ada")) as tx:
        for text in ("UPDATE observed_tasks SET provider_user = 'joe@pve'", "DELETE FROM observed_tasks"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), tx._connection.transaction():
                tx._connection.execute(text)
    with pytest.raises(DatabaseError, match="was made by no look of"):
        explain_a_change_by_hand(stage)


def explain_a_change_by_hand(stage: Stage) -> None:
    """Say that somebody at the provider did what was done at a prompt."""
    with stage.engine.store.transaction(Actor("ada")) as tx:
        tx._connection.execute("UPDATE resources SET name = 'x' WHERE address = 'vm/web'")
        tx._connection.execute(
            "SELECT record_observed_tasks(changed_at, id, '{1}', '{stopped}', '{x}', '{x}', '{eve@pve}',"
            " '{2026-01-01}', '{2026-01-02}', '{t}') FROM changesets ORDER BY changed_at DESC LIMIT 1"
        )

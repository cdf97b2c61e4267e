"""What a fleet costs that does not move: a look writes no row about it, a quiet reconcile reads none."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from reconciler.daemon.cycle import Due, Ended, Reconciler
from reconciler.daemon.housekeeping import Housekeeping
from reconciler.daemon.metrics import Metrics
from reconciler.daemon.notices import Notices
from reconciler.daemon.observe_schedule import Endpoints
from reconciler.daemon.sources import Sources
from reconciler.engine.observing import observe_all
from reconciler.engine.planning import PlanOptions
from reconciler.manifest.source.state import SourceSpec
from reconciler.redaction import Redactor
from tests.rigs.databases import TestDatabase
from tests.rigs.git import commit, new_repository
from tests.rigs.stage import Stage, staged
from tests.rigs.traffic import Traffic, traffic

SIZES = (2, 12)


def networks(count: int, env: str = "prod") -> dict[str, str]:
    """As many networks, a file each."""
    return {
        f"{number}.yaml": "apiVersion: reconciler/v1\nkind: Network\n"
        f"metadata: {{name: net-{number}, tags: {{env: {env}}}}}\n"
        f"spec: {{endpoint: hetzner-1, ip_range: 10.{number}.0.0/16}}\n"
        for number in range(count)
    }


class Loop:
    """A daemon's reconciles, one at a time, over a repository; observation only where it is asked for."""

    def __init__(self, stage: Stage, count: int) -> None:
        self.stage = stage
        self.repository = new_repository(stage.home / "fleet.git")
        self.push(networks(count))
        self.metrics, notices = Metrics(), Notices()
        spec = SourceSpec(git=str(self.repository), name="fleet", trusted=True)
        self.reconciler = Reconciler(
            options=PlanOptions(),
            report_only=False,
            sources=Sources((spec,), stage.home / "cache", notices),
            endpoints=Endpoints(1e9),
            metrics=self.metrics,
            notices=notices,
            redactor=Redactor(),
        )
        self.context = stage.context

    def push(self, files: dict[str, str]) -> str:
        return commit(self.repository, {"inventory.yaml": self.stage.inventory, **files})

    def run(self, *due: Due) -> Ended:
        self.context, ended = self.reconciler.run(
            self.stage.engine, self.context, frozenset(due), threading.Event()
        )
        return ended

    def settled(self) -> None:
        """Until a reconcile found nothing to do twice: at the first an apply's mark may still be taken."""
        for _ in range(3):
            assert self.run(Due.RECONCILE) is Ended.DONE


@pytest.fixture
def loop(stage: Stage) -> Loop:
    made = Loop(stage, 2)
    made.settled()
    return made


def planned(loop: Loop, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a reconcile asked about the fleet at all."""
    with traffic(loop.stage.engine.store, database, monkeypatch) as cost:
        assert loop.run(Due.RECONCILE) is Ended.DONE
    return "desired_resources" in cost.read


def test_a_look_that_shows_nothing_new_writes_no_row_but_its_own(
    stage: Stage, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.want(*networks(5).values())
    stage.settle()
    observe_all(stage.context)
    looks = stage.rows("SELECT sum(looks), count(*) FROM endpoint_observations")
    with traffic(stage.engine.store, database, monkeypatch) as cost:
        observe_all(stage.context)
    assert cost.written == {"endpoint_observations": 2}, "the last look of each endpoint is counted there"
    assert stage.rows("SELECT sum(looks), count(*) FROM endpoint_observations") == [
        (looks[0][0] + 2, looks[0][1])
    ]
    stage.hcloud.change(op="set", type="networks", name="net-1", set={"labels.env": "x"})
    observe_all(stage.context)
    assert stage.rows("SELECT sum(looks), count(*) FROM endpoint_observations") == [
        (looks[0][0] + 4, looks[0][1])
    ], "it saw as many of each type"
    stage.hcloud.change(op="delete", type="networks", name="net-1")
    observe_all(stage.context)
    assert stage.rows("SELECT sum(looks), count(*) FROM endpoint_observations") == [
        (looks[0][0] + 6, looks[0][1] + 1)
    ]


def idle(loop: Loop, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> list[Traffic]:
    """What a poll, a reconcile and a heartbeat cost while nothing moves."""
    keeping = Housekeeping(loop.metrics, "ada@test", lambda: None)
    keeping.begin(loop.stage.engine.store, loop.context.worker)
    keeping.beat()
    costs: list[Traffic] = []
    for work in (lambda: loop.run(Due.SOURCES), lambda: loop.run(Due.RECONCILE), keeping.beat):
        with traffic(loop.stage.engine.store, database, monkeypatch) as cost:
            work()
        costs.append(cost)
    return costs


def test_what_a_daemon_asks_while_nothing_moves_does_not_follow_the_size_of_the_fleet(
    database: TestDatabase, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A table of a few rows is read whole, whatever indexes it has; of a large one this would not be so.
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{database.name}" SET enable_seqscan = off'.encode())
    with staged(database, place) as stage:
        loop = Loop(stage, 2)
        found: list[list[Traffic]] = []
        for size in SIZES:
            loop.push(networks(size))
            loop.settled()
            assert len(stage.hcloud.state()["networks"]) == size
            found.append(idle(loop, database, monkeypatch))
    for small, large in zip(*found, strict=True):
        assert (large.statements, large.read, large.written) == (small.statements, small.read, small.written)
        assert not {"resources", "resource_attributes", "desired_resources"} & large.read.keys()
    poll, reconcile, beat = found[1]
    assert (poll.written, reconcile.written, beat.written) == ({}, {}, {"workers": 1})
    sent = (poll.statements, reconcile.statements, beat.statements)
    assert sent == (12, 17, 4), "one more has to be worth it: each is sent for ever"


def test_whatever_moves_ends_the_quiet(
    loop: Loop, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others write, what people do at a prompt, a commit, an approval that is waited for."""
    stage = loop.stage
    assert not planned(loop, database, monkeypatch)
    assert not planned(loop, database, monkeypatch), "and stays so"
    with psycopg.connect(database.admin) as admin:  # somebody at a prompt
        admin.execute("DELETE FROM resource_tags WHERE resource_id IN (SELECT id FROM resources)")
    assert planned(loop, database, monkeypatch)
    loop.settled()
    assert not planned(loop, database, monkeypatch)
    with psycopg.connect(database.admin) as admin:
        admin.execute("INSERT INTO holds (address, owner, reason) VALUES ('network/net-1', 'ada', 'wait')")
    assert planned(loop, database, monkeypatch)
    loop.settled()
    loop.push(networks(2, env="test"))
    assert planned(loop, database, monkeypatch)
    env = {each["name"]: each["labels"]["env"] for each in stage.hcloud.state()["networks"]}
    assert env == {"net-0": "test", "net-1": "prod"}, "the other one is held"
    assert planned(loop, database, monkeypatch), "a hold ends by itself"

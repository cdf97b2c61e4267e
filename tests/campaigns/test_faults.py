"""One fault at a time, now and then and often, while a fleet is made, changed, meddled with and thinned out.

Then the faults stop. Within `CYCLES` applies the plan has to be empty and to stay so, and the provider has to
hold what it holds after the same story without a fault: nothing twice, nothing of ours that nobody knows,
nothing gone that was to stay, nothing held in quarantine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.planning import PlanOptions
from reconciler.errors import ReconcilerError
from reconciler.planner import Limits
from reconciler.store.embedded import EmbeddedServer
from tests.campaigns.test_kill_points import (
    FREE,
    GROUP,
    NET,
    PLENTY,
    POOL,
    VOLUME,
    container,
    guest,
    nothing_left,
    server,
    world,
)
from tests.rigs.databases import TestDatabase, new_database
from tests.rigs.stage import Simulator, Stage, document, staged

pytestmark = pytest.mark.slow

CYCLES = 6  # applies after the last fault, within which it has to be done
QUIET = 2  # applies after that, which may change nothing
SHARES = (0.05, 0.30)

SPARE = document(
    "VirtualMachine",
    "spare",
    "endpoint: hetzner-1, location: fsn1, server_type: cx22, image: debian-12",
    FREE % "",
)
SPARE_GUEST = document(
    "VirtualMachine",
    "spare",
    "endpoint: proxmox-1, cpu_cores: 1, memory: 512MiB, "
    "disks: [{slot: scsi0, size: 8GiB, storage: local-lvm}]",
    FREE % "",
)


@dataclass(frozen=True)
class Story:
    """What is wanted, one thing after the other; `meddling` happens before the last."""

    wanted: tuple[tuple[str, ...], ...]
    meddling: tuple[dict[str, Any], ...]


STORIES = {
    "hetzner": Story(
        (
            (NET, GROUP, server(), VOLUME, SPARE),
            (NET, GROUP, server(kind="cx32"), VOLUME.replace("20GiB", "30GiB"), SPARE),
            (NET, server(kind="cx32"), VOLUME.replace("20GiB", "30GiB")),
        ),
        (
            {"op": "power", "name": "web", "to": "off"},
            {"op": "set", "type": "volumes", "name": "data", "set": {"labels.by": "hand"}},
            {"op": "delete", "type": "servers", "name": "spare"},
        ),
    ),
    "proxmox": Story(
        (
            (POOL, guest(), container(unprivileged=True, new_first=False), SPARE_GUEST),
            (POOL, guest(cores=3), container(unprivileged=True, new_first=False), SPARE_GUEST),
            (POOL, guest(cores=3), container(unprivileged=True, new_first=False)),
        ),
        (
            {"op": "set", "name": "web", "set": {"memory": "2048"}},
            {"op": "power", "name": "ct", "to": "stopped"},
            {"op": "delete", "name": "spare"},
        ),
    ),
}


@dataclass(frozen=True)
class Trouble:
    """A fault as it is posted, under a name."""

    name: str
    kind: str
    more: dict[str, Any] = field(default_factory=dict)


def _status(*numbers: int) -> list[Trouble]:
    """With 429 the budget is soon full again: there is no hour for each of them."""
    more = {"seconds": 1.0}
    return [Trouble(f"status {number}", "status", {"status": number, **more}) for number in numbers]


def _refused(*codes: str) -> list[Trouble]:
    return [Trouble(code, "refused", {"method": "POST", "options": {"code": code}}) for code in codes]


CHANGES = {"method": "POST"}
BOTH = [
    Trouble("latency", "latency", {"seconds": 0.2}),
    Trouble("reset before", "reset_before"),
    Trouble("reset after", "reset_after"),
    Trouble("create delivered twice", "deliver_twice", CHANGES),
    Trouble("delete delivered twice", "deliver_twice", {"method": "DELETE"}),
    Trouble("stale reads", "stale", {"method": "GET", "seconds": 5.0}),
    Trouble("empty list", "empty_list", {"method": "GET"}),
    Trouble("HTML with 200", "html"),
    Trouble("lost permission", "lost_permission"),
    Trouble("action ends in error", "action_error"),
    *_status(401, 403, 404, 429, 500, 502, 503, 504),
]
TROUBLES = {
    "hetzner": [
        *BOTH,
        *(Trouble(f"missing page, {mode}", "missing_page", {"method": "GET", "options": {"mode": mode}})
          for mode in ("end", "skip", "short")),
        Trouble("stuck lock", "stuck_lock", {"seconds": 0.5}),
        *_status(409, 423),
        *_refused("locked", "conflict", "resource_unavailable"),
        *_refused("uniqueness_error", "resource_limit_exceeded"),
    ],
    "proxmox": [
        *BOTH,
        Trouble("stuck lock", "stuck_lock"),
        Trouble("node pve1 offline", "offline_node", {"options": {"node": "pve1"}}),
        Trouble("task ends with warnings", "action_error", {"options": {"exitstatus": "WARNINGS: 1"}}),
        *_status(595, 596, 599),
    ],
}  # fmt: skip
CASES = [
    pytest.param(provider, trouble, share, id=f"{provider}-{trouble.name}-{share:.0%}")
    for provider, troubles in TROUBLES.items()
    for trouble in troubles
    for share in SHARES
]


@contextmanager
def playing(database: TestDatabase, home: Path, provider: str) -> Iterator[Stage]:
    with staged(database, home, providers=[provider], hetzner={"rate_limit": PLENTY}) as stage:
        stage.options = PlanOptions(limits=Limits(destroy=100, share=1.0), retry_now=True)
        yield stage


@pytest.fixture(scope="module")
def undisturbed(postgres: EmbeddedServer, template: str) -> Callable[[str], list[str]]:
    """What a provider holds after its story when nothing goes wrong."""
    known: dict[str, list[str]] = {}

    def of(provider: str) -> list[str]:
        if provider not in known:
            with (
                tempfile.TemporaryDirectory() as home,
                contextmanager(new_database)(postgres, template) as database,
                playing(database, Path(home), provider) as stage,
            ):
                tell(stage, STORIES[provider])
                assert nothing_left(stage)
                known[provider] = world(stage)
        return known[provider]

    return of


@dataclass
class Told:
    """Applies that did not come to their end, and what was replaced though it was to stay."""

    broken: int = 0
    replaced: list[str] = field(default_factory=list)


def tell(stage: Stage, story: Story, *, times: int = 1) -> Told:
    told, seen = Told(), dict[str, str]()
    for number, wanted in enumerate(story.wanted, 1):
        stage.want(*wanted)
        for _ in range(times):
            told.broken += not came_to_its_end(stage)
            told.replaced += watched(stage, seen)
        if number == len(story.wanted) - 1:
            for what in story.meddling:
                meddle(stage, what)
            told.broken += not came_to_its_end(stage)
            told.replaced += watched(stage, seen)
    return told


def came_to_its_end(stage: Stage) -> bool:
    """Apply; False where it gave up with words."""
    stage.let_an_hour_pass()
    try:
        stage.apply()
    except ReconcilerError:
        return False
    return True


def meddle(stage: Stage, what: dict[str, Any]) -> None:
    """Behind our back; what the faults kept from being made cannot be meddled with."""
    with suppress(ValueError):
        simulator(stage).server.api.change(what)


def simulator(stage: Stage) -> Simulator:
    return stage.hcloud if stage.hetzner else stage.pve


def watched(stage: Stage, seen: dict[str, str]) -> list[str]:
    """What was to stay and is another object than before: its data would be gone."""
    now = ids(stage)
    changed = [name for name, number in now.items() if seen.setdefault(name, number) != number]
    lost = [name for name in seen if name not in now]
    return [*changed, *lost]


def ids(stage: Stage) -> dict[str, str]:
    state = simulator(stage).state()
    if stage.hetzner:
        kept = {"networks": "net", "servers": "web", "volumes": "data"}
        rows = [(kind, row["name"], row["id"]) for kind in kept for row in state[kind]]
        return {f"{kind}/{name}": str(number) for kind, name, number in rows if kept[kind] == name}
    return {row["name"]: str(row["vmid"]) for row in state["guests"] if row["name"] in ("web", "ct")}


@pytest.mark.parametrize(("provider", "trouble", "share"), CASES)
def test_a_story_under_a_fault_ends_as_without_it(
    database: TestDatabase,
    place: Path,
    undisturbed: Callable[[str], list[str]],
    provider: str,
    trouble: Trouble,
    share: float,
    record_property: Callable[[str, object], None],
) -> None:
    wanted = undisturbed(provider)
    with playing(database, place, provider) as stage:
        simulator(stage).fault(trouble.kind, **trouble.more, share=share, seed=7)
        told = tell(stage, STORIES[provider], times=2)
        hit = sum(entry["fault"] is not None for entry in simulator(stage).ledger())
        simulator(stage).clear()
        cycles = 0
        while not nothing_left(stage) and cycles < CYCLES:
            came_to_its_end(stage)
            cycles += 1
        record_property(
            "campaign", f"{provider:8} {trouble.name:26} {share:4.0%} {hit:5} hit {cycles:2} cycles"
        )
        assert nothing_left(stage), why(stage)
        before = len(simulator(stage).applied())
        for _ in range(QUIET):
            stage.apply()
        assert simulator(stage).applied()[before:] == [], "what is done stays done"
        ended = world(stage)
        assert [each for each in ended if each not in wanted] == []
        assert ended == wanted
        assert told.replaced == []


def why(stage: Stage) -> str:
    """What is left, in words."""
    plan = stage.plan()
    lines = [f"{step.action.value} {step.address}" for step in plan.steps]
    lines += [f"blocked {item.address}: {item.reason.value} {item.message}" for item in plan.blocked]
    held = stage.rows(
        "SELECT address, presence_reason FROM resources"
        " WHERE management = 'quarantined' AND deleted_at IS NULL"
    )
    left = stage.rows(
        "SELECT r.address, o.status, o.error_message FROM resource_operations o"
        " JOIN resources r ON r.id = o.resource_id WHERE o.finished_at IS NULL"
    )
    return "\n".join([*lines, *(f"held: {row}" for row in held), *(f"open: {row}" for row in left)])

"""What a step costs: statements and transactions as the server counts them, requests as the provider does.

Counts do not depend on the machine. Two applies that differ by some steps and nothing else tell what such a
step costs: four commits, a statement each (docs/safety.md). More is a cost that somebody added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.engine.planning import PlanOptions
from reconciler.planner import Limits
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import Stage, document, staged
from tests.rigs.statements import Statements, counted

FEW, MANY = 2, 7
FREE = "lifecycle: {on_remove: delete, allow_downtime: true}"


@pytest.fixture
def counting(database: TestDatabase, place: Path) -> Iterator[tuple[Stage, Statements]]:
    """A stage all of whose sessions are counted. Once through, so that nothing is done for the first time."""
    with counted(database) as statements, staged(database, place) as stage:
        stage.options = PlanOptions(limits=Limits(destroy=100, share=1.0), retry_now=True)
        yield stage, statements


def volumes(count: int, size: int = 10) -> list[str]:
    return [volume(f"v{number}", size) for number in range(count)]


def volume(name: str, size: int = 10, more: str = "") -> str:
    spec = f"endpoint: hetzner-1, location: fsn1, size: {size}GiB{more}"
    return document("Volume", name, spec, FREE)


def machine(name: str) -> str:
    spec = (
        "endpoint: hetzner-1, location: fsn1, server_type: cx22, image: debian-12, power_state: running, "
        "ipv4_enabled: false, ipv6_enabled: false, networks: [{network: net}]"
    )
    return document("VirtualMachine", name, spec, FREE)


NET = document(
    "Network",
    "net",
    "endpoint: hetzner-1, ip_range: 10.0.0.0/16,"
    " subnets: [{ip_range: 10.0.1.0/24, network_zone: eu-central}]",
    FREE,
)


def machines(count: int) -> list[str]:
    return [machine(f"m{number}") for number in range(count)]


@dataclass(frozen=True)
class Story:
    """What is there and what is wanted, for a number of things; statements and requests that each takes."""

    before: Callable[[int], list[str]]
    after: Callable[[int], list[str]]
    statements: int
    requests: int


STORIES = {
    "made": Story(lambda count: [], volumes, 4, 2),  # noqa: ARG005
    "changed": Story(volumes, lambda count: volumes(count, 11), 4, 2),
    "deleted": Story(volumes, lambda count: [], 4, 3),  # noqa: ARG005
    "made with a part that refers": Story(lambda count: [NET], lambda count: [NET, *machines(count)], 4, 2),  # noqa: ARG005
}


def asked(stage: Stage) -> list[str]:
    """All requests but those for actions: how many these are is up to the clock, and all share one."""
    paths = [str(entry["path"]) for entry in stage.hcloud.ledger()]
    return [path for path in paths if path != "/v1/actions"]


def test_a_step_that_fails_says_so_in_as_few(counting: tuple[Stage, Statements]) -> None:
    """What comes to no ordinary end is told statement by statement, in a transaction around them."""
    stage, statements = counting
    stage.hcloud.fault("status", method="POST", path="/v1/volumes", status=400)
    for count in (1, FEW, MANY):
        stage.want(*volumes(count))
        statements.mark(f"{count} begin")
        assert len(stage.apply(waves=1).failed) == count
        statements.mark(f"{count} end")
        stage.want()
        stage.settle()
    few, many = (statements.between(f"{count} begin", f"{count} end") for count in (FEW, MANY))
    assert (many.statements - few.statements) / (MANY - FEW) == 11
    assert (many.transactions - few.transactions) / (MANY - FEW) == 4


@pytest.mark.parametrize("story", STORIES)
def test_a_step_is_four_commits_of_one_statement(counting: tuple[Stage, Statements], story: str) -> None:
    stage, statements = counting
    it = STORIES[story]
    requests: list[int] = []
    for count in (1, FEW, MANY):  # once before, because some things are done when they are first needed
        stage.want(*it.before(count))
        stage.settle()
        stage.want(*it.after(count))
        statements.mark(f"{count} begin")
        known = len(asked(stage))
        applied = stage.settle()
        assert len(applied.outcomes) == count
        statements.mark(f"{count} end")
        requests.append(len(asked(stage)) - known)
        stage.want()
        stage.settle()
    few, many = (
        statements.between(f"{FEW} begin", f"{FEW} end"),
        statements.between(f"{MANY} begin", f"{MANY} end"),
    )
    more = MANY - FEW
    assert (many.statements - few.statements) / more == it.statements
    assert (many.transactions - few.transactions) / more == it.statements, "each a commit of its own"
    assert (requests[2] - requests[1]) / more == it.requests

"""Worlds for acceptance tests: a database of the test's own, a simulator of its own, an empty fleet."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.store.embedded import EmbeddedServer
from tests.rigs.canaries import seen_in_database
from tests.rigs.databases import TestDatabase, fastest_folder
from tests.rigs.processes import TOKEN, Cli, Fleet, Simulator, end, inventory, simulator

_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")


@pytest.fixture
def database(stocked: TestDatabase) -> Iterator[TestDatabase]:
    """As it is after the first run: what brings the catalog in is tested with the store.

    At the end no secret of the test is in it: each is a canary.
    """
    yield stocked
    assert seen_in_database(stocked.admin) == []


@pytest.fixture
def place() -> Iterator[Path]:
    with a_place() as folder:
        yield folder


@pytest.fixture
def bare(place: Path) -> Iterator[Cli]:
    """The program with a home of its own and the embedded database; nothing is there yet."""
    with a_cli(place) as cli:
        yield cli


@contextmanager
def a_place() -> Iterator[Path]:
    """A folder that the embedded server's own account may enter, unlike tmp_path for root."""
    folder = Path(tempfile.mkdtemp(prefix="acceptance-", dir=fastest_folder()))
    folder.chmod(0o711)
    yield folder
    EmbeddedServer.stop(folder / "home" / "postgresql", force=True)
    shutil.rmtree(folder)


@contextmanager
def a_cli(place: Path) -> Iterator[Cli]:
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env |= {"RECONCILER_HOME": str(place / "home"), "HOME": str(place), "FLEET_TOKEN": TOKEN}
    env["RECONCILER_CHECK_PLANS"] = "1"  # no plan of any process breaks what the planner promises
    cli = Cli(place, env)
    yield cli
    for process in cli.started:
        end(process)


@pytest.fixture
def cli(bare: Cli, database: TestDatabase) -> Cli:
    """The program on a migrated database of a server that runs already, which is quick."""
    bare.env["RECONCILER_DATABASE_URL"] = database.admin
    return bare


@pytest.fixture
def task_seconds() -> float:
    """How long the simulator's tasks run; a test may say otherwise."""
    return 0.0


@pytest.fixture
def sim(place: Path, task_seconds: float) -> Iterator[Simulator]:
    more = ("--token", TOKEN, "--rate-limit", "0", "--task-seconds", str(task_seconds))
    with simulator(place, "hetzner", *more) as running:
        yield running


@pytest.fixture
def world(cli: Cli, sim: Simulator) -> Fleet:
    """A fleet of which only the inventory is declared."""
    made = Fleet(cli, sim)
    made.folder.mkdir()
    made.write(inventory=inventory(sim.url))
    return made

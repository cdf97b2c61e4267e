"""Where the daemon is tested: a simulated provider, a repository, daemons on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.daemon import TOKEN, Cloud, Site, end_all
from tests.rigs.databases import TestDatabase
from tests.rigs.git import new_repository


@pytest.fixture(autouse=True)
def no_daemon_is_left() -> Iterator[None]:
    yield
    end_all()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    started = Cloud.start()
    yield started
    started.stop()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "fleet.git")


@pytest.fixture
def site(tmp_path: Path, database: TestDatabase, repository: Path) -> Iterator[Site]:
    made = Site(tmp_path, database, repository)
    yield made
    for daemon in made.daemons:
        daemon.kill()
        assert TOKEN not in daemon.log.read_text()

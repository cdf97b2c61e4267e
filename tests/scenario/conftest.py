"""Stages for the tests of this folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.executor.steps import retries
from reconciler.model.backoff import BackOff
from tests.rigs.canaries import seen_in_database
from tests.rigs.databases import TestDatabase
from tests.rigs.stage import VARIABLES, Stage, staged


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait as little as they can."""
    monkeypatch.setattr(retries, "BETWEEN_CALLS", BackOff(0.01, retries.BETWEEN_CALLS.most))


@pytest.fixture
def database(stocked: TestDatabase) -> Iterator[TestDatabase]:
    """As it is after the first run: what brings the catalog in is tested with the store.

    At the end no secret of the test is in it: each is a canary.
    """
    yield stocked
    assert seen_in_database(stocked.admin) == []


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of the test's own, and the environment's secrets for as long as it is there."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
    for name in VARIABLES:
        os.environ.pop(name, None)
        if name in before:
            os.environ[name] = before[name]


@pytest.fixture
def stage(database: TestDatabase, place: Path) -> Iterator[Stage]:
    """One Hetzner project."""
    with staged(database, place) as made:
        yield made


@pytest.fixture
def proxmox(database: TestDatabase, place: Path) -> Iterator[Stage]:
    """One Proxmox VE cluster."""
    with staged(database, place, providers=["proxmox"]) as made:
        yield made

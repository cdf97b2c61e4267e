"""A prepared database for the tests of the store's own modules."""

from __future__ import annotations

import pytest

from reconciler.store.session import Store
from tests.databases import TestDatabase
from tests.store.core_world import CoreWorld, prepare


@pytest.fixture
def world(store: Store, database: TestDatabase) -> CoreWorld:
    """The test's database with the packaged catalog and three endpoints in it."""
    prepare(store)
    return CoreWorld(store, database)

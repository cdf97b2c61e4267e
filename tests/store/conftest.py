"""A prepared database for the tests of the store's own modules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.store.database.session import Store
from reconciler.store.embedded import EmbeddedServer
from tests.rigs.core_world import CoreWorld, prepare
from tests.rigs.databases import TestDatabase, made_once, new_database

PREPARED = "reconciler_prepared"


@pytest.fixture(scope="session")
def prepared_template(postgres: EmbeddedServer, template: str) -> str:
    def fill(dsn: str) -> None:
        with Store.open(f"{dsn} user=reconciler_runtime") as store:
            prepare(store)

    return made_once(postgres, PREPARED, template, fill)


@pytest.fixture
def prepared(postgres: EmbeddedServer, prepared_template: str) -> Iterator[TestDatabase]:
    yield from new_database(postgres, prepared_template)


@pytest.fixture
def world(prepared: TestDatabase) -> Iterator[CoreWorld]:
    """A database of the test's own with the packaged catalog and three endpoints in it."""
    with Store.open(prepared.runtime, max_size=4) as store:
        yield CoreWorld(store, prepared)


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedServer, template: str) -> Iterator[TestDatabase]:
    """A migrated database that the tests of one module share."""
    yield from new_database(postgres, template)

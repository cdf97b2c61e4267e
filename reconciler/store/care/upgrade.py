"""Moving an embedded database to a newer PostgreSQL: by dump and restore into new data beside the old.

The old data is never written to but by its own server, and stays where it is until the new has been compared
with it, row by row; then the two change places in one step, and the old is kept under another name. A process
that is killed at any point leaves a database that works. The start lock is held all along, and the servers
listen where nobody looks, so that nothing is written meanwhile that would be lost.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ConfigurationError, DatabaseError, DatabaseUnavailable
from reconciler.store.care import facts
from reconciler.store.care.copying import copy_databases, copy_roles
from reconciler.store.database.migrate import connect
from reconciler.store.database.queries import query
from reconciler.store.embedded import DatabaseInUse, cluster, passwords, postmaster, swap
from reconciler.store.embedded.account import Account, is_root
from reconciler.store.embedded.binaries import Binaries, find_binaries
from reconciler.store.embedded.lease import POLL_SECONDS, exclusive, lease_holders, sweep_leases
from reconciler.store.embedded.place import FALLBACK_ROOT, Place, locate, make_folder, prepare, socket_folder
from reconciler.store.embedded.server import STOP_SECONDS, stop_server

START_SECONDS = 120.0
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was moved: from which major version to which, how much, and where the old data is kept."""

    before: int
    after: int
    tables: int
    rows: int
    kept: Path


@dataclass(frozen=True, slots=True)
class _Move:
    place: Place
    account: Account
    old: Binaries
    new: Binaries
    start_lock: int
    told: Told

    @property
    def beside(self) -> Place:
        """Where the new data is made."""
        return _beside(self.place)


def upgrade(
    data_dir: Path,
    choose: Callable[[int, Account], Binaries],
    told: Told = lambda _: None,
    *,
    fallback_root: Path = FALLBACK_ROOT,
) -> Upgraded:
    """Moves the data of a server of our own to newer binaries, which `choose` names for the data's version.

    `told` hears of each step. Raises ConfigurationError where there is nothing to move, DatabaseInUse while
    others use it, and DatabaseUnavailable or DatabaseError where it cannot be done: then all is as it was.
    """
    _finish_exchange(locate(data_dir))
    place, account = prepare(data_dir, fallback_root, START_SECONDS)
    with exclusive(place.start_lock, START_SECONDS) as start_lock:
        if _beside(place).home.exists():
            _make_quiet(place)
            _finish_swap(place)
        version = cluster.data_version(place.data)
        if version is None:
            raise ConfigurationError(
                f"there is no database in {place.data}", hint="There is nothing to move."
            )
        new = choose(version, account)
        if new.version <= version:
            raise ConfigurationError(
                f"the database in {place.data} is of PostgreSQL {version} already, and {new} is not newer",
                hint="Install a newer PostgreSQL, or set RECONCILER_PG_BIN to the folder of its programs.",
            )
        kept = _kept(place, version)
        if kept.exists():
            raise ConfigurationError(
                f"{kept} is there, from an earlier move",
                hint="Move it away, or remove it if it is not needed.",
            )
        _make_quiet(place)
        _check_room(place)
        old = find_binaries(version, major=version, usable=account.can_enter)
        counts = _move(_Move(place, account, old, new, start_lock, told))
        swap.exchange(place.data, _beside(place).data)
        told("exchanged")
        _finish_swap(place)
    return Upgraded(version, new.version, *counts, kept)


def _beside(place: Place) -> Place:
    return Place(place.home / "upgrade")


def _kept(place: Place, version: int) -> Path:
    return place.home / f"pgdata.{version}"


def _finish_exchange(place: Place) -> None:
    """Where an earlier move was killed between two renames: the data is not where anybody looks for it."""
    if swap.aside(place.data).exists():
        with exclusive(place.start_lock, START_SECONDS):
            swap.finish(place.data, _beside(place).data)


def _finish_swap(place: Place) -> None:
    """What an earlier move left beside the data: the old data, once exchanged, is kept; the rest goes."""
    beside = _beside(place)
    stop_server(beside, STOP_SECONDS)  # after a move that was killed
    left, present = cluster.data_version(beside.data), cluster.data_version(place.data)
    if left is not None and present is not None and left < present:
        beside.data.rename(_kept(place, left))
    shutil.rmtree(beside.home)


def _make_quiet(place: Place) -> None:
    sweep_leases(place.leases)
    if pids := lease_holders(place.leases):
        listed = ", ".join(map(str, pids))
        raise DatabaseInUse(
            f"the database in {place.data} is in use by {len(pids)} process(es): {listed}",
            hint="End them first: what they wrote during the move would be lost.",
        )
    stop_server(place, STOP_SECONDS)


def _check_room(place: Place) -> None:
    used = sum(path.lstat().st_size for path in place.data.rglob("*") if path.is_file())
    free = shutil.disk_usage(place.home).free
    if free < used:
        raise DatabaseUnavailable(
            f"{place.home} has {free / 2**20:,.0f} MiB free, and the data takes {used / 2**20:,.0f} MiB",
            hint="Make room: for a while both are there.",
        )


def _move(move: _Move) -> tuple[int, int]:
    """Makes the new data, fills it and compares; gives how many tables and rows there are."""
    make_folder(move.beside.home, 0o711 if is_root() else 0o700, owner=move.account)
    listens = Place(move.beside.home / "old")
    make_folder(listens.home, 0o700, owner=move.account)
    try:
        with _running(move, move.place, move.old, listens) as there:
            move.told("the old server runs")
            cluster.create(move.beside, move.account, move.new, sync=True, start_lock=move.start_lock)
            with _running(move, move.beside, move.new, move.beside) as here:
                move.told("the new server runs")
                copy_roles(there("postgres"), here("postgres"), move.new.version)
                # The roles' passwords are now the old ones.
                known = passwords.read_passwords(move.place)
                passwords.write_passwords(move.beside.passfile, known, move.account)
                names = _databases(there("postgres"))
                copy_databases(names, there, here, move.new.version)
                move.told("copied")
                counts = _compare(names, there, here)
                move.told("compared")
    except BaseException:
        stop_server(move.beside, STOP_SECONDS)
        shutil.rmtree(move.beside.home)
        raise
    return counts


@contextmanager
def _running(move: _Move, place: Place, binaries: Binaries, listens: Place) -> Iterator[Callable[[str], str]]:
    """A server while the block runs; gives what makes a connection string of a database's name."""
    folder = socket_folder(listens, move.account)
    postmaster.launch(place, move.account, binaries, folder, {})
    try:
        deadline = time.monotonic() + START_SECONDS
        while not isinstance(answer := postmaster.probe(place.data), postmaster.PidFile):
            if time.monotonic() > deadline or not postmaster.is_running(place):
                raise DatabaseUnavailable(
                    f"the server of {place.data} does not answer: {answer}\n"
                    f"{postmaster.last_log_lines(place.data)}",
                    hint="Correct what it names, and run this again; the old data is as it was.",
                )
            time.sleep(POLL_SECONDS)
        yield lambda name: passwords.dsn(place, answer.socket_dir, answer.port, name)
    finally:
        stop_server(place, STOP_SECONDS)


def _databases(dsn: str) -> list[str]:
    with connect(dsn) as connection:
        return [name for (name,) in connection.execute(query("care.databases")).fetchall()]


def _compare(names: list[str], there: Callable[[str], str], here: Callable[[str], str]) -> tuple[int, int]:
    """Every row of every table, by number and by hash, and every sequence. Raises DatabaseError."""
    tables = rows = 0
    for name in names:
        with facts.session(there(name)) as old, facts.session(here(name)) as new:
            wanted, found = facts.tallies(old, checksums=True), facts.tallies(new, checksums=True)
            differences = facts.differing(wanted, found)
            numbers = [dict(each.execute(query("care.sequences")).fetchall()) for each in (old, new)]
            if numbers[0] != numbers[1]:
                differences.append("its sequences stand elsewhere")
            if differences:
                raise DatabaseError(
                    f"the copy of the database {name} is not what was copied: {'; '.join(differences)}",
                    hint="Nothing was changed: the old data is where it was, and works.",
                )
            new.execute(facts.statement("04_analyze.sql"))
            tables += len(found)
            rows += sum(tally.rows for tally in found.values())
    return tables, rows

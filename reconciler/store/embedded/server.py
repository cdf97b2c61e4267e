"""Shares one server of a data folder among any number of processes, none of which is its parent.

Whoever uses it holds a lease; the first starts it, and the last may stop it. The start lock is the whole
protocol: leases are taken, counted and given up only while holding it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

from reconciler.errors import DatabaseUnavailable, ReconcilerError
from reconciler.store.embedded import cluster, passwords, postmaster
from reconciler.store.embedded.account import Account
from reconciler.store.embedded.binaries import MINIMUM, Binaries, find_binaries
from reconciler.store.embedded.lease import POLL_SECONDS, Lease, exclusive, lease_holders, sweep_leases
from reconciler.store.embedded.place import (
    FALLBACK_ROOT,
    SHORT_ROOT,
    Place,
    check_not_aside,
    locate,
    prepare,
    socket_folder,
)

STOP_SECONDS = 60.0


class DatabaseInUse(ReconcilerError):
    """The embedded server is not stopped, because other processes use it."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of a server.

    `data` is the real data folder (for root it may lie below `FALLBACK_ROOT`), `version` its major version;
    `lease_pids` are the processes that use the server.
    """

    running: bool
    pid: int | None
    version: int | None
    data: Path
    socket_dir: Path | None
    lease_pids: tuple[int, ...]

    @property
    def leases(self) -> int:
        """How many processes need the server."""
        return len(self.lease_pids)


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server and this process's lease on it, from `open` until `close` or the end of `with`."""

    place: Place
    socket_dir: Path
    port: int
    pid: int
    version: int
    start_timeout: float
    keep_running: bool
    lease: Lease

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        start_timeout: float = 120.0,
        settings: Mapping[str, str] | None = None,
        keep_running: bool = False,
        anew: bool = False,
        fallback_root: Path = FALLBACK_ROOT,
    ) -> EmbeddedServer:
        """Joins the server of `data_dir`, made and started where need be, and waits until it answers.

        `settings` are server settings for a start; a server that is running already keeps its own.
        `start_timeout` (seconds) bounds the wait for another starter and the wait for the server; a server
        that still recovers then is left to go on. With `keep_running` the server outlives its last user;
        without it, the last one to close stops it. `anew`: where the data of an earlier server is gone, make
        new data, which is refused without it. `fallback_root` is for root only, see `place.prepare`.
        Raises `DatabaseUnavailable`.
        """
        options = dict(settings or {})
        with _explained(data_dir):
            place, account = prepare(data_dir, fallback_root, start_timeout, anew=anew)
            with exclusive(place.start_lock, start_timeout) as start_lock:
                sweep_leases(place.leases)
                lease = Lease.take(place.leases)
                try:
                    starter = _Starter(place, account, binaries, options, start_lock, anew)
                    found = starter.ensure_running(start_timeout)
                    passwords.secure(place, account, found.socket_dir, found.port)
                    version = cluster.read_version(place.data)
                except BaseException:
                    lease.release()
                    raise
        folder = Path(found.socket_dir)
        return cls(place, folder, found.port, found.pid, version, start_timeout, keep_running, lease)

    def superuser_dsn(self, dbname: str = "postgres") -> str:
        """A libpq connection string for the superuser, to whom row-level security does not apply."""
        return passwords.dsn(self.place, str(self.socket_dir), self.port, dbname)

    def runtime_dsn(self, dbname: str) -> str:
        """A libpq connection string for the role that the program works as."""
        return passwords.dsn(self.place, str(self.socket_dir), self.port, dbname, passwords.RUNTIME)

    def superuser_url(self, dbname: str) -> str:
        """A URL that names the file with the password and does not show it."""
        query = urlencode(
            {"host": str(self.socket_dir), "port": self.port, "passfile": str(self.place.passfile)}
        )
        return f"postgresql://{passwords.SUPERUSER}@/{quote(dbname)}?{query}"

    def runtime_url(self, dbname: str) -> str:
        """A URL with the password in it: for showing to who asked for it, and to nobody else."""
        password = passwords.read_passwords(self.place)[passwords.RUNTIME]
        query = urlencode({"host": str(self.socket_dir), "port": self.port})
        return f"postgresql://{passwords.RUNTIME}:{quote(password)}@/{quote(dbname)}?{query}"

    @staticmethod
    def has_data(data_dir: Path) -> bool:
        """Whether there is data. Raises `DatabaseUnavailable` where it is aside, or nobody may look."""
        with _explained(data_dir):
            data = locate(data_dir).data
            check_not_aside(data)
            return cluster.data_version(data) is not None

    def close(self) -> None:
        """Gives up the lease; the last one out stops the server unless `keep_running` was asked for.

        Closing again does nothing.
        """
        if not self.lease.path.exists():
            return
        with _explained(self.place.home):
            try:
                with exclusive(self.place.start_lock, self.start_timeout):
                    self.lease.release()
                    if not self.keep_running and not lease_holders(self.place.leases):
                        stop_server(self.place, STOP_SECONDS)
            finally:
                if self.lease.path.exists():
                    self.lease.release()

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def status(data_dir: Path) -> ServerStatus:
        """Looks, and changes nothing. Raises `DatabaseUnavailable` where looking is not allowed."""
        with _explained(data_dir):
            place = locate(data_dir)
            running = postmaster.is_running(place)
            found = postmaster.read_pid_file(place.data) if running else None
            socket_dir = Path(found.socket_dir) if found and found.socket_dir else None
            pids = tuple(lease_holders(place.leases))
            version = cluster.data_version(place.data)
            return ServerStatus(running, found.pid if found else None, version, place.data, socket_dir, pids)

    @staticmethod
    def stop(data_dir: Path, timeout: float = STOP_SECONDS, force: bool = False) -> bool:
        """Stops the server, fast and cleanly: sessions end, a checkpoint is written. True if one was running.

        Raises `DatabaseInUse` while any process (this one too) holds a lease, unless forced, and
        `DatabaseUnavailable` where it does not stop within `timeout` seconds.
        """
        with _explained(data_dir):
            place = locate(data_dir)
            if not place.home.exists() or not postmaster.is_running(place):
                return False
            with exclusive(place.start_lock, timeout):
                pids = lease_holders(place.leases)
                if pids and not force:
                    listed = ", ".join(map(str, pids))
                    raise DatabaseInUse(
                        f"the database in {place.data} is in use by {len(pids)} process(es): {listed}",
                        hint="End them first, or force the stop, which ends their sessions.",
                    )
                return stop_server(place, timeout)


@dataclass(frozen=True, slots=True)
class _Starter:
    """One attempt, under the start lock, to have the server running."""

    place: Place
    account: Account
    binaries: Binaries | None
    settings: Mapping[str, str]
    start_lock: int
    anew: bool

    def ensure_running(self, timeout: float) -> postmaster.PidFile:
        """Starts the server at most once, and waits for one that recovers, or even shuts down."""
        if self.binaries is not None:
            cluster.check_version(self.place.data, self.binaries)
        deadline = time.monotonic() + timeout
        launched = False
        while True:
            if not postmaster.is_running(self.place):
                if launched:
                    raise self._failed()
                self._start()
                launched = True
            answer = postmaster.probe(self.place.data)
            if isinstance(answer, postmaster.PidFile):
                return answer
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"the database in {self.place.data} does not answer after {timeout:g} s: {answer}",
                    hint="It goes on in the background, so run this again later. Its log is in "
                    f"{self.place.data / 'log'}.",
                )
            time.sleep(POLL_SECONDS)

    def _start(self) -> None:
        binaries = self.binaries or self._find_binaries()
        cluster.check_version(self.place.data, binaries)
        if cluster.data_version(self.place.data) is None:
            cluster.check_absent(self.place, anew=self.anew)
            sync = self.settings.get("fsync", "on") != "off"
            cluster.create(self.place, self.account, binaries, sync=sync, start_lock=self.start_lock)
        socket_dir = socket_folder(self.place, self.account)
        postmaster.launch(self.place, self.account, binaries, socket_dir, self.settings)

    def _find_binaries(self) -> Binaries:
        """Those that fit the data, if there is any, so that installing another PostgreSQL breaks nothing."""
        version = cluster.data_version(self.place.data)
        try:
            return find_binaries(
                min(version or MINIMUM, MINIMUM), major=version, usable=self.account.can_enter
            )
        except DatabaseUnavailable as error:
            if version is None:
                raise
            raise DatabaseUnavailable(
                f"the data in {self.place.data} belongs to PostgreSQL {version}: {error.message}",
                hint=f"Install PostgreSQL {version}; then `reconciler db upgrade` moves the data to a newer.",
            ) from error

    def _failed(self) -> DatabaseUnavailable:
        lines = postmaster.last_log_lines(self.place.data)
        return DatabaseUnavailable(
            f"the database in {self.place.data} ended while it was starting:\n{lines}",
            hint=f"Correct what it names and run this again; all of its log is in {self.place.data / 'log'}.",
        )


def stop_server(place: Place, timeout: float) -> bool:
    """Stops the server and waits until none of its processes is left. Only under the start lock."""
    found = postmaster.read_pid_file(place.data)
    if not postmaster.is_running(place):
        return False
    signalled = False
    deadline = time.monotonic() + timeout
    while postmaster.is_running(place):
        signalled = signalled or postmaster.signal_fast_shutdown(place.data)
        if time.monotonic() > deadline:
            why = (
                "it is still shutting down" if signalled else "none of the pids seen here is provably its own"
            )
            raise DatabaseUnavailable(
                f"the database in {place.data} did not stop within {timeout:g} s: {why}",
                hint=f"Look at {place.data / 'log'}; a server started in a container is stopped from there.",
            )
        time.sleep(POLL_SECONDS)
    if found is not None and found.socket_dir and Path(found.socket_dir).parent == SHORT_ROOT:
        with contextlib.suppress(OSError):  # not empty: the next start uses it again
            Path(found.socket_dir).rmdir()
    return True


@contextlib.contextmanager
def _explained(where: Path) -> Iterator[None]:
    """Turns what the system refuses (no permission, no space) into an error that says where."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnavailable(
            f"the embedded database in {where} cannot be used: {error}",
            hint="Free some space, correct the permissions, choose another folder, or give a server's URL.",
        ) from error

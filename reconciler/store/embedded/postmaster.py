"""Launches, finds, reaches and stops one server's processes; never takes a pid's word for what it is.

A server of ours is alive exactly while `server.lock` is held: its processes inherit the lock, so neither a
zombie nor a recycled pid nor another container's numbering of pids can pretend to it. A pid is only used to
send a signal, after its command line has named this very data folder. All but reading needs the start lock.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import make_conninfo

from reconciler.store.embedded.account import Account
from reconciler.store.embedded.binaries import Binaries
from reconciler.store.embedded.cluster import ENVIRONMENT
from reconciler.store.embedded.lease import is_held, open_lock
from reconciler.store.embedded.place import PORT, Place

PROC = Path("/proc")
STARTUP_LOG = "startup.log"
CONNECT_SECONDS = 5
SETTINGS: Mapping[str, str] = {
    # Safety: a recorded intent must survive a power cut.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # A killed client's locks are freed soon, even in the middle of a long statement.
    "client_connection_check_interval": "5s",
    # Modest: it shares a machine with what it serves.
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A week of files, each day's overwritten a week later; without statements and rows, which may hold
    # secrets.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "server-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a running server wrote to `postmaster.pid`; the socket's folder is empty until it listens."""

    pid: int
    port: int
    socket_dir: str


def read_pid_file(data: Path) -> PidFile | None:
    """None where there is no such file, or where it is not (or not yet) written."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].lstrip("-").isdigit():
        return None
    written = len(lines) > 4 and lines[3].isdigit()
    # initdb and single-user mode write their pid negated.
    return PidFile(abs(int(lines[0])), int(lines[3]) if written else 0, lines[4] if written else "")


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether a process is a PostgreSQL server launched for this data folder, by its command line.

    A server's children and zombies show something else there. The files in /proc that would say more are
    closed to root in a container; this one is open.
    """
    program, _, rest = _command_line(pid).partition(" -D ")
    return Path(program).name == "postgres" and (rest == str(data) or rest.startswith(f"{data} "))


def is_running(place: Place) -> bool:
    """Whether any process of a server lives, launched here or (by its pid) with pg_ctl by hand."""
    if is_held(place.server_lock):
        return True
    found = read_pid_file(place.data)
    return found is not None and is_postmaster(found.pid, place.data)


def probe(data: Path) -> PidFile | str:
    """Asks once, without a password: how to reach the server, or why it cannot be reached (yet)."""
    found = read_pid_file(data)
    if found is None or not found.socket_dir:
        return "it does not listen yet"
    where = make_conninfo(host=found.socket_dir, port=found.port, connect_timeout=CONNECT_SECONDS)
    match pq.PGconn.ping(where.encode()):
        case pq.Ping.OK:
            return found
        case pq.Ping.REJECT:
            return "it is starting up, recovering or shutting down"
        case _:
            return f"nothing answers at its socket in {found.socket_dir}"


def launch(
    place: Place, account: Account, binaries: Binaries, socket_dir: Path, settings: Mapping[str, str]
) -> None:
    """Starts a server where `is_running` says there is none; it may still have to recover when this returns.

    It is nobody's child, in a session of its own, and holds no descriptor of ours but the lock, so that
    neither Ctrl-C, nor the launcher's end, nor a pipe that somebody reads to its end, concerns it.
    """
    fixed = {"listen_addresses": "", "unix_socket_directories": str(socket_dir), "port": str(PORT)}
    options = [part for item in {**SETTINGS, **settings, **fixed}.items() for part in ("-c", "=".join(item))]
    script = f'umask 077; "$@" </dev/null >{STARTUP_LOG} 2>&1 &'
    lock = open_lock(place.server_lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # free but for an instant's look by another process
        subprocess.run(
            ["/bin/sh", "-c", script, "sh", binaries.postgres, "-D", place.data, *options],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=place.data,
            env={**ENVIRONMENT, **_exemption(place.data, socket_dir)},
            pass_fds=(lock,),
            start_new_session=True,
            **account.run_as(),
        )
    finally:
        os.close(lock)


def signal_fast_shutdown(data: Path) -> bool:
    """Asks the server to end its sessions and stop; False where no pid is provably its own."""
    found = read_pid_file(data)
    if found is None or not is_postmaster(found.pid, data):
        return False
    os.kill(found.pid, signal.SIGINT)
    return True


def last_log_lines(data: Path, count: int = 15) -> str:
    """The end of what a server wrote before and after its log files were opened, for an error's text."""
    logs = sorted((data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)[-1:]
    lines: list[str] = []
    for path in (data / STARTUP_LOG, *logs):
        if path.exists():
            lines += path.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines)


def _exemption(data: Path, socket_dir: Path) -> dict[str, str]:
    """What lets a server start over the remains of one that died, when its pid has a new owner.

    PostgreSQL refuses lock files that name a living process, save for its parent and the one that pg_ctl
    names in PG_GRANDPARENT_PID. `postmaster.pid` stays: the shared memory key in it is PostgreSQL's own guard
    against survivors. An empty one (a crash while it was written) has no key, and the socket's lock, in a
    folder of ours, never has: those two go.
    """
    (socket_dir / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    pid_file = data / "postmaster.pid"
    found = read_pid_file(data)
    if found is not None:
        return {"PG_GRANDPARENT_PID": str(found.pid)}
    if pid_file.exists() and pid_file.stat().st_size == 0:
        pid_file.unlink()
    return {}


def _command_line(pid: int) -> str:
    """A process's command line, its parts joined by spaces; empty for a zombie or none."""
    if PROC.joinpath("self").exists():
        try:
            raw = PROC.joinpath(str(pid), "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return os.fsdecode(raw).rstrip("\0").replace("\0", " ")
    shown = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsdecode(shown.stdout).strip()

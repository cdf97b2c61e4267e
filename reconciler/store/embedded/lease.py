"""Locks that the kernel frees: whoever is killed holds nothing afterwards, whatever pids are recycled.

Three uses: one starter or stopper at a time; a lease for each user of the server; and a mark that the server
itself inherits, held exactly as long as one of its processes lives. Contents of files never matter.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import DatabaseUnavailable

POLL_SECONDS = 0.05


def open_lock(path: Path) -> int:
    """A descriptor of a lock file, made where missing; its folder's owner owns it, also under sudo."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    return fd


def try_lock(fd: int, kind: int) -> bool:
    """Takes a lock (LOCK_EX or LOCK_SH) if it is free at once."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock exclusively; asked by sharing it, so two who ask do not collide."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


@contextmanager
def exclusive(path: Path, timeout: float) -> Iterator[int]:
    """Holds a lock and gives its descriptor; raises `DatabaseUnavailable` after `timeout` seconds."""
    fd = open_lock(path)
    try:
        deadline = time.monotonic() + timeout
        while not try_lock(fd, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"another process has been starting or stopping the database for {timeout:g} s ({path})",
                    hint="Wait for it; a database that recovers from a crash may take minutes.",
                )
            time.sleep(POLL_SECONDS)
        yield fd
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Lease:
    """One process's claim that the server shall go on running: a locked file, with its pid as a name."""

    path: Path
    fd: int

    @classmethod
    def take(cls, folder: Path) -> Lease:
        """A new lease of this process, which lasts until `release` or the process's end."""
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        fd = open_lock(path)
        fcntl.flock(
            fd, fcntl.LOCK_EX
        )  # new and unshared: at most an instant's wait for one who counts leases
        return cls(path, fd)

    def release(self) -> None:
        """Give it back; the file goes first, so that nobody counts it any more."""
        self.path.unlink(missing_ok=True)
        os.close(self.fd)


def lease_holders(folder: Path) -> list[int]:
    """The pids, as seen by the holders themselves, of all leases that are still held."""
    names = [path.name for path in folder.glob("*-*") if is_held(path)]
    return sorted(int(name.partition("-")[0]) for name in names)


def sweep_leases(folder: Path) -> None:
    """Removes the files that killed holders left; under the start lock, where no lease is being taken."""
    for path in folder.glob("*-*"):
        if not is_held(path):
            path.unlink(missing_ok=True)

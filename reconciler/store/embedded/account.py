"""Who runs the server: PostgreSQL refuses root, so root lends it a uid that nobody else uses.

No account is created and no permission of a folder that is not ours is changed. Whoever is not
root runs the server as themselves.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from reconciler.errors import DatabaseUnavailable

# A range that systemd's table of uids (UIDS-GIDS) lists as unused; adduser never comes near it.
SPARE_UIDS = range(60706, 61184)


class RunAs(TypedDict, total=False):
    """Keyword arguments of `subprocess.Popen` that change the user; empty where no change is needed."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A numeric user and group; an entry in the password file is not needed."""

    uid: int
    gid: int

    def run_as(self) -> RunAs:
        """The arguments of `subprocess.Popen` by which a process runs as this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, path: Path) -> bool:
        """Whether a folder can be entered, or a program executed, by this account.

        The kernel is asked, as that user, so that access lists and network file systems are counted too.
        """
        test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(test, check=False, **self.run_as()).returncode == 0

    def owns_privately(self, folder: Path) -> bool:
        """Whether a folder (not a link to one) is this account's and closed to everybody else."""
        facts = folder.lstat()
        return (
            folder.is_dir()
            and not folder.is_symlink()
            and facts.st_uid == self.uid
            and facts.st_mode & 0o077 == 0
        )


def is_root() -> bool:
    """Whether this process may become another account."""
    return os.geteuid() == 0


def server_account(home: Path, data: Path) -> Account:
    """The account for a server: its files' owner; for root with new files, the home's owner or a spare uid.

    Following the owner keeps a user's folder usable by the user after a command under sudo.
    """
    for path in (data, home):
        if path.exists():
            facts = path.stat()
            if not is_root() and facts.st_uid != os.geteuid():
                raise DatabaseUnavailable(
                    f"{path} belongs to user {facts.st_uid}, and this is user {os.geteuid()}",
                    hint="Run this as that user, or choose another data folder.",
                )
            if facts.st_uid != 0:
                return Account(facts.st_uid, facts.st_gid)
    return _spare(str(home)) if is_root() else Account(os.geteuid(), os.getegid())


def initdb_account(account: Account) -> Account:
    """`account`, or `nobody` where it has no entry in the password file, which `initdb` alone insists on."""
    if _is_listed(account.uid):
        return account
    if is_root():
        facts = pwd.getpwnam("nobody")
        return Account(facts.pw_uid, facts.pw_gid)
    raise DatabaseUnavailable(
        f"user {account.uid} has no entry in the password file, and PostgreSQL's initdb refuses such a user",
        hint="Add it to /etc/passwd, run this as a listed user or as root, or give a server's URL.",
    )


def _spare(key: str) -> Account:
    # Servers of different folders get different uids, so that they are strangers to one another.
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    for offset in range(len(SPARE_UIDS)):
        uid = SPARE_UIDS[(start + offset) % len(SPARE_UIDS)]
        if not _is_listed(uid):
            return Account(uid, uid)
    raise DatabaseUnavailable(
        f"every uid from {SPARE_UIDS.start} to {SPARE_UIDS.stop - 1} is taken",
        hint="Run this as an ordinary user, or give the URL of a server that is already running.",
    )


def _is_listed(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True

"""Makes a server's data folder, all or nothing, and refuses one of another major version.

It never deletes or changes a data folder that is complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from reconciler.errors import DatabaseUnavailable
from reconciler.store.embedded.account import Account, initdb_account, is_root
from reconciler.store.embedded.binaries import Binaries
from reconciler.store.embedded.place import Place, make_folder

SUPERUSER = "postgres"
SHOWN_LINES = 15
# Nothing of the caller's environment: no provider's token ends up in a server that lives on, and no PG*
# setting or library path of the caller's changes what is launched.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# `trust`, because the only way in is a socket in a folder that the server's own account and root alone can
# enter: whoever can connect could read the files as well.
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
)


def data_version(data: Path) -> int | None:
    """The major version that a data folder belongs to; None where there is no data folder yet."""
    try:
        return read_version(data)
    except FileNotFoundError:
        return None


def read_version(data: Path) -> int:
    return int((data / "PG_VERSION").read_text())


def check_version(data: Path, binaries: Binaries) -> None:
    """Raises `DatabaseUnavailable` where the data folder is another major version's."""
    version = data_version(data)
    if version is not None and version != binaries.version:
        raise DatabaseUnavailable(
            f"the data in {data} belongs to PostgreSQL {version} and cannot be used by PostgreSQL {binaries}",
            hint=f"Use PostgreSQL {version}, or move the data to {binaries.version} with pg_upgrade, or with "
            "pg_dump and a new data folder.",
        )


def create(place: Place, account: Account, binaries: Binaries, *, sync: bool, start_lock: int) -> None:
    """Runs initdb in a temporary folder beside the data folder and renames it when it is complete.

    Only under the start lock. initdb inherits that lock, so that the next starter waits for one whose
    launcher was killed. Raises `DatabaseUnavailable` with initdb's last lines.
    """
    temporary = place.data.with_name("pgdata.new")
    if temporary.exists():
        shutil.rmtree(temporary)  # of a starter that was killed
    maker = initdb_account(account)
    make_folder(temporary, 0o700, owner=maker)
    try:
        _run_initdb(temporary, maker, binaries, sync=sync, start_lock=start_lock)
        if maker != account:
            _give(temporary, maker, account)
        temporary.rename(place.data)
    finally:
        if temporary.exists():
            shutil.rmtree(temporary)
    if sync:
        _sync_folder(place.data.parent)


def _run_initdb(folder: Path, maker: Account, binaries: Binaries, *, sync: bool, start_lock: int) -> None:
    done = subprocess.run(
        [binaries.initdb, "-D", folder, *INITDB_OPTIONS, *([] if sync else ["--no-sync"])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        pass_fds=(start_lock,),
        **maker.run_as(),
    )
    if done.returncode != 0:
        last = "\n".join(f"  {line}" for line in done.stdout.splitlines()[-SHOWN_LINES:])
        raise DatabaseUnavailable(
            f"initdb of PostgreSQL {binaries} failed in {folder.parent} (exit {done.returncode}):\n{last}",
            hint="Nothing was left behind. Correct what it names (often a full disk) and run this again.",
        )


def _give(folder: Path, giver: Account, account: Account) -> None:
    """Changes the owner of everything in a folder, shutting its old owner out first."""
    if not is_root():
        raise PermissionError(f"only root can give {folder} to user {account.uid}")
    os.chown(folder, account.uid, account.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.lstat().st_uid == giver.uid:  # never what somebody else linked in
                os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

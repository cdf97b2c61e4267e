"""Makes a server's data folder, all or nothing, and refuses one of another version, or one that is lost.

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
from reconciler.store.embedded.passwords import SUPERUSER, new_password, private_file, write_passwords
from reconciler.store.embedded.place import ABSENT_HINT, Place, check_not_aside, make_folder

SHOWN_LINES = 15
# Nothing of the caller's environment: no provider's token ends up in a server that lives on, and no PG*
# setting or library path of the caller's changes what is launched.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# The socket's folder is closed to other accounts; the password is for the processes of the same account, none
# of which is to be the superuser just by connecting.
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth-local=scram-sha-256",
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
    """The data's major version. Raises FileNotFoundError where there is no data."""
    return int((data / "PG_VERSION").read_text())


def check_version(data: Path, binaries: Binaries) -> None:
    """Raises `DatabaseUnavailable` where the data folder is another major version's."""
    version = data_version(data)
    if version is not None and version != binaries.version:
        raise DatabaseUnavailable(
            f"the data in {data} belongs to PostgreSQL {version} and cannot be used by PostgreSQL {binaries}",
            hint=f"Use PostgreSQL {version}, or move the data: reconciler db upgrade --to {binaries.version}",
        )


def check_absent(place: Place, *, anew: bool) -> None:
    """Raises `DatabaseUnavailable` where there was data and is none: nothing new must take its place.

    `anew`: the old data is gone for good, and a new database is what is asked for.
    """
    if place.data.exists() and any(place.data.iterdir()):
        raise DatabaseUnavailable(
            f"{place.data} holds files and is no data folder of PostgreSQL: it has no PG_VERSION",
            hint="Put the whole folder back from a backup, or move it away.",
        )
    check_not_aside(place.data)
    if place.was_used and not anew:
        what = "is empty" if place.data.exists() else "is not there"
        raise DatabaseUnavailable(
            f"the database's data folder {place.data} {what}, and a database has been in use here",
            hint=ABSENT_HINT,
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
    password, told = new_password(), place.data.with_name("pgdata.password")
    try:
        private_file(told, f"{password}\n".encode(), maker)
        make_folder(temporary, 0o700, owner=maker)
        _run_initdb(temporary, told, maker, binaries, sync=sync, start_lock=start_lock)
        if maker != account:
            _give(temporary, maker, account)
        write_passwords(temporary / place.passfile.name, {SUPERUSER: password}, account)
        temporary.rename(place.data)
    finally:
        told.unlink(missing_ok=True)
        if temporary.exists():
            shutil.rmtree(temporary)
    if sync:
        _sync_folder(place.data.parent)


def _run_initdb(
    folder: Path, password_file: Path, maker: Account, binaries: Binaries, *, sync: bool, start_lock: int
) -> None:
    options = [*INITDB_OPTIONS, f"--pwfile={password_file}", *([] if sync else ["--no-sync"])]
    done = subprocess.run(
        [binaries.initdb, "-D", folder, *options],
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

"""Where the server's files lie, and the making of those folders.

```
home/                 the requested folder, or one below FALLBACK_ROOT (see `prepare`)
  start.lock          held while somebody creates, starts or stops the server
  server.lock         held by the server's own processes
  leases/             one locked file for each user
  run/                the socket, unless its path would be too long
  pgdata/             PostgreSQL's data folder, 0700; with the passwords of its roles
```
Permissions of folders that were there before are never changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import DatabaseUnavailable
from reconciler.store.embedded import swap
from reconciler.store.embedded.account import Account, is_root, server_account
from reconciler.store.embedded.lease import exclusive

FALLBACK_ROOT = Path("/var/lib/reconciler")
SHORT_ROOT = Path("/tmp")  # noqa: S108 - folders in it are made 0700, and their owner is checked before use
# Linux allows 107 bytes for a socket's path and macOS 103. libpq and the server split the folder at commas.
SOCKET_PATH_BYTES = 103
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.+-]+")
ABSENT_HINT = (
    "If its disk is not mounted, or it was moved: put that right and run this again. If it is gone for good: "
    "restore a backup (reconciler db restore), or begin with a new, empty database: reconciler db new"
)
PORT = 5432  # only a part of the socket's name: nothing listens on a network


@dataclass(frozen=True, slots=True)
class Place:
    """The real home of one server, links followed."""

    home: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "pgdata"

    @property
    def passfile(self) -> Path:
        """The roles' passwords, in libpq's form."""
        return self.data / "reconciler.pgpass"

    @property
    def start_lock(self) -> Path:
        """Held while a server is started or stopped."""
        return self.home / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held while a server runs."""
        return self.home / "server.lock"

    @property
    def leases(self) -> Path:
        """The folder with a file for each process that needs the server."""
        return self.home / "leases"

    @property
    def was_used(self) -> bool:
        """Whether a server was launched here once, and so had its data here."""
        return self.server_lock.exists()


def locate(requested: Path) -> Place:
    """The place that belongs to a requested folder; nothing needs to exist yet, and nothing is made."""
    return Place((requested / "pgdata").resolve().parent)


def prepare(
    requested: Path, fallback_root: Path, timeout: float, *, anew: bool = False
) -> tuple[Place, Account]:
    """Makes the folders and says who the server runs as.

    Root's server runs as another uid, which can go through few of root's own folders (a home is 0700). Where
    it cannot reach the requested one, the real home is a new folder below `fallback_root`, and
    `requested/pgdata` is a link into it. The link alone says where the data is, and the locks lie beside the
    data, so moving or copying the requested folder cannot give the same data two sets of locks. A link that
    leads nowhere is refused, or with `anew` removed: what it leads to is gone.
    """
    make_folder(requested, 0o711 if is_root() else 0o700)
    _check_link(requested / "pgdata", anew=anew)
    place = locate(requested)
    account = server_account(place.home, place.data)
    if is_root() and not account.can_enter(place.home):
        with exclusive(requested / "start.lock", timeout):
            if not (requested / "pgdata").is_symlink():
                _make_fallback(requested, fallback_root)
        place = locate(requested)
        account = server_account(place.home, place.data)
        if not account.can_enter(place.home):
            raise DatabaseUnavailable(
                f"{place.home} cannot be entered by user {account.uid}, who would run the server",
                hint="Choose a data folder below folders that others may enter (o+x), such as /var/lib.",
            )
    make_folder(place.leases, 0o700, owner_of=place.home)
    return place, account


def make_folder(path: Path, mode: int, *, owner: Account | None = None, owner_of: Path | None = None) -> None:
    """Makes a folder of just this mode, whatever the umask; one that is there already is left as it is."""
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return
    if is_root():
        if owner_of is not None:
            facts = owner_of.stat()
            owner = Account(facts.st_uid, facts.st_gid)
        if owner is not None:
            os.chown(path, owner.uid, owner.gid)
    path.chmod(mode)


def socket_folder(place: Place, account: Account) -> Path:
    """A folder for the socket that only the server's account (and root) can enter, with a short enough name.

    Clients read the choice from `postmaster.pid`, so it may differ from start to start. $XDG_RUNTIME_DIR
    is not used: it vanishes at logout, and the server may live longer.
    """
    key = hashlib.sha256(os.fsencode(place.data)).hexdigest()[:12]
    for folder in (place.home / "run", SHORT_ROOT / f"reconciler-{account.uid}-{key}"):
        if is_fit_for_sockets(folder):
            make_folder(folder, 0o700, owner=account)
            if account.owns_privately(folder):
                return folder
    # Somebody else took the name. A random one cannot be guessed beforehand.
    folder = Path(tempfile.mkdtemp(prefix="reconciler-", dir=SHORT_ROOT))
    if is_root():
        os.chown(folder, account.uid, account.gid)
    return folder


def is_fit_for_sockets(folder: Path) -> bool:
    """Whether a server's socket can lie in a folder: its path is short enough, and plain."""
    length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
    return length <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(str(folder)) is not None


def check_not_aside(data: Path) -> None:
    """Raises `DatabaseUnavailable` where data is missing because a move of it was killed half way."""
    kept = swap.aside(data)
    if kept.exists() and not data.exists():
        raise DatabaseUnavailable(
            f"the database's data folder {data} is not there, but {kept} is: a move to a newer PostgreSQL "
            "was killed just as the two changed places",
            hint="Nothing is lost. Run: reconciler db upgrade, which puts it in its place and begins again.",
        )


def _check_link(data: Path, *, anew: bool) -> None:
    if not data.is_symlink() or data.exists():
        return
    check_not_aside(data.resolve())
    if not anew:
        raise DatabaseUnavailable(
            f"the database's data folder {data} is a link to {data.resolve()}, which is not there",
            hint=ABSENT_HINT,
        )
    data.unlink()


def _make_fallback(requested: Path, fallback_root: Path) -> None:
    if (requested / "pgdata").exists():
        raise DatabaseUnavailable(
            f"{requested / 'pgdata'} exists, but the account that owns it cannot enter {requested}",
            hint="Open the folders above it to that user (o+x), or move the data folder.",
        )
    make_folder(fallback_root, 0o711)
    home = Path(tempfile.mkdtemp(prefix=f"{requested.name}-", dir=fallback_root.resolve()))
    home.chmod(0o711)
    (requested / "pgdata").symlink_to(home / "pgdata")

"""What a home folder itself says of the database that belongs to it, apart from the database.

An embedded database can be gone while the rest of the home is there (a disk that is not mounted), or be
another installation's (the wrong backup). Either would be taken for a fleet that nobody knows, so both are
refused. The file `installation` in the home holds the id of the installation whose database it is.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from uuid import UUID

from reconciler.errors import DatabaseUnavailable

INSTALLATION_FILE = "installation"
KEY_FILE = "key"


def trace_of_use(home: Path) -> Path | None:
    """A file that is made only once a database is there; None in a home that never had one."""
    for name in (INSTALLATION_FILE, KEY_FILE):
        if os.path.lexists(home / name):
            return home / name
    return None


def keep_installation(home: Path, uid: UUID, *, anew: bool = False) -> None:
    """Write down whose database is here. Raises DatabaseUnavailable if another's was, and not `anew`."""
    path = home / INSTALLATION_FILE
    try:
        known = path.read_text().strip() if path.exists() else None
        if known == str(uid):
            return
        if known and not anew:
            raise _another(f"the database in {home} is of the installation {uid}", path, known)
        _write(path, f"{uid}\n")
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be used: {error.strerror}", hint="Correct the permissions of the home folder."
        ) from error


def check_installation(home: Path, uid: UUID) -> None:
    """Raises DatabaseUnavailable where a home is another installation's than what is to be put into it."""
    path = home / INSTALLATION_FILE
    known = path.read_text().strip() if path.exists() else None
    if known and known != str(uid):
        raise _another(f"the backup is of the installation {uid}", path, known)


def _another(what: str, path: Path, known: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"{what}, and {path} names {known}",
        hint="It holds another fleet's history, and marks objects as another's. Put the right data "
        f"back; if it is meant to be this one from now on, remove {path}.",
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()

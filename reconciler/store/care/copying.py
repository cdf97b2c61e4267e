"""Copying one server's roles and databases to another, with the newer server's programs, without a file."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence

from reconciler.store.care.programs import check_ended, find_program, run

_HINT = "The old data is where it was, and works. Correct what it names, and run this again."
_THERE_ALREADY = b"CREATE ROLE postgres;"


def copy_roles(there: str, here: str, version: int) -> None:
    """Every role of the server, with its password and what it is a member of. Raises DatabaseError."""
    said = run(find_program("pg_dumpall", version), there, ["--globals-only"], _HINT)
    script = b"\n".join(line for line in said.splitlines() if line != _THERE_ALREADY)
    program = find_program("psql", version)
    words, environment = program.command(here, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
    done = subprocess.run(words, env=environment, input=script, capture_output=True, check=False)
    check_ended(program, done.returncode, done.stderr, _HINT)


def copy_databases(
    names: Sequence[str], there: Callable[[str], str], here: Callable[[str], str], version: int
) -> None:
    """Each database, made anew with its own settings and rights. Raises DatabaseError."""
    dump, restore = find_program("pg_dump", version), find_program("pg_restore", version)
    for name in names:
        with tempfile.TemporaryFile() as dump_said, tempfile.TemporaryFile() as restore_said:
            words, environment = dump.command(there(name), "--format=custom", "--create", "--compress=0")
            with subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=dump_said
            ) as dumping:
                words, environment = restore.command(here("postgres"), "--create", "--exit-on-error")
                restored = subprocess.run(
                    words,
                    env=environment,
                    stdin=dumping.stdout,
                    stdout=subprocess.DEVNULL,
                    stderr=restore_said,
                    check=False,
                )
            for program, code, said in (
                (restore, restored.returncode, restore_said),
                (dump, dumping.returncode, dump_said),
            ):
                said.seek(0)
                check_ended(program, code, said.read(), _HINT)

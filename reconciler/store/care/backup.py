"""Backing up: one file with everything in it, consistent in itself while others write.

The dump and what its label counts are of one snapshot. Ciphertexts are in it; the key never is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from reconciler.store.care import archive, facts
from reconciler.store.care.label import Label
from reconciler.store.care.programs import Program, check_ended, find_program

_HINT = "Nothing was written, and the database was not touched."


def back_up(dsn: str, path: Path, *, force: bool) -> Label:
    """Writes everything that is in the database into one file; gives its label.

    `dsn` is of who may read all of it. Raises ConfigurationError where a file of that name is there, and
    DatabaseUnavailable or DatabaseError where it cannot be done; then no file is left.
    """
    archive.check_free(path, force=force)
    with facts.session(dsn) as connection:
        program = find_program("pg_dump", connection.info.server_version // 10000)
        with facts.snapshot(connection) as snapshot:
            label = facts.label_of(connection, program.version)
            options = ("--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=20s")
            return archive.write(path, label, _pouring(program, dsn, options), force=force)


def _pouring(
    program: Program, dsn: str, options: tuple[str, ...]
) -> Callable[[Callable[[bytes], None]], None]:
    def pour(take: Callable[[bytes], None]) -> None:
        words, environment = program.command(dsn, *options)
        with tempfile.TemporaryFile() as said:
            with subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            ) as process:
                try:
                    while piece := process.stdout.read(archive.PIECE) if process.stdout else b"":
                        take(piece)
                except BaseException:
                    process.kill()
                    raise
            said.seek(0)
            check_ended(program, process.returncode, said.read(), _HINT)

    return pour

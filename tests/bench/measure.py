"""Measuring one command: a fresh process, its wall clock, its processor time and its peak memory.

The one who measures stays small, because a child's peak begins with what its parent had when it was started.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TAIL = 4_000  # bytes of a failed command's words that are shown
_UNIT = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss in MiB


class BenchError(Exception):
    """A measured command failed or did something else than it should: its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall clock and processor (user and system), and MiB of memory at the most."""

    wall: float
    cpu: float
    peak: float
    output: bytes = b""


def run(command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. Raises BenchError, with its words, where it fails."""
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=words,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
        if process.returncode != 0:
            words.seek(0)
            text = (said + words.read())[-_TAIL:].decode("utf-8", "replace")
            raise BenchError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _UNIT / 2**20, said)


def median(costs: Sequence[Cost]) -> Cost:
    """The run whose wall clock is the middle one."""
    return sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2]


def processor_seconds(pid: int) -> float | None:
    """What a process and its children, ended or not, have used; None where /proc does not say."""
    if not Path("/proc/self/stat").exists():
        return None
    own = _times(str(pid))
    if own is None:
        return None
    total = sum(own[1:])
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (times := _times(folder.name)) and times[0] == pid:
            total += times[1] + times[2]
    return total / os.sysconf("SC_CLK_TCK")


def _times(pid: str) -> tuple[int, int, int, int, int] | None:
    """(parent, user, system, children's user, children's system) in ticks; None if it is gone."""
    try:
        fields = (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14])

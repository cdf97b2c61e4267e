"""`python -m tests.scale`: what a large fleet costs to load, to record and to ask about, as tables.

The fleet's values are made, not parsed. Each 10,080 of it have a source and an endpoint of their own.
Processor times depend on what else the machine does: trust the ratio, which is of one run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from reconciler.store.database.opening import DATA_FOLDER
from reconciler.store.embedded import EmbeddedServer
from tests.scale.asking import asked
from tests.scale.loading import Taken, floor, prepared, steps


def main() -> int:
    """Measure, and print a line as soon as there is one."""
    options = _options()
    workspace: Path = options.workspace.resolve()
    shutil.rmtree(workspace, ignore_errors=True)
    home = workspace / "home"
    home.mkdir(parents=True)
    workspace.chmod(0o711)  # the database server of a root's run works under another account
    with EmbeddedServer.open(home / DATA_FOLDER) as server:
        prepared(server, home, options.size)
        _say(f"{options.size:,} resources, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}\n")
        _say(
            "| step | program, CPU s | server, CPU s | program's peak, MiB | WAL, MB |\n|---|---|---|---|---|"
        )
        taken: list[Taken] = []
        for step in steps(server, home, options.size):
            taken.append(step)
            _say(_line(step))
        if not options.bare:
            least = floor(server)
            ratio = sum(step.client + step.server for step in taken) / least.server
            _say(_line(least))
            _say(
                f"\nAll of it together is {ratio:.1f} times the same rows by COPY, with keys and triggers.\n"
            )
            _say("| question | ms | pages |\n|---|---|---|")
            for answer in asked(server):
                _say(f"| {answer.name} | {answer.milliseconds:.1f} | {answer.pages:,} |")
    EmbeddedServer.stop(home / DATA_FOLDER, force=True)
    shutil.rmtree(workspace)
    return 0


def _line(step: Taken) -> str:
    return f"| {step.name} | {step.client:.1f} | {step.server:.1f} | {step.peak:.0f} | {step.wal:.0f} |"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="resources")
    parser.add_argument(
        "--bare", action="store_true", help="load and record only: neither floor nor questions"
    )
    parser.add_argument("--workspace", type=Path, default=Path(".scale"), help="a folder of its own, emptied")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

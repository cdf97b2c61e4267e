"""A checkout that is measured: its installed command, and its code under this one's measuring programs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import BenchError

ROOT = Path(__file__).resolve().parents[3]
THIS, BESIDE = "this", "beside"


@dataclass(frozen=True, slots=True)
class Checkout:
    """`rig` is a folder whose `tests.bench` is this checkout's, so that fleets are made alike for both."""

    name: str
    root: Path
    rig: Path

    @property
    def python(self) -> str:
        return str(self.root / ".venv" / "bin" / "python")

    @property
    def command(self) -> str:
        """`reconciler`, as it is installed."""
        return str(self.root / ".venv" / "bin" / "reconciler")


def checkouts(workspace: Path, beside: Path | None) -> tuple[Checkout, ...]:
    """This one, and the other where one was named. Raises BenchError where that is not installed."""
    found = [_checkout(THIS, ROOT, workspace)]
    if beside is not None:
        found.append(_checkout(BESIDE, beside.resolve(), workspace))
    return tuple(found)


def _checkout(name: str, root: Path, workspace: Path) -> Checkout:
    made = Checkout(name, root, workspace / f"rig-{name}")
    if not Path(made.command).exists():
        raise BenchError(f"{root} has no installed command; run `make install` there")
    shutil.copytree(ROOT / "tests" / "bench", made.rig / "tests" / "bench")
    return made

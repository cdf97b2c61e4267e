"""The first load of manifests that nobody has seen, beside parsing them with CSafeLoader on every core."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.bench.measure import run as measured
from tests.bench.reach.checkout import ROOT
from tests.bench.reach.line import Line, seconds
from tests.bench.reach.run import Run
from tests.bench.reach.world import Figure

_MOST, _MIB = 1.5, 300.0
_PARSE = """
import sys, yaml
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

def parse(path):
    return sum(1 for _ in yaml.load_all(path.read_bytes(), yaml.CSafeLoader))

if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        print(sum(pool.map(parse, sorted(Path(sys.argv[1]).iterdir()), chunksize=16)))
"""


def first(run: Run) -> Iterator[Line]:
    """Read, checked and recorded as a revision, and nothing planned."""
    program = run.folder("parse").with_suffix(".py")
    program.write_text(_PARSE)
    for size in run.sizes.load:
        with run.worlds("load", size) as worlds:
            parsed = measured([sys.executable, str(program), str(worlds[0].manifests)], cwd=ROOT)
            figures: dict[str, Figure] = {}
            for each in worlds:
                figures[each.checkout.name], found = each.operation("load")
                assert found["added"] == size
        here = figures["this"].cost
        met = here.wall <= _MOST * parsed.wall and here.peak <= _MIB
        note = f"CSafeLoader {seconds(parsed.wall)} s"
        yield Line("first load", size, figures, "≤ 1.5 times CSafeLoader, ≤ 300 MiB", met, note)

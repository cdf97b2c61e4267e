"""A daemon whose fleet does not move: what it and its server use between looks, and whether it grows."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.measure import BenchError, Cost, processor_seconds
from tests.bench.reach.daemons import daemon
from tests.bench.reach.line import Line
from tests.bench.reach.run import Run
from tests.bench.reach.world import Figure, World
from tests.rigs.git import commit, new_repository

_SHARE = 0.01
_GROWTH_MIB = 1.0
_RECONCILES = 3


def idle(run: Run) -> Iterator[Line]:
    """The usual intervals, but for observations, of which none falls into the window; manifests from git."""
    for size in run.sizes.steady:
        with run.worlds("steady", size) as worlds:
            for each in worlds:
                each.stock()
            figures = run.once(worlds, lambda w: _watched(w, run.sizes.window))
        used = figures["this"].cpu / run.sizes.window
        grown = float(figures["this"].cost.output)
        note = f"{used:.2%} of a core, {grown:+.1f} MiB"
        met = used <= _SHARE and grown <= _GROWTH_MIB
        yield Line("steady daemon", size, figures, "≤ 1 % of a core, flat memory", met, note)


def _watched(world: World, window: float) -> Figure:
    """Of the window; what is put out is by how many MiB it grew."""
    repository = new_repository(world.folder / "fleet.git")
    commit(repository, {file.name: file.read_text() for file in sorted(world.manifests.iterdir())})
    source = ("--git", str(repository), "--source", "bench", "--trust-inventory")
    # The first reconciles are made sooner, and leave the usual pace to the window.
    with daemon(world, *source, "--observe-interval", "10h", "--interval", "60s") as running:
        running.ready(_RECONCILES if window >= 60 else 1)
        before, server = processor_seconds(running.process.pid), processor_seconds(world.server.pid)
        memory = running.memory()
        time.sleep(window)
        after, served = processor_seconds(running.process.pid), processor_seconds(world.server.pid)
        if before is None or after is None or server is None or served is None:
            raise BenchError("a steady daemon is watched by /proc, which is not there")
        grown = f"{running.memory() - memory:.1f}".encode()
    return Figure(Cost(window, after - before, memory, grown), served - server)

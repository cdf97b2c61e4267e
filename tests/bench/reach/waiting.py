"""An apply that is nothing but waiting, beside the bound that nobody can go below."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.fleet import counts, least_requests
from tests.bench.reach.line import Line, seconds
from tests.bench.reach.run import Run
from tests.bench.rounds import TYPES

LATENCY, ACTION = 0.1, 2.0
AT_ONCE = 16
_MOST = 1.2


def apply(run: Run) -> Iterator[Line]:
    """100 ms before each answer, actions of 2 s, no rate limit; 16 steps at once."""
    size = run.sizes.waiting
    options = ("--latency", str(LATENCY), "--actions", str(ACTION))
    with run.worlds("waiting", size, *options) as worlds:
        figures = run.once(worlds, lambda w: w.reconciler("apply", "-f", str(w.manifests), "--yes"))
    least = bound(size)
    met = figures["this"].cost.wall <= _MOST * least
    note = f"bound {seconds(least)} s"
    yield Line("apply, latency 100 ms, actions 2 s", size, figures, "≤ 1.2 times the bound", met, note)


def bound(size: int) -> float:
    """Seconds that graph depth, latency and concurrency leave: a look, then the longest way through the graph
    or the work of all steps by 16 at once, whichever is longer.

    A network is one request, whose answer says that it is done; a machine a request and an action; a volume a
    request and two actions, because it is attached when it is there. What is looked at afterwards, to see
    that it is so, is not counted: the bound is below what can be had.
    """
    networks, machines, volumes = counts(size)
    network, machine, volume = LATENCY, LATENCY + ACTION, LATENCY + 2 * ACTION
    look = (least_requests(0) + TYPES) * LATENCY
    work = (networks * network + machines * machine + volumes * volume) / AT_ONCE
    return look + max(network + machine + (volume if volumes else 0), work)

"""An observation that finds nothing new: rows written, CPU, requests."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.fleet import least_requests
from tests.bench.reach.line import Line
from tests.bench.reach.run import Run
from tests.bench.rounds import TYPES, USED

_CPU = 2.0  # seconds, at 10,000
_OWN = ("endpoint_observations", "endpoint_observation_types", "workers", "marks")
"""The look itself, and the process that looks; not what was looked at."""
_CATALOGUE = 2
"""Lists of what there is to be had: sizes of machines, and images or places."""


def unchanged(run: Run) -> Iterator[Line]:
    """The simulated provider has all of the fleet."""
    for size in run.sizes.observe:
        with run.worlds("observe", size) as worlds:
            for each in worlds:
                each.stock()
                each.reconciler("observe")
            before = {each.checkout.name: each.written() for each in worlds}
            figures = run.turns(worlds, lambda w: w.reconciler("observe"))
            after = {each.checkout.name: each.written() for each in worlds}
        more = {name: count - before["this"].get(name, 0) for name, count in after["this"].items()}
        rows = sum(count for name, count in more.items() if name not in _OWN)
        least = least_requests(size) + TYPES - USED + _CATALOGUE
        here = figures["this"]
        note = f"{rows} rows written, {here.requests} requests of at least {least}"
        met = rows == 0 and here.requests <= least and here.cost.cpu <= _CPU
        yield Line("observation, nothing new", size, figures, "0 rows, ≤ 2 CPU s, fewest requests", met, note)

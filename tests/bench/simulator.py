"""The provider of a measurement, simulated in a process of its own: no limit, actions and answers at once.

`python -m tests.bench.simulator TOKEN [--latency S] [--actions S] [--limit N]` prints its port, and then
makes what it is told to on standard input, an object a line as `stock.py` writes them; for each empty line it
says how many it has made. So a fleet is there that nobody had to apply.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterable

from reconciler.sim.hetzner import HetznerApi
from reconciler.sim.hetzner.project import Numbers
from reconciler.sim.server import SimulatorServer

_LIMIT = 1_000_000_000
"""Never reached: without any, the answers would still show a budget that runs out."""


class _Chosen(Numbers):
    """Gives the ids that the database has already, where it was told to."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self._next: int | None = None

    def choose(self, number: int) -> None:
        """The next id."""
        self._next = number

    def id(self) -> int:
        chosen, self._next = self._next, None
        return super().id() if chosen is None else chosen


def _stock(api: HetznerApi, numbers: _Chosen, lines: Iterable[str]) -> None:
    count = 0
    for line in lines:
        if not line.strip():
            _say(count)
            continue
        what = json.loads(line)
        numbers.choose(what["id"])
        api.change({"op": "create", "type": what["type"], "body": what["body"]})
        count += 1


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("token")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--actions", type=float, default=0.0, help="seconds that an action takes")
    parser.add_argument("--limit", type=int, default=_LIMIT, help="requests an hour")
    options = parser.parse_args()
    numbers = _Chosen()
    api = HetznerApi(token=options.token, action_seconds=options.actions, rate_limit=options.limit)
    for project in (api.project, api.other):
        project.numbers = numbers
    server = SimulatorServer(api, port=0, latency=options.latency)
    _say(server.port)
    threading.Thread(target=_stock, args=(api, numbers, sys.stdin), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()

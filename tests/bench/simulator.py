"""The provider of a measurement, simulated in a process of its own: no latency, no limit, actions at once."""

from __future__ import annotations

import sys

from reconciler.sim.hetzner import serve

# A limit that is never reached: without any, the answers would still show a budget that runs out.
_LIMIT = 1_000_000_000


def _ready(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(token=sys.argv[1], action_seconds=0.0, rate_limit=_LIMIT, ready=_ready)

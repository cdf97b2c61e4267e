"""A simulated Hetzner Cloud: enough of its API, rules and timing to run the real client library against.

What it answers follows the published API description; where that is silent, the module concerned says
what was chosen. It shares no code with any driver.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.sim.hetzner.api import HetznerApi
from reconciler.sim.hetzner.ratelimit import USUAL_LIMIT
from reconciler.sim.ledger import Ledger
from reconciler.sim.server import SimulatorServer

__all__ = ["HetznerApi", "serve"]


def serve(
    port: int = 0,
    *,
    seed: int = 1,
    latency: float = 0.0,
    token: str = "simulator",  # noqa: S107 - opens nothing but the simulator
    other_token: str | None = None,
    action_seconds: float = 0.3,
    rate_limit: int | None = USUAL_LIMIT,
    ledger_file: Path | None = None,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve on a loopback port until the process ends; `ready` is called with the port."""
    api = HetznerApi(
        seed=seed,
        token=token,
        other_token=other_token,
        action_seconds=action_seconds,
        rate_limit=rate_limit,
    )
    simulator = SimulatorServer(api, port=port, latency=latency, ledger=Ledger(ledger_file))
    if ready is not None:
        ready(simulator.port)
    simulator.serve_forever()

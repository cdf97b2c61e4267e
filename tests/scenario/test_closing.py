"""No connection to a provider outlives what it was made for, as the provider itself sees it."""

from __future__ import annotations

import time

from reconciler.sim.server import SimulatorServer
from tests.rigs.stage import Stage
from tests.scenario.test_executor import machine

MOST_SECONDS = 10.0  # for the simulator to see that a connection was closed


def connections(server: SimulatorServer, expected: int) -> int:
    """How many are open, once that is what is expected, or it took too long."""
    end = time.monotonic() + MOST_SECONDS
    while server.open_connections != expected and time.monotonic() < end:
        time.sleep(0.01)
    return server.open_connections


def test_threads_that_ended_leave_no_connection_and_a_closed_run_none_at_all(stage: Stage) -> None:
    server = stage.hcloud.server
    stage.want(machine("web"), machine("db"))
    stage.apply()
    assert connections(server, 0) == 0  # those of the steps, of the looks and of whoever waited for actions
    kept = stage.context.connections
    kept.driver("hetzner-1").poll(["action/1"])
    assert connections(server, 1) == 1
    kept.close()
    assert connections(server, 0) == 0
    kept.driver("hetzner-1").poll(["action/1"])  # what comes after connects anew
    stage.context = stage.engine.refreshed(stage.context, None)
    assert connections(server, 0) == 0

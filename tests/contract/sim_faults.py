"""The contract's faults in the words of the simulators (`reconciler.sim.faults`)."""

from __future__ import annotations

from typing import Any

from reconciler.testing import Fault

_FAULTS: dict[Fault, dict[str, Any]] = {
    Fault.UNAUTHORIZED: {"kind": "status", "status": 401},
    Fault.FORBIDDEN: {"kind": "status", "status": 403},
    Fault.RATE_LIMITED: {"kind": "status", "status": 429},
    Fault.UNAVAILABLE: {"kind": "status"},
    Fault.REQUEST_LOST: {"kind": "reset_before"},
    Fault.ANSWER_LOST: {"kind": "reset_after"},
    Fault.UNREADABLE: {"kind": "html"},
}


def simulated(fault: Fault, *, reads: bool) -> dict[str, Any]:
    """What to post to a simulator's control address. Both providers make with POST and read with GET."""
    return {**_FAULTS[fault], "method": "GET" if reads else "POST"}

"""Lowering: from a step to the requests it takes, each type by its own rules. Pure.

It lowers the diff it is given, no more and no less. What Proxmox VE would only keep waiting for a stop is
lowered with that stop, and its impact says so; whether it may be is the planner's to decide.
"""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.plan import Call
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox.types import TYPES


def lower(request: LowerRequest) -> tuple[Call, ...]:
    """Raises PlanError for what Proxmox VE cannot do."""
    address = request.diff.address
    if address.type not in TYPES:
        raise PlanError(f"{address}: Proxmox VE has no {address.type}")
    return TYPES[address.type].lower(request)

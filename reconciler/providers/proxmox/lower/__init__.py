"""Lowering: from a step to the requests it takes. Pure.

It lowers the diff it is given, no more and no less. What Proxmox VE would only keep waiting for a stop is
lowered with that stop, and its impact says so; whether it may be is the planner's to decide.
"""

from __future__ import annotations

from reconciler.errors import PlanError
from reconciler.model.plan import Action, Call
from reconciler.providers.driver import LowerRequest
from reconciler.providers.proxmox.lower import create, delete, pool, update
from reconciler.providers.proxmox.lower.build import Change
from reconciler.providers.proxmox.tables import GUESTS


def lower(request: LowerRequest) -> tuple[Call, ...]:
    """Raises PlanError for what Proxmox VE cannot do."""
    address = request.diff.address
    if address.type == "pool":
        return pool.lower(request)
    if address.type not in GUESTS:
        raise PlanError(f"{address}: Proxmox VE has no {address.type}")
    match request.action:
        case Action.CREATE if request.desired is not None:
            return create.lower(request.desired, request.settings, request.referenced)
        case Action.UPDATE if request.desired is not None and request.recorded is not None:
            return update.lower(Change(request.desired, request.recorded, request.diff, request.settings))
        case Action.ADOPT if request.desired is not None and request.recorded is not None:
            mark = update.adopt(request.recorded)
            if not request.diff:
                return mark
            marked = update.once_changed(request.recorded)
            return (*mark, *update.lower(Change(request.desired, marked, request.diff, request.settings)))
        case Action.DELETE if request.recorded is not None:
            return delete.lower(request.recorded)
    raise PlanError(f"{address}: `{request.action}` cannot be lowered without what it starts from")

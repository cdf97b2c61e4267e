"""What needs a person's approval: saved as a plan once, and looked after until it is done or outdated.

A saved plan waits as long as the very same steps would be taken. Once approved, a later reconcile takes
them; when what they rest on has moved, the plan expires and the new one has to be approved.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.daemon.logs import get_logger
from reconciler.engine.apply import Applied
from reconciler.engine.engine import Engine
from reconciler.model.address import Address
from reconciler.model.plan import Plan
from reconciler.store import plans
from reconciler.store.session import Actor
from reconciler.store.watch import waiting_plans

_log = get_logger(__name__)


def look_after(engine: Engine, applied: Applied, revision: int | None) -> None:
    """Save what waits now if it is not saved yet, and let what was saved and fits no longer expire."""
    plan = _waiting(applied)
    with engine.store.transaction(Actor(engine.actor, "approvals", "maintenance")) as tx:
        for waiting in waiting_plans(tx, engine.actor):
            if plan is None or waiting.hash != plan.hash():
                plans.set_status(tx, waiting.id, "expired")
                if waiting.approved:
                    _log.warning("an approved plan fits no longer and was not applied", plan=waiting.id)
        if plan is None or plans.waiting_plan(tx, plan.hash()) is not None:
            return
        number, _ = plans.save_plan(tx, plan, engine.actor, "saved", revision_id=revision)
    _log.warning(
        "a plan waits for an approval",
        plan=number,
        hash=plan.hash(),
        steps=len(plan.steps),
        resources=_some([step.address for step in plan.steps]),
        reasons=[*plan.approvals, *(text for step in plan.steps for text in step.approvals)],
        command=f"reconciler approve {number}",
    )


def _waiting(applied: Applied) -> Plan | None:
    if not applied.withheld:
        return None
    return replace(applied.left, steps=applied.withheld, blocked=(), settled=())


def _some(addresses: Collection[Address], most: int = 20) -> list[str]:
    shown = [str(address) for address in addresses][:most]
    left = len(addresses) - len(shown)
    return [*shown, f"and {left} more"] if left else shown

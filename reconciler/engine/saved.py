"""What becomes of saved plans: kept for an approval, expired once they fit no more, or still the same.

The CLI and the daemon both do it here. A saved plan waits as long as the very same steps would be taken.
Once approved, a later apply takes them; when what they rest on has moved, the plan expires and the new one
has to be approved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.engine.engine import Engine
from reconciler.engine.results import Applied
from reconciler.errors import PlanError, StalePlanError
from reconciler.model.plan import Plan
from reconciler.store.database.session import Actor
from reconciler.store.work import plans
from reconciler.store.work.plans import SavedPlan
from reconciler.store.work.watch import WaitingPlan, waiting_plans


@dataclass(frozen=True, slots=True)
class Kept:
    """The plan that waits after an apply, if any: its number, what is in it, whether it was saved just now.

    `expired` are plans of the same actor that waited and fit no longer.
    """

    plan: Plan | None = None
    number: int | None = None
    is_new: bool = False
    expired: tuple[WaitingPlan, ...] = ()


def keep_waiting(engine: Engine, applied: Applied, revision: int | None, *, whole: bool = True) -> Kept:
    """Save what waits for an approval, once, and let what was saved before and fits no longer expire.

    `whole`: the apply was about everything; one about a selection says nothing of what else waits.
    """
    waits = replace(applied.left, steps=applied.withheld, blocked=(), settled=(), applied=())
    plan = waits or None
    with engine.store.transaction(Actor(engine.actor, "approvals", "maintenance")) as tx:
        expired = tuple(
            waiting
            for waiting in waiting_plans(tx, engine.actor)
            if whole and (plan is None or waiting.hash != plan.hash())
        )
        for waiting in expired:
            plans.set_status(tx, waiting.id, "expired")
        if plan is None:
            return Kept(expired=expired)
        number = plans.waiting_plan(tx, plan.hash())
        is_new = number is None
        if number is None:
            number, _ = plans.save_plan(tx, plan, engine.actor, "saved", revision_id=revision)
        return Kept(plan, number, is_new, expired)


def still_good(saved: SavedPlan, what: str) -> None:
    """Raises PlanError where a plan had its time. `what` was to be done with it."""
    if saved.status != "saved":
        why = {"applied": "it was applied already", "failed": "it was applied, and some of it failed"}
        said = why.get(saved.status, f"it is {saved.status}")
        raise PlanError(f"plan {saved.id} cannot be {what}: {said}", hint="plan again")


def same_as_saved(saved: SavedPlan, plan: Plan) -> None:
    """Raises StalePlanError, before anything is changed, where what a saved plan rests on moved since.

    A step's hash covers its manifest and its resource's version; what other manifests say is no matter.
    """
    now = {step.hash() for step in plan.steps}
    moved = sorted(str(address) for address, found in saved.steps.items() if found not in now)
    if moved:
        raise StalePlanError(
            f"plan {saved.id} is out of date; nothing was changed: other than saved is {', '.join(moved)}",
            hint="what it rests on has changed since: plan again",
        )

"""The planner's promises asked of each plan, where that is wanted, before any of it is done."""

from __future__ import annotations

from reconciler.errors import BrokenPlanError
from reconciler.model.plan import Plan
from reconciler.planner import PlanInput
from reconciler.planner.check import check

_NAMED = 3  # broken promises that the error names; the rest are counted


def refuse_broken(plan: Plan, given: PlanInput) -> None:
    """Raises BrokenPlanError where the plan does not keep what the planner promises."""
    broken = check(plan, given)
    if not broken:
        return
    more = len(broken) - _NAMED
    words = [str(each) for each in broken[:_NAMED]] + ([f"and {more} more"] if more > 0 else [])
    raise BrokenPlanError(
        f"this plan is not what a plan must be, and nothing of it was done: {'; '.join(words)}",
        hint="this is a fault of reconciler, or of a driver, whatever the manifests say: please report it",
    )

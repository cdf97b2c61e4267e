"""A check of plans: whether one keeps what the planner promises. Pure, and apart from every decision.

Every plan that a test makes is checked; in the field `--check-plans` has the engine check each before any of
it is done. A promise that is broken is a fault of the planner, whatever the manifests say.
"""

from __future__ import annotations

from reconciler.model.plan import Plan
from reconciler.planner.inputs import PlanInput
from reconciler.planner.promises import destroying, ground, order, reporting
from reconciler.planner.promises.promise import Broken, Promise

PROMISES: tuple[Promise, ...] = (
    ground.can_be_seen,
    ground.is_known,
    ground.is_not_in_quarantine,
    ground.is_not_at_work,
    ground.is_not_held,
    ground.has_waited,
    ground.drift_is_left,
    ground.rests_on_its_row,
    ground.fits_what_is_there,
    ground.is_not_elsewhere,
    ground.is_selected,
    destroying.guards_hold,
    destroying.removals_are_allowed,
    destroying.is_wanted_or_not,
    destroying.heirs_get_theirs,
    destroying.replacements_are_allowed,
    destroying.objects_stay,
    destroying.downtime_is_allowed,
    destroying.adoption_is_named,
    destroying.data_needs_consent,
    destroying.masses_wait,
    destroying.losses_are_said,
    destroying.nothing_shrinks,
    order.steps_are_single,
    order.required_comes_first,
    order.needed_is_there,
    order.nothing_used_is_deleted,
    order.values_are_free,
    order.nothing_is_built_on_what_waits,
    reporting.requests_are_calls,
    reporting.blocked_is_not_done,
    reporting.blocked_says_why,
    reporting.impact_is_the_worst,
    reporting.calls_fit_the_action,
    reporting.follows_are_known,
    reporting.agreed_is_settled,
    reporting.corrections_are_said,
    reporting.hash_covers_all,
    reporting.inventory_is_in_order,
)


def check(plan: Plan, given: PlanInput) -> tuple[Broken, ...]:
    """Every promise that the plan does not keep; none, as it should be."""
    return tuple(broken for kept in PROMISES for broken in kept(plan, given))


__all__ = ["PROMISES", "Broken", "Promise", "check"]

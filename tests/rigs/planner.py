"""Short words for what the planner is given, and for what it decides; and the planner itself, checked.

A test makes its plans with this `make_plan`: it keeps the planner's promises, or the test fails.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.model.address import Address
from reconciler.model.failure import Failure
from reconciler.model.plan import Action, BlockReason, Plan
from reconciler.model.resource import Desired, Lifecycle, ReplacePolicy
from reconciler.planner import PlanInput, plan
from reconciler.planner.check import check
from tests.rigs.core import want

ALLOWED = Lifecycle(replace=ReplacePolicy.ALLOWED)
GUARDED = Lifecycle(prevent_destroy=True, replace=ReplacePolicy.ALLOWED)


def make_plan(given: PlanInput) -> Plan:
    """The plan, which keeps every promise."""
    made = plan.make_plan(given)  # noqa: TID251 - here it is
    broken = check(made, given)
    assert not broken, "\n".join(map(str, broken))
    return made


def vm(name: str = "web", **more: Any) -> Desired:
    return want(f"vm/{name}", **({"server_type": "cx22", "image": "debian-12"} | more))


def network(name: str = "net", **more: Any) -> Desired:
    return want(f"network/{name}", **({"ip_range": "10.0.0.0/16"} | more))


def failing(
    item: Desired, action: Action, until: datetime | None, message: str = "no capacity"
) -> dict[Address, tuple[Failure, ...]]:
    """That an action on it failed for what it is wanted to be; `until=None`: it is parked for good."""
    return {item.address: (Failure(action, item.hash(), until, message),)}


def did(plan: Plan) -> dict[str, Action]:
    return {str(step.address): step.action for step in plan.steps}


def blocked(plan: Plan) -> dict[str, BlockReason]:
    return {str(item.address): item.reason for item in plan.blocked}


def only(plan: Plan) -> BlockReason:
    """The one reason for which a plan has no step."""
    assert plan.steps == ()
    (item,) = plan.blocked
    assert item.message, "whatever is parked says why"
    return item.reason

"""How much one plan may destroy before a person has to approve of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.plan import Action, Step
from reconciler.planner.inputs import PlanInput


def approvals_of_the_whole(steps: tuple[Step, ...], given: PlanInput) -> Iterator[str]:
    """Why the plan as a whole waits for an approval, in words; nothing where it does not."""
    destroyed = sum(1 for step in steps if step.action in (Action.DELETE, Action.REPLACE))
    limits = given.limits
    if destroyed > limits.destroy:
        yield f"{destroyed} resources would be destroyed or replaced; the limit is {limits.destroy}"
    elif given.managed >= limits.share_from and destroyed > limits.share * given.managed:
        share = f"{limits.share:.0%}"
        yield f"{destroyed} of {given.managed} resources would be destroyed or replaced; the limit is {share}"

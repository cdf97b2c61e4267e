"""Who may let what happen: which steps of a plan run now, and which wait for a person.

An approval is bound to hashes: of a whole plan, or of its steps. What an approval does not cover waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.plan import Action, Plan, Step
from reconciler.store.plans import Approval


@dataclass(frozen=True, slots=True)
class Permit:
    """What the one who applies has agreed to.

    `exactly`: these steps, by hash, and no others (a plan that was shown, or saved and named). They may
    include what needs an approval: it was seen. Without it, everything that needs none. `later`: the work of
    the steps that were shown to follow them.
    """

    exactly: frozenset[str] | None = None
    later: frozenset[str] = frozenset()

    @classmethod
    def for_plan(cls, plan: Plan) -> Permit:
        """For a plan that a person has seen and agreed to."""
        return cls(
            frozenset(step.hash() for step in plan.steps), frozenset(step.work() for step in plan.follows)
        )


def permitted(
    plan: Plan, permit: Permit, approvals: Iterable[Approval]
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that may run now, and those that wait for an approval.

    A plan that waits as a whole does so for what it destroys: one approval of all of that lets it go on,
    whatever harmless has come along since.
    """
    if permit.exactly is not None:
        shown = [step for step in plan.steps if step.hash() in permit.exactly or step.work() in permit.later]
        return tuple(shown), ()
    given = tuple(approvals)
    approved = {step for approval in given for step in approval.steps}
    destroying = {step.hash() for step in plan.steps if step.action in (Action.DELETE, Action.REPLACE)}
    if plan.approvals and not any(destroying <= approval.steps for approval in given):
        return (), plan.steps
    held = {step.address for step in plan.steps if step.approvals and step.hash() not in approved}
    _spread(plan, held)
    return (
        tuple(step for step in plan.steps if step.address not in held),
        tuple(step for step in plan.steps if step.address in held),
    )


def used(plan: Plan, steps: Iterable[Step], approvals: Iterable[Approval]) -> tuple[int, ...]:
    """The saved plans whose approval is used up by running these steps: an approval is good once."""
    needed = {step.hash() for step in steps if step.approvals or plan.approvals}
    return tuple(approval.plan_id for approval in approvals if needed & approval.steps)


def _spread(plan: Plan, held: set[Address]) -> None:
    """What needs a step that waits, waits too. Steps come in order, so one pass is enough."""
    for step in plan.steps:
        if held.intersection(step.requires):
            held.add(step.address)

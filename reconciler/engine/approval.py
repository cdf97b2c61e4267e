"""Who may let what happen: which steps of a plan run now, and which wait for a person.

An approval is bound to hashes: of a whole plan, or of its steps. What an approval does not cover waits. And
nothing is destroyed that was not in the plan that was shown, however an apply's later plans come to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.model.address import Address
from reconciler.model.diff import PartAction
from reconciler.model.inventory import InventoryStep
from reconciler.model.plan import Action, Plan, Step
from reconciler.store.work.plans import Approval, SavedPlan

Destruction = tuple[Address, Action]
"""What is destroyed, and by which action: a root, or a part of one that holds data."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What the one who applies has agreed to.

    `exactly`: these steps, by hash, and no others (a plan that was shown, or saved and named). They may
    include what needs an approval: it was seen. Without it, everything that needs none. `later`: the work of
    the steps that were shown to follow them.
    `listed`: all that the shown plan destroys; None where the first plan of the run is the one that counts.
    `inventory`: with `exactly`, what may change of the inventory, by hash.
    """

    exactly: frozenset[str] | None = None
    later: frozenset[str] = frozenset()
    listed: frozenset[Destruction] | None = None
    inventory: frozenset[str] = frozenset()

    @classmethod
    def for_plan(cls, plan: Plan) -> Permit:
        """For a plan that a person has seen and agreed to."""
        steps = frozenset(step.hash() for step in plan.steps)
        later = frozenset(step.work() for step in plan.follows)
        return cls(steps, later, destruction(plan), frozenset(step.hash() for step in plan.inventory))

    @classmethod
    def for_saved(cls, saved: SavedPlan) -> Permit:
        """For a plan that was saved, and is applied by its number."""
        return cls(frozenset(saved.steps.values()), saved.later, inventory=saved.inventory)

    @classmethod
    def shown(cls, plan: Plan) -> Permit:
        """For whatever needs no approval, where this plan was shown."""
        return cls(listed=destruction(plan))

    def after(self, plan: Plan) -> Permit:
        """The same for the plans that follow this one: they destroy nothing that it did not list."""
        return self if self.listed is not None else replace(self, listed=destruction(plan))


def destruction(plan: Plan) -> frozenset[Destruction]:
    """Everything that the steps of a plan destroy, and those that it shows to follow."""
    return frozenset(each for step in (*plan.steps, *plan.follows) for each in _destroyed(step))


def _destroyed(step: Step) -> frozenset[Destruction]:
    if step.action in (Action.DELETE, Action.REPLACE):
        return frozenset({(step.address, step.action)})
    lost = (part for part in step.parts if part.action is PartAction.DELETE and part.holds_data)
    return frozenset((part.address, Action.DELETE) for part in lost)


def permitted(
    plan: Plan, permit: Permit, approvals: Iterable[Approval]
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that may run now, and those that wait for an approval. Any others no shown plan has listed.

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
    stopped = set(held)
    if permit.listed is not None:
        stopped |= {step.address for step in plan.steps if not _destroyed(step) <= permit.listed}
        _spread(plan, stopped)
    return (
        tuple(step for step in plan.steps if step.address not in stopped),
        tuple(step for step in plan.steps if step.address in held),
    )


def permitted_inventory(
    waiting: Iterable[InventoryStep], permit: Permit, approvals: Iterable[Approval]
) -> tuple[InventoryStep, ...]:
    """Which of the inventory's steps that need an approval have one."""
    given = permit.inventory.union(*(approval.steps for approval in approvals))
    return tuple(step for step in waiting if step.hash() in given)


def used(plan: Plan, steps: Iterable[Step], approvals: Iterable[Approval]) -> tuple[int, ...]:
    """The saved plans whose approval is used up by running these steps: an approval is good once."""
    needed = {step.hash() for step in steps if step.approvals or plan.approvals}
    return tuple(approval.plan_id for approval in approvals if needed & approval.steps)


def _spread(plan: Plan, held: set[Address]) -> None:
    """What needs a step that waits, waits too. Steps come in order, so one pass is enough."""
    for step in plan.steps:
        if held.intersection(step.requires):
            held.add(step.address)

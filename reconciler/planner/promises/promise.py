"""What a promise is, and how a broken one is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps

from reconciler.model.address import Address
from reconciler.model.plan import Action, Plan, Step
from reconciler.model.resource import Desired, Lifecycle, Recorded
from reconciler.planner.inputs import PlanInput

REMOVES = frozenset({Action.DELETE, Action.FORGET})
MAKES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT})
"""What needs the things that its manifest refers to."""

DESTROYS = frozenset({Action.DELETE, Action.REPLACE})
CHANGES = frozenset({Action.UPDATE, Action.ADOPT})
"""What leaves the object, and may change it."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that a plan does not keep, in its words; `address=None`: as a whole. `what` is wrong."""

    promise: str
    address: Address | None
    what: str

    def __str__(self) -> str:
        whom = f"{self.address}: " if self.address else ""
        return f"{whom}{self.what} (promised: {self.promise})"


Found = tuple[Address | None, str]
Promise = Callable[[Plan, PlanInput], Iterator[Broken]]


def promise(words: str) -> Callable[[Callable[[Plan, PlanInput], Iterator[Found]]], Promise]:
    """Makes a promise, in these words, of a function that finds where it is broken."""

    def of(finds: Callable[[Plan, PlanInput], Iterator[Found]]) -> Promise:
        @wraps(finds)
        def kept(plan: Plan, given: PlanInput) -> Iterator[Broken]:
            return (Broken(words, address, what) for address, what in finds(plan, given))

        return kept

    return of


def sides(plan: Plan, given: PlanInput) -> Iterator[tuple[Step, Desired | None, Recorded | None]]:
    """Every step, those that follow too, with what is wanted and the row that it rests on."""
    gone = {row.address: row for row in given.removed}
    for step in (*plan.steps, *plan.follows):
        there = given.recorded.get(step.address)
        if step.action in REMOVES:
            there = gone.get(step.address, there)
        elif step.action is Action.ADOPT and (there is None or there.external_id is None):
            there = given.strangers.get(step.address, there)
        yield step, given.desired.get(step.address), there


def lifecycle_of(desired: Desired | None, there: Recorded | None) -> Lifecycle:
    """What counts: the manifest's word, and its last one where it is gone, as it is recorded."""
    item = desired or there
    return item.lifecycle if item is not None else Lifecycle()

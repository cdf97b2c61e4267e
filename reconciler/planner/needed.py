"""What a selection chooses, and with it what a chosen resource needs and is not there: that comes along.

What exists already is left as it is, whatever else differs of it, and what is excluded stays out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.address import Address
from reconciler.model.plan import Action, Step
from reconciler.planner.block import Decision
from reconciler.planner.decide import decide
from reconciler.planner.inputs import PlanInput
from reconciler.planner.order import is_there
from reconciler.planner.references import references


def decide_wanted(given: PlanInput) -> tuple[dict[Address, Decision], dict[Address, Address]]:
    """The decisions for what manifests want; and what came along, each with who needs it."""
    chosen = [
        a
        for a, item in given.desired.items()
        if a not in given.elsewhere and given.selection.covers(a, item.endpoint, given.tags_of(item))
    ]
    left = deque(sorted(chosen))
    known = set(chosen)
    decisions: dict[Address, Decision] = {}
    along: dict[Address, Address] = {}
    while left:
        address = left.popleft()
        desired = given.desired[address]
        decision = decide(desired, given.recorded.get(address), given)
        decisions[address] = decision
        if decision.step is None or not given.selection.targets:
            continue
        for need in sorted(references(desired, given.catalog) - known):
            if _comes_along(need, given):
                known.add(need)
                along[need] = address
                left.append(need)
    return dict(sorted(decisions.items())), along


def _comes_along(need: Address, given: PlanInput) -> bool:
    item = given.desired.get(need)
    return (
        item is not None
        and need not in given.elsewhere
        and not is_there(need, given)
        and not given.selection.rules_out(need, item.endpoint, given.tags_of(item))
    )


def still_needed(
    steps: Mapping[Address, Step],
    along: Mapping[Address, Address],
    given: PlanInput,
    waiting: Iterable[Address] = (),
) -> dict[Address, Step]:
    """The steps without those that came along for something that is not done after all.

    `waiting`: what is done once something that it needs is taken over; without that it would wait for ever.
    """
    needed = set(steps.keys() - along.keys())
    left = [address for address in (*needed, *waiting) if address in given.desired]
    while left:
        for need in references(given.desired[left.pop()], given.catalog):
            if need in steps and need not in needed:
                needed.add(need)
                left.append(need)
    return {address: step for address, step in steps.items() if address in needed}


def notes(steps: Mapping[Address, Step], along: Mapping[Address, Address]) -> Iterator[str]:
    """Of each that came along and has a step: who needs it, and what it lacks until then."""
    for address, user in sorted(along.items()):
        if address in steps:
            lacks = "is not ours yet" if steps[address].action is Action.ADOPT else "does not exist yet"
            yield f"{address} is not selected, but {user} needs it and it {lacks}: it comes along"

"""Putting a plan together: a decision for each candidate, then order, then the limits on the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model.address import Address
from reconciler.model.plan import Action, Blocked, Plan, Step
from reconciler.planner.creation import since_creation
from reconciler.planner.decide import decide_removed
from reconciler.planner.inputs import PlanInput
from reconciler.planner.mass_limit import approvals_of_the_whole
from reconciler.planner.needed import decide_wanted, notes
from reconciler.planner.order import ordered
from reconciler.planner.possible import what_is_possible


def make_plan(given: PlanInput) -> Plan:
    """The plan for these inputs: equal inputs give an equal plan. Raises PlanError for a cycle."""
    steps: dict[Address, Step] = {}
    blocked: list[Blocked] = []
    settled: list[tuple[Address, bytes]] = []
    applied: list[tuple[Address, bytes]] = []
    otherwise: list[str] = []
    decisions, along = decide_wanted(given)
    for address, decision in decisions.items():
        desired = given.desired[address]
        blocked += decision.blocked
        if decision.step is not None:
            steps[address] = decision.step
        if decision.step is None or decision.step.action is Action.UPDATE:
            said = since_creation(desired, given.recorded.get(address), given)
            otherwise += said
            if decision.settled:
                # What is to be said again has to be found again.
                (applied if said else settled).append((address, desired.hash()))
    for recorded in sorted(given.removed, key=lambda item: item.address):
        if recorded.address in given.elsewhere:
            continue
        if not given.selection.covers(recorded.address, recorded.endpoint, recorded.tags):
            continue
        decision = decide_removed(recorded, given)
        blocked += decision.blocked
        if decision.step is not None:
            steps[recorded.address] = decision.step
    possible = what_is_possible(steps, blocked, along, given)
    parts = possible.parts
    in_order = ordered(parts.steps, given, possible.frees)
    return Plan(
        steps=in_order,
        blocked=(*blocked, *possible.blocked, *parts.blocked),
        warnings=(
            *_warnings(given),
            *_losses((*in_order, *parts.follows), given),
            *notes(parts.steps, along),
            *parts.notes,
        ),
        approvals=tuple(approvals_of_the_whole(in_order, given)),
        requests=dict(_requests(in_order)),
        settled=tuple(settled),
        follows=tuple(parts.follows),
        applied=tuple(applied),
        since_creation=tuple(otherwise),
        revision=given.revision,
    )


def _requests(steps: tuple[Step, ...]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for step in steps:
        if step.requests:
            counted[step.endpoint] += step.requests
    return counted


def _warnings(given: PlanInput) -> Iterator[str]:
    yield from (view.withheld for _, view in sorted(given.endpoints.items()) if view.withheld)
    yield from given.expiring
    for address, why in given.restored:
        yield f"{address}: {why}; it is set back"
    for address, recorded in sorted(given.recorded.items()):
        if address in given.elsewhere:
            continue
        desired = given.desired.get(address)
        named = {part.address: part for part in (desired, *desired.parts)} if desired else {}
        for item in (recorded, *recorded.parts):
            wanted = named.get(item.address)
            # What a manifest names is compared, whether it is in force or waits.
            left = item.pending - (wanted.attributes.keys() if wanted else set())
            if left:
                names = ", ".join(sorted(left))
                yield f"{item.address}: {names} was changed elsewhere and takes effect at the next restart"


def _losses(steps: tuple[Step, ...], given: PlanInput) -> Iterator[str]:
    for step in steps:
        if step.action is Action.REPLACE and given.catalog.resource_types[step.address.type].holds_data:
            yield f"{step.address}: what is stored on it is lost when it is replaced"
        for call in step.calls:
            yield from (f"{step.address}: {words}" for words in (*call.destroys, *call.unchecked))

"""Putting a plan together: a decision for each candidate, then order, then the limits on the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model.address import Address
from reconciler.model.plan import Action, Blocked, Plan, Step
from reconciler.planner.decide import decide_removed
from reconciler.planner.in_use import without_users
from reconciler.planner.inputs import PlanInput
from reconciler.planner.needed import decide_wanted, notes, still_needed
from reconciler.planner.order import ordered, without_adoption, without_dependency


def make_plan(given: PlanInput) -> Plan:
    """The plan for these inputs: equal inputs give an equal plan. Raises PlanError for a cycle."""
    steps: dict[Address, Step] = {}
    blocked: list[Blocked] = []
    settled: list[tuple[Address, bytes]] = []
    decisions, along = decide_wanted(given)
    for address, decision in decisions.items():
        blocked += decision.blocked
        if decision.step is not None:
            steps[address] = decision.step
        elif decision.settled:
            settled.append((address, given.desired[address].hash()))
    for recorded in sorted(given.removed, key=lambda item: item.address):
        if not given.selection.covers(recorded.address, recorded.endpoint, recorded.tags):
            continue
        decision = decide_removed(recorded, given)
        blocked += decision.blocked
        if decision.step is not None:
            steps[recorded.address] = decision.step
    steps, later = without_adoption(steps, given)
    steps, waiting = without_dependency(steps, given)
    waiting += later
    if along:
        steps = still_needed(steps, along, given, [item.address for item in later])
    steps, used = without_users(steps, [*blocked, *waiting], given)
    in_order = ordered(steps, given)
    return Plan(
        steps=in_order,
        blocked=(*blocked, *waiting, *used),
        warnings=(*_warnings(given), *_losses(in_order, given), *notes(steps, along)),
        approvals=tuple(_approvals(in_order, given)),
        requests=dict(_requests(in_order)),
        settled=tuple(settled),
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
    for address, recorded in sorted(given.recorded.items()):
        if recorded.pending:
            names = ", ".join(sorted(recorded.pending))
            yield f"{address}: {names} changed and takes effect at the next restart"


def _losses(steps: tuple[Step, ...], given: PlanInput) -> Iterator[str]:
    for step in steps:
        if step.action is Action.REPLACE and given.catalog.resource_types[step.address.type].holds_data:
            yield f"{step.address}: what is stored on it is lost when it is replaced"


def _approvals(steps: tuple[Step, ...], given: PlanInput) -> Iterator[str]:
    destroyed = sum(1 for step in steps if step.action in (Action.DELETE, Action.REPLACE))
    limits = given.limits
    if destroyed > limits.destroy:
        yield f"{destroyed} resources would be destroyed or replaced; the limit is {limits.destroy}"
    elif given.managed >= limits.share_from and destroyed > limits.share * given.managed:
        share = f"{limits.share:.0%}"
        yield f"{destroyed} of {given.managed} resources would be destroyed or replaced; the limit is {share}"

"""Which steps wait for which, and what a missing dependency blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.plan import Action, Blocked, Hindrance, Step
from reconciler.model.resource import Desired, Management
from reconciler.planner.inputs import PlanInput
from reconciler.planner.references import references

_REMOVES = (Action.DELETE, Action.FORGET)


def without_dependency(
    steps: Mapping[Address, Step], given: PlanInput
) -> tuple[dict[Address, Step], list[Blocked]]:
    """Drop steps that need something which neither exists nor is about to, and so on up the chain."""
    left = dict(steps)
    blocked: list[Blocked] = []
    needs = {
        a: references(given.desired[a], given.catalog) for a, s in left.items() if s.action not in _REMOVES
    }
    while True:
        hindered = {
            address: sorted(need for need in needs[address] if not _available(need, left, given))
            for address in left
            if address in needs
        }
        hindered = {address: missing for address, missing in hindered.items() if missing}
        if not hindered:
            return left, blocked
        for address, missing in sorted(hindered.items()):
            names = ", ".join(map(str, missing))
            hint = "it follows by itself when they exist"
            message = f"needs {names}, which {'does' if len(missing) == 1 else 'do'} not exist yet"
            blocked.append(Blocked(address, left.pop(address).action, Hindrance.DEPENDENCY, message, hint))


def _available(address: Address, steps: Mapping[Address, Step], given: PlanInput) -> bool:
    if address in steps:
        return steps[address].action not in _REMOVES
    recorded = given.recorded.get(address)
    return recorded is not None and recorded.exists and recorded.management is Management.MANAGED


def ordered(steps: Mapping[Address, Step], given: PlanInput) -> tuple[Step, ...]:
    """The steps with their `requires`, in an order that respects them. Raises PlanError naming a cycle."""
    requires = {address: set(_requires(address, step, steps, given)) for address, step in steps.items()}
    for target, users in _users(steps, given).items():
        if steps[target].action not in _REMOVES:
            continue
        for user in users:
            requires[target].add(user)
            requires[user].discard(target)
    sorter = TopologicalSorter({a: sorted(requires[a]) for a in sorted(requires)})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        raise cycle(error.args[1]) from None
    return tuple(replace(steps[a], requires=tuple(sorted(requires[a]))) for a in order)


def _requires(
    address: Address, step: Step, steps: Mapping[Address, Step], given: PlanInput
) -> Iterable[Address]:
    if step.action in _REMOVES:
        return ()
    needs = references(given.desired[address], given.catalog)
    return (need for need in needs if need in steps)


def _users(steps: Mapping[Address, Step], given: PlanInput) -> dict[Address, list[Address]]:
    """For each address in the plan, those in the plan that use it as recorded: they let go of it first."""
    removed = {item.address: item for item in given.removed}
    users: dict[Address, list[Address]] = {}
    for address, step in steps.items():
        recorded = removed.get(address) if step.action in _REMOVES else given.recorded.get(address)
        if recorded is not None:
            for target in references(recorded, given.catalog):
                if target in steps:
                    users.setdefault(target, []).append(address)
    return users


def cycle(nodes: Iterable[Address]) -> PlanError:
    """The error for a circle of references, with every name in it."""
    names = " → ".join(str(node) for node in nodes)
    return PlanError(f"references form a cycle: {names}", hint="remove one of these references or depends_on")


def check_cycles(desired: Iterable[Desired], needs: Mapping[Address, Iterable[Address]]) -> None:
    """Raise PlanError if the desired resources' references form a cycle."""
    graph = {item.address: sorted(needs.get(item.address, ())) for item in desired}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise cycle(error.args[1]) from None

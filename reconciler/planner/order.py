"""Which steps wait for which, and what a missing dependency blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.catalog import Family
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.model.resource import Management, Presence, Recorded
from reconciler.planner.inputs import PlanInput
from reconciler.planner.references import attribute_references, references

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
    dependants: dict[Address, list[Address]] = {}
    for address, needed in needs.items():
        for need in needed:
            dependants.setdefault(need, []).append(address)
    doubtful = set(needs)
    while doubtful:
        held_up = {
            address: missing
            for address in sorted(doubtful & left.keys())
            if (missing := sorted(need for need in needs[address] if not _available(need, left, given)))
        }
        for address, missing in held_up.items():
            action = left.pop(address).action
            blocked.append(Blocked(address, action, BlockReason.DEPENDENCY, *_missing(missing, given)))
        doubtful = {each for address in held_up for each in dependants.get(address, ())}
    return left, blocked


def without_adoption(
    steps: Mapping[Address, Step], given: PlanInput
) -> tuple[dict[Address, Step], list[Blocked]]:
    """Hold back changes of what refers to an object that is only being taken over.

    Under which address that object was known before, if under any, shows when it has been taken over; until
    then the change may be none at all, and letting go of its old name may be impossible.
    """
    left = dict(steps)
    blocked: list[Blocked] = []
    for address, step in sorted(steps.items()):
        if step.action not in (Action.UPDATE, Action.REPLACE):
            continue
        needs = references(given.desired[address], given.catalog)
        adopted = [need for need in sorted(needs) if need in steps and steps[need].action is Action.ADOPT]
        if adopted:
            del left[address]
            message = f"needs {_names(adopted)}, which must be taken over first"
            hint = "what is left of it then follows by itself"
            blocked.append(Blocked(address, step.action, BlockReason.DEPENDENCY, message, hint))
    return left, blocked


def _missing(needs: list[Address], given: PlanInput) -> tuple[str, str]:
    """The message and the hint for what cannot be built on."""
    doubtful = [need for need in needs if _quarantined(need, given)]
    unseen = [need for need in needs if need not in doubtful and _in_doubt(need, given)]
    absent = [need for need in needs if need not in {*doubtful, *unseen}]
    words = [
        (doubtful, "is in quarantine", "are in quarantine"),
        (unseen, "may exist and was not seen", "may exist and were not seen"),
        (absent, "does not exist yet", "do not exist yet"),
    ]
    message = "needs " + " and ".join(
        f"{_names(which)}, which {one if len(which) == 1 else many}" for which, one, many in words if which
    )
    out = [need for need in needs if _ruled_out(need, given)]
    if doubtful:
        return message, f"see at {_names(doubtful)} what ends the quarantine; it follows by itself then"
    if others := sorted({given.elsewhere[need] or "" for need in absent if need in given.elsewhere} - {""}):
        return message, f"this run is not about {', '.join(others)}: apply that first, or all with --all"
    if not out:
        return message, "it follows by itself when they exist"
    return (
        f"{message}; {_names(out)} {'is' if len(out) == 1 else 'are'} excluded",
        f"do not exclude {_names(out)}",
    )


def _names(addresses: Iterable[Address]) -> str:
    return ", ".join(map(str, addresses))


def _quarantined(address: Address, given: PlanInput) -> bool:
    recorded = given.recorded.get(address)
    return recorded is not None and recorded.management is Management.QUARANTINED


def _in_doubt(address: Address, given: PlanInput) -> bool:
    recorded = given.recorded.get(address)
    return recorded is not None and recorded.presence is Presence.UNKNOWN


def _ruled_out(address: Address, given: PlanInput) -> bool:
    item = given.desired.get(address)
    return item is not None and given.selection.rules_out(address, item.endpoint, given.tags_of(item))


def _available(address: Address, steps: Mapping[Address, Step], given: PlanInput) -> bool:
    if address in steps:
        return steps[address].action not in _REMOVES
    return is_there(address, given)


def is_there(address: Address, given: PlanInput) -> bool:
    """Whether something can be built on it as it is."""
    recorded = given.recorded.get(address)
    return recorded is not None and recorded.exists and recorded.management is Management.MANAGED


def ordered(
    steps: Mapping[Address, Step], given: PlanInput, frees: Mapping[Address, Collection[Address]]
) -> tuple[Step, ...]:
    """The steps with their `requires`, in an order that respects them. Raises PlanError naming a cycle.

    `frees`: those that give up what a step wants to have, where that closes no circle.
    """
    requires = {address: set(_requires(address, step, steps, given)) for address, step in steps.items()}
    using = _users(steps, given)
    _users_before_removals(using, requires, steps, given)
    _release_before_replacing(using, requires, steps, given)
    for address, whom in sorted(frees.items()):
        for other in sorted(whom):
            if address in steps and other in steps and not _reaches(other, address, requires):
                requires[address].add(other)
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


def _users(steps: Mapping[Address, Step], given: PlanInput) -> dict[Address, list[Recorded]]:
    """For each address in the plan, those in the plan that use it as recorded: they let go of it first."""
    removed = {item.address: item for item in given.removed}
    users: dict[Address, list[Recorded]] = {}
    for address, step in steps.items():
        recorded = removed.get(address) if step.action in _REMOVES else given.recorded.get(address)
        if recorded is None and step.action is Action.ADOPT:
            recorded = given.strangers.get(address)
        if recorded is not None:
            for target in references(recorded, given.catalog):
                if target in steps:
                    users.setdefault(target, []).append(recorded)
    return users


def _users_before_removals(
    using: Mapping[Address, list[Recorded]],
    requires: Mapping[Address, set[Address]],
    steps: Mapping[Address, Step],
    given: PlanInput,
) -> None:
    """What is removed waits for those that use it. Where that closes a circle, the weakest tie gives way.

    Manifests' references make none, but what somebody hung up by hand follows no manifest.
    """
    removals = [target for target in sorted(using) if steps[target].action in _REMOVES]
    pairs = [
        (_weakness(user, target, given), user.address, target)
        for target in removals
        for user in using[target]
    ]
    for weakness, user, target in sorted(pairs):
        if not weakness:
            requires[target].add(user)
            requires[user].discard(target)
        elif not _reaches(user, target, requires):
            requires[target].add(user)


def _weakness(user: Recorded, target: Address, given: PlanInput) -> int:
    """How soon a tie gives way.

    0: the provider refuses to remove what is so used. 1: a manifest's word on the order. 2: what hangs on a
    machine and comes loose with it.
    """
    machine = given.catalog.resource_types[target.type].family is Family.MACHINE
    attributes = (
        address for part in (user, *user.parts) for _, address in attribute_references(part, given.catalog)
    )
    if not machine and any(address.root == target for address in attributes):
        return 0
    return 1 if target in {address.root for address in user.depends_on} else 2


def _release_before_replacing(
    using: Mapping[Address, list[Recorded]],
    requires: Mapping[Address, set[Address]],
    steps: Mapping[Address, Step],
    given: PlanInput,
) -> None:
    """What is replaced waits for those that use it no more, where that closes no circle."""
    for target, users in sorted(using.items()):
        if steps[target].action is not Action.REPLACE:
            continue
        for user in (each.address for each in users):
            desired = given.desired.get(user)
            stays = desired is not None and target in references(desired, given.catalog)
            if not stays and not _reaches(user, target, requires):
                requires[target].add(user)


def _reaches(start: Address, end: Address, requires: Mapping[Address, set[Address]]) -> bool:
    """Whether a step has to wait, however indirectly, for another."""
    seen: set[Address] = set()
    left = [start]
    while left:
        here = left.pop()
        if here == end:
            return True
        if here not in seen:
            seen.add(here)
            left += requires[here]
    return False


def cycle(nodes: Iterable[Address]) -> PlanError:
    """The error for a circle of references, with every name in it."""
    names = " → ".join(str(node) for node in nodes)
    return PlanError(f"references form a cycle: {names}", hint="remove one of these references or depends_on")

"""A range of addresses is not taken away from those that are in it: they move first, or it stays.

A part that is a range (a subnet) is used by whatever refers to its root with an address inside. Where all of
these leave in the plan, the part goes in the wave after them; else the plan names who keeps it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import PlanError
from reconciler.model.address import Address
from reconciler.model.diff import Diff, PartAction, PartChange
from reconciler.model.plan import Action, Blocked, BlockReason, Step
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Format
from reconciler.planner.downtime import worst
from reconciler.planner.inputs import PlanInput
from reconciler.planner.references import attribute_references

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAMED = 3  # users that a message names; the rest are counted


@dataclass(slots=True)
class UsedParts:
    """`follows` are the steps that a later wave of the same apply takes, each with its words for people.

    `blocked` are the removals that are left out, `refused` what cannot be done at all.
    """

    steps: dict[Address, Step]
    blocked: list[Blocked]
    refused: list[Blocked]
    follows: list[Step]
    notes: list[str]


def without_used_parts(steps: Mapping[Address, Step], given: PlanInput) -> UsedParts:
    """The steps without the removal of parts that something still uses when they are taken."""
    found = UsedParts(dict(steps), [], [], [], [])
    for address, step in sorted(steps.items()):
        if step.action is Action.UPDATE and address in given.desired:
            _one(found, step, steps, given)
    return found


def _one(found: UsedParts, step: Step, steps: Mapping[Address, Step], given: PlanInput) -> None:
    recorded, desired = given.recorded[step.address], given.desired[step.address]
    ranges = {part.address: _range(part, given) for part in recorded.parts}
    used = {
        change.address: users
        for change in step.parts
        if change.action is PartAction.DELETE
        and (space := ranges.get(change.address)) is not None
        and (users := [*_users(step.address, space, given)])
    }
    if not used:
        return
    rest = [change for change in step.parts if change.address not in used]
    if clash := _clash(rest, desired, [ranges[part] for part in used], given):
        found.refused.append(_clashing(step, clash, used))
        del found.steps[step.address]
        return
    staying: list[Address] = []
    for part, users in sorted(used.items()):
        space = ranges[part]
        stay = [user for user in users if space is not None and not _leaves(user, space, steps, given)]
        if stay:
            found.blocked.append(_kept(step, part, space, stay))
            staying.append(part)
        else:
            names = _names([user.address for user in users])
            found.notes.append(f"{step.address}: {space} goes once {names} left it, in the same apply")
    later = [change for change in step.parts if change.address in used and change.address not in staying]
    _split(found, step, rest, later, desired, recorded, given)


def _split(
    found: UsedParts,
    step: Step,
    rest: Sequence[PartChange],
    later: Sequence[PartChange],
    desired: Desired,
    recorded: Recorded,
    given: PlanInput,
) -> None:
    """The step with what can be done now, if anything, and what follows in a step of its own."""
    now = Diff(step.address, step.changes, tuple(rest), step.tags)
    then = Diff(step.address, (), tuple(later), ())
    try:
        calls = given.lower(Action.UPDATE, step.endpoint, desired, recorded, now) if now else ()
        after = given.lower(Action.UPDATE, step.endpoint, desired, recorded, then) if then else ()
    except PlanError as error:
        blocked = Blocked(step.address, step.action, BlockReason.UNSUPPORTED, error.message, error.hint or "")
        found.refused.append(blocked)
        del found.steps[step.address]
        return
    if now:
        found.steps[step.address] = replace(
            step, calls=calls, parts=tuple(rest), impact=worst(calls), partial=True
        )
    else:
        del found.steps[step.address]
    if then:
        found.follows.append(
            replace(step, calls=after, changes=(), parts=tuple(later), tags=(), impact=worst(after))
        )


def _range(part: Desired | Recorded, given: PlanInput) -> _Network | None:
    rules = given.catalog.attributes(part.type, part.provider_type)
    for name in given.catalog.resource_types[part.type].key_attributes:
        if name in rules and rules[name].definition.format is Format.CIDR and name in part.attributes:
            return ipaddress.ip_network(str(part.attributes[name]))
    return None


def _inside(item: Desired | Recorded, root: Address, space: _Network, given: PlanInput) -> bool:
    """Whether a part of it refers to the root with an address in that range."""
    for part in item.parts:
        if root not in {address.root for _, address in attribute_references(part, given.catalog)}:
            continue
        rules = given.catalog.attributes(part.type, part.provider_type)
        for name, value in part.attributes.items():
            if name not in rules or rules[name].definition.format is not Format.IP:
                continue
            values = value if isinstance(value, tuple) else (value,)
            if any(ipaddress.ip_address(str(each)) in space for each in values):
                return True
    return False


def _users(root: Address, space: _Network, given: PlanInput) -> Iterator[Recorded]:
    everything = {item.id: item for item in (*given.users, *given.recorded.values(), *given.removed)}
    for item in sorted(everything.values(), key=lambda each: (each.address, each.id)):
        if item.exists and _inside(item, root, space, given):
            yield item


def _leaves(user: Recorded, space: _Network, steps: Mapping[Address, Step], given: PlanInput) -> bool:
    step = steps.get(user.address)
    if step is None or step.resource != user.uid:
        return False
    if step.action is Action.DELETE:
        return True
    if step.action not in (Action.UPDATE, Action.REPLACE) or not step.parts:
        return False
    return not any(_inside(given.desired[user.address], root, space, given) for root in _roots(user, given))


def _roots(user: Recorded, given: PlanInput) -> set[Address]:
    return {address.root for part in user.parts for _, address in attribute_references(part, given.catalog)}


def _clash(
    rest: Sequence[PartChange], desired: Desired, gone: Sequence[_Network | None], given: PlanInput
) -> _Network | None:
    """A new range that overlaps one which cannot go before it comes."""
    made = {change.address for change in rest if change.action is PartAction.CREATE}
    for part in desired.parts:
        space = _range(part, given) if part.address in made else None
        if space is not None and any(old is not None and space.overlaps(old) for old in gone):
            return space
    return None


def _names(addresses: Sequence[Address]) -> str:
    names = [str(address) for address in addresses[:_NAMED]]
    more = len(addresses) - len(names)
    text = ", ".join(names) + (f" and {more} more" if more else "")
    return f"{text} {'has' if len(addresses) == 1 else 'have'}"


def _kept(step: Step, part: Address, space: _Network | None, users: Sequence[Recorded]) -> Blocked:
    message = f"{part.type} {space} cannot go: {_names([user.address for user in users])} an address in it"
    hint = "give them addresses in another one, in the same apply if you like"
    return Blocked(step.address, step.action, BlockReason.IN_USE, message, hint)


def _clashing(step: Step, space: _Network, used: Mapping[Address, Sequence[Recorded]]) -> Blocked:
    users = sorted({user.address for each in used.values() for user in each})
    message = f"{space} overlaps what it shall replace, where {_names(users)} an address"
    hint = "move them to a range that overlaps neither first, and apply that"
    return Blocked(step.address, step.action, BlockReason.IN_USE, message, hint)

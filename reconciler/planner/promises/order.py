"""Order: nothing before what it needs, nothing removed that is used, no value taken that somebody keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from reconciler.model.address import Address
from reconciler.model.catalog import Family
from reconciler.model.diff import PartAction
from reconciler.model.plan import Action, Blocked, BlockReason, Plan, Step
from reconciler.model.resource import Desired, Management, Recorded
from reconciler.model.values import encode
from reconciler.planner.inputs import PlanInput
from reconciler.planner.promises.promise import MAKES, REMOVES, Found, promise, sides
from reconciler.planner.references import attribute_references, references, roots_in


@promise("a resource has one step, and so has an object")
def steps_are_single(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks property 4 as far as a plan can: a resource has one open operation.

    Broken: two steps that may run side by side are at work on one object.
    """
    for steps in (plan.steps, plan.follows):
        addresses: set[Address] = set()
        rows: set[UUID] = set()
        for step in steps:
            if step.address in addresses:
                yield step.address, "has more than one step"
            elif step.resource in rows:
                yield step.address, "has a step for an object that another step is for"
            addresses.add(step.address)
            if step.resource is not None:
                rows.add(step.resource)


@promise("what a step requires comes before it")
def required_comes_first(plan: Plan, _: PlanInput) -> Iterator[Found]:
    """Checks the order that a *plan* has in docs/glossary.md, which is the one that people read.

    Broken: a step waits for a later one; or for one that the plan has not, which counts as met.
    """
    done: set[Address] = set()
    for step in plan.steps:
        for need in step.requires:
            if need not in done:
                yield step.address, f"requires {need}, which no earlier step is for"
        done.add(step.address)


@promise("what a step needs is there and ours, or is made or taken over before it")
def needed_is_there(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 33: a reference to what is not there can be known to fail.

    Broken: a call is sent for which there is no id to fill in, or before the id is known.
    """
    steps = {step.address: step for step in plan.steps}
    for step in plan.steps:
        desired = given.desired.get(step.address)
        if desired is None or step.action not in MAKES:
            continue
        for need in references(desired, given.catalog):
            if need in steps:
                if steps[need].action in REMOVES:
                    yield step.address, f"needs {need}, which the plan removes"
                elif need not in step.requires:
                    yield step.address, f"needs {need}, and does not wait for it"
            elif not _is_there(given.recorded.get(need)):
                yield step.address, f"needs {need}, which neither is there nor is made"


def _is_there(row: Recorded | None) -> bool:
    return row is not None and row.exists and row.management is Management.MANAGED


@promise("what is deleted is used by nothing that stays, and goes after those that let go")
def nothing_used_is_deleted(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 33; docs/debugging.md has it as `in_use`.

    What hangs on a machine comes loose with it, so of machines it is not asked.
    Broken: the provider refuses the deletion, or something that stays loses what it uses.
    """
    deleted = {step.address: step for step in plan.steps if step.action is Action.DELETE}
    machines = {a for a in deleted if given.catalog.resource_types[a.type].family is Family.MACHINE}
    if not deleted.keys() - machines:
        return
    own = {step.resource: step for step in plan.steps if step.resource is not None}
    everything = {row.id: row for row in (*given.users, *given.recorded.values(), *given.removed)}
    for row in everything.values():
        if not row.exists:
            continue
        for target, uses in _uses(row, given).items():
            if target not in deleted or target in machines:
                continue
            step = own.get(row.uid)
            if step is None or not all(_lets_go(step, part, name, target, given) for part, name in uses):
                yield target, f"delete, and {row.address} still uses it"
            elif step.address not in deleted[target].requires:
                yield target, f"delete, and it does not wait until {row.address} let go"


def _uses(row: Recorded, given: PlanInput) -> dict[Address, list[tuple[Address | None, str]]]:
    found: dict[Address, list[tuple[Address | None, str]]] = {}
    for part in (row, *row.parts):
        rules = given.catalog.attributes(part.type, part.provider_type)
        for name, address in attribute_references(part, given.catalog):
            if rules[name].compared and address.root != row.address:
                found.setdefault(address.root, []).append((None if part is row else part.address, name))
    return found


def _lets_go(step: Step, part: Address | None, name: str, target: Address, given: PlanInput) -> bool:
    if step.action in REMOVES:
        return step.action is Action.DELETE
    if step.action is Action.REPLACE:
        return target not in references(given.desired[step.address], given.catalog)
    changes = step.changes
    if part is not None:
        mine = [change for change in step.parts if change.address == part]
        if any(change.action is PartAction.DELETE for change in mine):
            return True
        changes = tuple(change for each in mine for change in each.changes)
    changed = [change for change in changes if change.name == name]
    return bool(changed) and target not in roots_in(changed[0].after)


_Key = tuple[str, str, str, str, str]
"""Endpoint, type, attribute, the value that it is unique within, and the value."""


@promise("no value is taken that another object has and keeps, and who gives one up goes first")
def values_are_free(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks property 33, of names and addresses that collide.

    Broken: a call is refused because of another object, after something was stopped or given up for it.
    """
    steps = {step.address: step for step in plan.steps}
    wanted = {step.address: _taken(step, given) for step in plan.steps if step.action in MAKES}
    keys = {key for found in wanted.values() for key in found}
    if not keys:
        return
    holders: dict[_Key, list[Recorded]] = {}
    for row in (*given.holders, *given.removed, *given.recorded.values()):
        if row.exists:
            for key in keys.intersection(_values(row, given)):
                holders.setdefault(key, []).append(row)
    for address, found in wanted.items():
        for key in found:
            for holder in holders.get(key, ()):
                if holder.address == address or _is_object(steps[address], holder):
                    continue
                its = steps.get(holder.address)
                what = f"a {key[2]} that {holder.address} has"
                if its is None or its.resource != holder.uid or not _gives_up(its, key, given):
                    yield address, f"takes {what} and keeps"
                elif not _waits(steps, address, its.address) and not _waits(steps, its.address, address):
                    yield address, f"takes {what}, and does not wait until it is given up"


def _values(item: Desired | Recorded, given: PlanInput) -> dict[_Key, Address]:
    """The unique values of a resource and its parts, each with where it stands."""
    found: dict[_Key, Address] = {}
    for part in (item, *item.parts):
        for name, rule in given.catalog.attributes(part.type, part.provider_type).items():
            value = part.attributes.get(name)
            if rule.unique and value is not None:
                within = str(part.attributes.get(rule.unique_within)) if rule.unique_within else ""
                found[item.endpoint, part.type, name, within, encode(value)] = part.address
    return found


def _taken(step: Step, given: PlanInput) -> set[_Key]:
    """The unique values that a step gives its object and that it has not."""
    desired, row = given.desired.get(step.address), given.recorded.get(step.address)
    if desired is None:
        return set()
    has = _values(row, given) if row is not None and row.exists else {}
    found = {key: part for key, part in _values(desired, given).items() if key not in has}
    if step.action is Action.ADOPT:
        return {key for key, part in found.items() if _touches(step, part, key[2])}
    return set(found)


def _gives_up(step: Step, key: _Key, given: PlanInput) -> bool:
    if step.action is Action.DELETE:
        return True
    desired, row = given.desired.get(step.address), given.recorded.get(step.address)
    if desired is None or row is None or key in _values(desired, given):
        return False
    touched = step.action is Action.UPDATE and _touches(step, _values(row, given)[key], key[2])
    return step.action is Action.REPLACE or touched


def _touches(step: Step, where: Address, name: str) -> bool:
    if where == step.address:
        return any(change.name == name for change in step.changes)
    return any(
        part.address == where
        and (part.action is not PartAction.UPDATE or any(change.name == name for change in part.changes))
        for part in step.parts
    )


def _is_object(step: Step, row: Recorded) -> bool:
    """Whether a row is of the very object that the step takes over."""
    mine = (step.endpoint, step.address.type, step.adopt)
    return step.adopt is not None and (row.endpoint, row.type, row.external_id) == mine


def _waits(steps: Mapping[Address, Step], start: Address, end: Address) -> bool:
    seen, left = set[Address](), [start]
    while left:
        here = left.pop()
        if here == end:
            return True
        if here in steps and here not in seen:
            seen.add(here)
            left += steps[here].requires
    return False


@promise("nothing is built on what waits, nor changed to need what cannot be as it should")
def nothing_is_built_on_what_waits(plan: Plan, given: PlanInput) -> Iterator[Found]:
    """Checks properties 23 and 33: what needs a failure is held up by it.

    What exists can be built on as it is. So it is, unless it is tried again by itself.
    Broken: a step comes before what it needs is as it shall be, and fails or is done twice.
    """
    steps = {step.address for step in (*plan.steps, *plan.follows)}
    stuck = {item.address: item for item in plan.blocked if item.address not in steps}
    if not stuck:
        return
    waiting = _waiting(stuck, given)
    for step, desired, _ in sides(plan, given):
        if desired is None or step.action not in MAKES:
            continue
        for need in references(desired, given.catalog) & stuck.keys():
            why = stuck[need]
            if need in waiting:
                yield step.address, f"{step.action}, and {need} waits: {why.message}"
            elif _is_in_the_way(why, given) and need in _newly_needed(step, desired, given):
                yield step.address, f"is changed to need {need}, which is left as it is: {why.message}"


def _is_in_the_way(item: Blocked, given: PlanInput) -> bool:
    """Whether what is left as it is may lack what somebody needs of it. Not where it only keeps too much."""
    if item.reason in (BlockReason.HELD, BlockReason.REPORT_ONLY):
        return False
    desired, row = given.desired.get(item.address), given.recorded.get(item.address)
    if item.reason is not BlockReason.IN_USE or desired is None or row is None:
        return True
    return bool({part.address for part in desired.parts} - {part.address for part in row.parts})


def _waiting(stuck: Mapping[Address, Blocked], given: PlanInput) -> set[Address]:
    """What is tried again by itself, and what waits for it in turn."""
    users: dict[Address, list[Address]] = {}
    waiting: set[Address] = set()
    for address, item in stuck.items():
        parked = any(f.parked and f.action is item.action for f in given.failures.get(address, ()))
        if item.reason in (BlockReason.BACK_OFF, BlockReason.BUSY) and not parked:
            waiting.add(address)
        elif item.reason is BlockReason.DEPENDENCY and address in given.desired:
            needs = references(given.desired[address], given.catalog)
            if all(_is_there(given.recorded.get(need)) for need in needs):  # else that is why
                for need in needs:
                    users.setdefault(need, []).append(address)
    left = list(waiting)
    while left:
        more = set(users.get(left.pop(), ())) - waiting
        waiting |= more
        left += more
    return waiting


def _newly_needed(step: Step, desired: Desired, given: PlanInput) -> set[Address]:
    """What an object that is there is changed to refer to."""
    if step.action is not Action.UPDATE:
        return set()
    found = {root for change in step.changes for root in roots_in(change.after)}
    changed = {part.address for part in step.parts if part.action is not PartAction.DELETE}
    for part in desired.parts:
        if part.address in changed:
            found.update(address.root for _, address in attribute_references(part, given.catalog))
    return found

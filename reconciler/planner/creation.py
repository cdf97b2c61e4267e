"""What was given at creation and is wanted otherwise now: it changes nothing, and that has to be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.diff import creation
from reconciler.errors import PlanError
from reconciler.model.catalog import Family, Mutability
from reconciler.model.plan import Action, Call
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Value
from reconciler.planner.inputs import PlanInput


def since_creation(desired: Desired, recorded: Recorded | None, given: PlanInput) -> tuple[str, ...]:
    """One sentence for each such attribute of a resource that we made ourselves, and of its parts."""
    made = given.created.get(desired.address)
    if made is None or recorded is None or not recorded.exists:
        return ()
    machine = given.catalog.resource_types[desired.type].family is Family.MACHINE
    what = "an existing machine" if machine else "an existing object"
    hint = "replace it, or name it in lifecycle.ignore_changes"
    return tuple(
        f"{item.address}: {name} differs since creation; has no effect on {what} ({hint})"
        for item, name in _changed(desired, made, recorded, given)
    )


def _changed(
    desired: Desired, made: Desired, recorded: Recorded, given: PlanInput
) -> Iterator[tuple[Desired, str]]:
    before = {part.address: part for part in made.parts}
    there = {part.address for part in recorded.parts}
    pairs = [(desired, made)]
    pairs += [(part, before[part.address]) for part in desired.parts if part.address in before.keys() & there]
    for item, old in pairs:
        rules = given.catalog.attributes(item.type, item.provider_type)
        for name, value in sorted(item.attributes.items()):
            ignored = name in desired.lifecycle.ignore_changes
            if ignored or name not in rules or rules[name].mutability is not Mutability.CREATE_ONLY:
                continue
            if value != old.attributes.get(name) and _is_sent(desired, item, name, old.attributes, given):
                yield item, name


def _is_sent(desired: Desired, item: Desired, name: str, old: Mapping[str, Value], given: PlanInput) -> bool:
    """Whether a creation would be another with the old value: not every word is one to the provider."""
    attributes = {each: value for each, value in item.attributes.items() if each != name}
    if name in old:
        attributes[name] = old[name]
    changed = replace(item, attributes=attributes)
    if item is desired:
        other = changed
    else:
        parts = tuple(changed if part is item else part for part in desired.parts)
        other = replace(desired, parts=parts)
    return _contents(desired, given) != _contents(other, given)


def _contents(desired: Desired, given: PlanInput) -> list[str] | None:
    found = creation(desired, given.catalog)
    try:
        calls: tuple[Call, ...] = given.lower(Action.CREATE, desired.endpoint, desired, None, found)
    except PlanError:
        return None
    return [call.content() for call in calls]

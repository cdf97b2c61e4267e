"""Where drift is only reported: what of a difference the manifest made, and what moved by itself."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.catalog import Catalog
from reconciler.model.diff import AttributeChange, Diff, PartAction, PartChange, Reason
from reconciler.model.resource import Desired, Recorded
from reconciler.model.values import Attributes


def without_drift(found: Diff) -> tuple[Diff, Diff]:
    """The difference in two: what the manifest changed, and what drifted."""
    parts = [_divided(part) for part in found.parts]
    made = Diff(
        found.address,
        tuple(each for each in found.changes if each.reason is not Reason.DRIFT),
        tuple(part for part, _ in parts if part is not None),
        tuple(tag for tag in found.tags if tag.reason is not Reason.DRIFT),
    )
    drifted = Diff(
        found.address,
        tuple(each for each in found.changes if each.reason is Reason.DRIFT),
        tuple(part for _, part in parts if part is not None),
        tuple(tag for tag in found.tags if tag.reason is Reason.DRIFT),
    )
    return made, drifted


def _divided(part: PartChange) -> tuple[PartChange | None, PartChange | None]:
    if part.action is not PartAction.UPDATE:
        return (None, part) if part.reason is Reason.DRIFT else (part, None)
    made = tuple(each for each in part.changes if each.reason is not Reason.DRIFT)
    drifted = tuple(each for each in part.changes if each.reason is Reason.DRIFT)
    return (
        replace(part, changes=made) if made else None,
        replace(part, changes=drifted) if drifted else None,
    )


def as_it_is(desired: Desired, recorded: Recorded, left: Diff, catalog: Catalog) -> Desired:
    """What is desired, but with what is left alone as it is: so it is not sent along with something else."""
    if not left:
        return desired
    changed = {part.address: part for part in left.parts}
    there = {part.address: part for part in recorded.parts}
    parts: list[Desired] = []
    for part in desired.parts:
        change = changed.get(part.address)
        if change is None:
            parts.append(part)
        elif change.action is PartAction.UPDATE:
            parts.append(replace(part, attributes=_as_they_are(part.attributes, change.changes)))
    kept = {part.address for part in parts}
    for address, change in changed.items():
        if change.action is PartAction.DELETE and address in there and address not in kept:
            parts.append(_as_desired(there[address], catalog))
    tags = dict(desired.tags)
    for tag in left.tags:
        tags.pop(tag.key, None)
        if tag.before is not None:
            tags[tag.key] = tag.before
    attributes = _as_they_are(desired.attributes, left.changes)
    return replace(desired, attributes=attributes, parts=tuple(parts), tags=tags)


def _as_they_are(wanted: Attributes, left: tuple[AttributeChange, ...]) -> Attributes:
    values = dict(wanted)
    for change in left:
        values.pop(change.name, None)
        if change.before is not None:
            values[change.name] = change.before
    return values


def _as_desired(part: Recorded, catalog: Catalog) -> Desired:
    rules = catalog.attributes(part.type, part.provider_type)
    settable = {name: v for name, v in part.attributes.items() if name in rules and rules[name].settable}
    return Desired(part.address, part.type, part.provider_type, part.endpoint, settable)
